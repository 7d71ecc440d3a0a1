"""A column read as a field that others own: refused with words, by every door."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.models import Account, FieldPolicy
from accounts.rules.projection import PEOPLE
from core.enums import Role
from intake.enums import Scope
from intake.models import Import, Source
from intake.rules.mapping import Use
from intake.services import ImportRefused, run_import, start_import
from intake.services.drafts import change_draft, confirm_import, draft_import, preview_of
from intake.services.reading import columns_of
from tests.factories import NOW, make_organisation, make_source, make_token, make_user

pytestmark = pytest.mark.django_db
FILE = b"account_id,name,arr_usd,tier\nA1,One,1200,Gold\n"


@pytest.fixture(autouse=True)
def data_dir(settings: Any, tmp_path: Path) -> None:
    settings.CX_DATA_DIR = tmp_path
    make_organisation(reporting_currency="USD")


@pytest.fixture
def billing() -> Source:
    return make_source("billing")


def rule(**sources: list[Any]) -> None:
    """Publish who is believed: field → sources, in order."""
    rules = {
        name.replace("__", "."): {"sources": [str(getattr(one, "pk", one)) for one in listed]}
        for name, listed in sources.items()
    }
    newest = FieldPolicy.objects.order_by("-version").first()
    version = newest.version + 1 if newest else 1
    FieldPolicy.objects.create(
        version=version, rules=rules, why="test", published_by=make_user(f"lead{version}"), published_at=NOW
    )


def send(source: Source, content: bytes = FILE, mapping: dict[str, Any] | None = None) -> Import:
    made = start_import(
        file=[content], filename="x.csv", kind="accounts", source=source, by=None, now=NOW, mapping=mapping
    )
    return run_import(made.id, NOW)


def test_by_file_with_and_without_a_mapping(source: Source, billing: Source) -> None:
    rule(arr=[billing, PEOPLE])
    for mapping in ({}, {"arr_usd": {"to": "arr", "unit": "usd"}}):
        with pytest.raises(ImportRefused) as refused:
            send(source, mapping=mapping)
        words = str(refused.value)
        for part in ("“arr_usd”", "House", "filled by Billing, else what is typed here", "Leave that out"):
            assert part in words
        assert refused.value.field == "mapping"
    assert not Account.objects.exists()
    assert send(source, mapping={"arr_usd": ""}).counts == {"created": 1}
    assert Account.objects.get().arr_amount is None
    assert send(billing, mapping={"arr_usd": {"to": "arr", "unit": "usd"}}).counts == {"created": 1}


@pytest.mark.parametrize(
    ("rules", "taken"),
    [
        ({"arr": ["billing"]}, False),
        ({"arr": ["billing", "house"]}, True),
        ({"arr": [PEOPLE]}, True),
        ({"name": ["billing"]}, True),
        ({"tier": ["billing"]}, False),
        ({"region": ["billing"]}, True),
    ],
    ids=["an owner", "a fall-back may", "people first", "what every record needs", "another field", "not in the file"],
)
def test_who_may_fill_a_field(rules: dict[str, list[str]], taken: bool, source: Source, billing: Source) -> None:
    known = {"billing": billing, "house": source, PEOPLE: PEOPLE}
    rule(**{field: [known[one] for one in listed] for field, listed in rules.items()})
    try:
        send(source)
    except ImportRefused:
        assert not taken
    else:
        assert taken


def test_families_of_fields_and_forecasts(source: Source, billing: Source) -> None:
    rule(people=[billing], fields=[billing], forecast=[billing])
    for column in ("csm", "subscription_id", "fields.plan"):
        with pytest.raises(ImportRefused, match="“X”"):
            send(source, b"account_id,name,X\nA1,One,one\n", {"X": column})
    content = b"account_id,contract_id,starts_on,ends_on,forecast\nA1,K1,2026-01-01,2026-12-31,commit\n"
    with pytest.raises(ImportRefused, match="“forecast”"):
        start_import(file=[content], filename="k.csv", kind="contracts", source=source, by=None, now=NOW)


def test_a_draft_says_it_and_a_saved_mapping_does_not_pass(source: Source, billing: Source) -> None:
    terms: dict[str, Any] = {
        "file": [FILE], "filename": "x.csv", "kind": "accounts", "source": source, "by": None, "now": NOW,
    }  # fmt: skip
    first = draft_import(**terms)
    confirm_import(import_id=first.id, by=None, now=NOW)
    run_import(first.id, NOW)
    waiting = draft_import(**terms)
    rule(arr=[billing])
    with pytest.raises(ImportRefused, match="filled by Billing"):
        confirm_import(import_id=waiting.id, by=None, now=NOW)
    with pytest.raises(ImportRefused, match="filled by Billing"):
        start_import(**terms)
    made = draft_import(**terms)
    assert "filled by Billing" in preview_of(made).refused
    uses = {guess.name: guess.use for guess in columns_of(made)} | {"arr_usd": Use()}
    change_draft(import_id=made.id, kind="accounts", uses=uses, now=NOW)
    confirm_import(import_id=made.id, by=None, now=NOW)
    assert run_import(made.id, NOW).counts == {"unchanged": 1}
    assert send(source).status == "done", "left out as last time"


def test_in_the_browser_by_api_and_by_command(source: Source, billing: Source, tmp_path: Path) -> None:
    rule(arr=[billing])
    client = Client()
    client.force_login(make_user("ops", role=Role.OPS))
    sent = client.post("/imports/", {"file": SimpleUploadedFile("a.csv", FILE), "source": str(source.pk)})
    page = client.get(sent["Location"]).content.decode()
    assert "filled by Billing" in page
    assert 'href="/policies/fields/"' in page
    assert "Import 1 row" not in page
    refused = client.post(f"{sent['Location']}confirm/")
    assert (refused.status_code, "filled by Billing" in refused.content.decode()) == (422, True)
    token = make_token(source, Scope.ACCOUNTS_WRITE)[1]
    form = {
        "file": SimpleUploadedFile("a.csv", FILE), "kind": "accounts", "mapping": json.dumps({"arr_usd": "arr"}),
    }  # fmt: skip
    answer = Client().post("/api/v1/imports", form, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "mapping"
    assert "filled by Billing" in answer.json()["detail"]
    file = tmp_path / "a.csv"
    file.write_bytes(FILE)
    with pytest.raises(CommandError, match="filled by Billing"):
        call_command("import_file", file, f"--source={source.slug}", "--wait", stdout=io.StringIO())


def test_new_rules_say_which_saved_mappings_they_refuse(source: Source, billing: Source) -> None:
    made = draft_import(file=[FILE], filename="x.csv", kind="accounts", source=source, by=None, now=NOW)
    confirm_import(import_id=made.id, by=None, now=NOW)
    client = Client()
    client.force_login(make_user("ops", role=Role.OPS))
    form = {"seen": "0", "why": "", "do": "try", "arr-0": str(billing.pk)}
    page = client.post("/policies/fields/", form).content.decode()
    assert "would be refused." in page
    assert "“arr_usd”" in page
    page = client.post("/policies/fields/", form | {"arr-1": str(source.pk)}).content.decode()
    assert "would be refused." not in page
