"""Imports by API: confirmed, stopped and taken back by the source that sent them; what was left out is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import Account
from core.models import Act
from cx_ops.pipeline import advance_all
from intake.enums import Scope
from intake.models import FieldPrivacy, Import, Source
from intake.services import imports, run_import, run_waiting_imports
from intake.services.drafts import confirm_import, draft_import
from intake.services.kinds import file_kinds, find
from intake.services.undoing import undo_import
from tests.conftest import ApiClient
from tests.factories import NOW, make_organisation, make_source, make_token, make_user
from tests.floor import signed_in
from tests.integration.test_undo_of_every_kind import BASE, FILES

pytestmark = pytest.mark.django_db
ACCOUNTS = "account_id,name,tier,csm\nA1,Acme,gold,kim@example.com\nA2,Bolt,silver,tom@example.com\nA3,,gold,\n"
OTHER = "account_id,name,tier\nA1,Acme,iron\n"


@pytest.fixture(autouse=True)
def data_dir(settings: Any, tmp_path: Path) -> None:
    settings.CX_DATA_DIR = tmp_path
    make_organisation(reporting_currency="USD", catch_all=make_user("omar", role="manager"))


def send(api: ApiClient, text: str, *, kind: str = "accounts", run: bool = True, **fields: Any) -> str:
    form = {"file": SimpleUploadedFile("crm.csv", text.encode()), "kind": kind} | fields
    answer = api.post("/api/v1/imports", form, headers={"Authorization": f"Bearer {api.token}"})
    assert answer.status_code == 202, answer.content
    if run:
        run_waiting_imports(NOW)
    return f"/api/v1/imports/{answer.json()['id']}"


def take_back(api: ApiClient, url: str) -> dict[str, Any]:
    """Have it undone, and wait for the worker; the report."""
    asked = api.send(f"{url}/undo", None)
    assert (asked.status_code, asked["Location"], asked.json()["status"]) == (202, url, "undoing")
    run_waiting_imports(NOW)
    report: dict[str, Any] = api.read(url).json()
    return report


def test_what_was_left_out_is_told_by_column_and_reason(api: ApiClient) -> None:
    url = send(api, ACCOUNTS)
    told = api.read(url).json()
    assert told["counts"] == {"created": 2, "rejected": 1}
    [warned] = told["warnings"]
    assert (warned["column"], warned["code"], warned["rows"]) == ("csm", "unknown_person", 2)
    assert warned["values"] == {"kim@example.com": 1, "tom@example.com": 1}
    assert told["warnings_url"] == f"{url}/warnings"
    answer = api.read(told["warnings_url"])
    assert answer["Content-Type"].startswith("text/csv")
    lines = b"".join(answer.streaming_content).decode().splitlines()
    assert [line.split(",")[:3] for line in lines[1:]] == [
        ["2", "csm", "unknown_person"],
        ["3", "csm", "unknown_person"],
    ]
    [listed] = api.read("/api/v1/imports").json()["results"]
    assert listed["warnings_url"] == told["warnings_url"]
    clean = api.read(send(api, OTHER)).json()
    assert (clean["warnings"], clean["warnings_url"], clean["undone"]) == ([], None, None)


def test_an_import_is_taken_back_once(api: ApiClient) -> None:
    url = send(api, ACCOUNTS)
    undone = take_back(api, url)
    assert undone["status"] == "undone"
    assert undone["undone"] == {"rows": 2, "restored": 4, "removed": 2, "waits": "", "kept": 0, "kept_values": []}
    assert not Account.objects.filter(archived_at=None).exists()
    assert Act.objects.get(verb="undone", subject_type="import").actor == "source house"

    again = api.send(f"{url}/undo", None)
    assert (again.status_code, again.json()) == (200, undone)
    assert Act.objects.filter(verb="undone").count() == 1


def test_what_something_later_wrote_is_kept_and_named(api: ApiClient) -> None:
    url = send(api, ACCOUNTS)
    send(api, OTHER)
    undone = take_back(api, url)["undone"]
    assert undone["kept"] == 1
    assert undone["kept_values"] == [{"external_id": "A1", "field": "tier", "before": "gold", "after": "iron"}]


def test_what_may_not_leave_is_in_no_answer_to_a_token(api: ApiClient) -> None:
    url = send(api, ACCOUNTS)
    send(api, OTHER)
    FieldPrivacy.objects.create(field="accounts.tier", privacy="internal", may_leave=False, roles=[])
    draft = api.read(send(api, OTHER.replace("iron", "bronze"), preview="true", run=False)).json()
    assert [change["before"] for change in draft["preview"]["changes"] if change["field"] == "tier"] == [None]
    [kept] = take_back(api, url)["undone"]["kept_values"]
    assert kept == {"external_id": "A1", "field": "tier", "before": None, "after": None}


@pytest.mark.parametrize(
    ("slug", "scopes", "status"),
    [
        ("house", [Scope.READ, Scope.ACCOUNTS_WRITE], 200),
        ("house", [Scope.READ, Scope.INSIGHTS_WRITE], 403),
        ("house", [Scope.READ], 403),
        ("other", list(Scope), 403),
    ],
)
def test_rows_as_they_came_are_for_who_may_send_them(
    api: ApiClient, source: Source, slug: str, scopes: list[Scope], status: int
) -> None:
    told = api.read(send(api, ACCOUNTS)).json()
    owner = source if slug == source.slug else make_source(slug)
    token = make_token(owner, *scopes)[1]
    for url in (told["errors_url"], told["warnings_url"]):
        assert api.get(url, headers={"Authorization": f"Bearer {token}"}).status_code == status
    FieldPrivacy.objects.create(field="accounts.people", privacy="internal", may_leave=False, roles=[])
    shown = api.get(f"/api/v1/imports/{told['id']}", headers={"Authorization": f"Bearer {token}"}).json()
    assert bool(shown["warnings"][0]["values"]) is (status == 200), "what may not leave is only for who sends it"


def test_a_restricted_field_is_in_no_page_about_a_file_for_who_may_not_see_it(api: ApiClient, source: Source) -> None:
    send(api, ACCOUNTS)
    sender, boss = make_user("olga", role="ops"), make_user("lea", role="leader")
    others = signed_in(make_user("mia", role="manager"))
    FieldPrivacy.objects.create(field="contacts.phone", privacy="restricted", roles=["leader"], may_leave=False)
    head = "contact_id,account_id,name,phone\n"
    send(api, head + "C2,A1,Lea,0555 1234\n", kind="contacts")
    text = head + "C1,A1,,4444\nC2,A1,Lea,0777 99\n"
    made = draft_import(file=[text.encode()], filename="p.csv", kind="contacts", source=source, by=sender, now=NOW)
    page = f"/imports/{made.pk}/"
    shown = {who: signed_in(who).get(page).content.decode() for who in (sender, boss)}
    hidden = others.get(page).content.decode()
    assert "not shown to you" in hidden
    for cell in ("0777", "0555", "4444"):
        assert cell not in hidden
        assert cell in shown[boss]
        assert (cell in shown[sender]) is (cell != "0555"), "what others had said is as closed to who sent the file"
    confirm_import(import_id=made.pk, by=sender, now=NOW)
    run_waiting_imports(NOW)
    assert "4444" not in others.get(page).content.decode()
    assert others.get(f"{page}errors.csv").status_code == 403
    assert others.get(f"{page}warnings.csv").status_code == 403
    rows = signed_in(sender).get(f"{page}errors.csv")
    assert b"4444" in b"".join(rows.streaming_content)  # type: ignore[attr-defined]


@pytest.mark.parametrize("kind", sorted(FILES))
def test_every_kind_is_taken_back_by_its_source(api: ApiClient, source: Source, kind: str) -> None:
    before, text = FILES[kind]
    send(api, BASE)
    if before:
        send(api, before, kind=kind)
    url = send(api, text, kind=kind)
    if kind == "scores":
        early = take_back(api, url)
        assert (early["status"], "still being worked on" in early["undone"]["waits"]) == ("undoing", True)
        advance_all(NOW)
        run_waiting_imports(NOW)
        assert (api.read(url).json()["status"], api.read(url).json()["undone"]["waits"]) == ("undone", "")
        return
    advance_all(NOW)
    assert take_back(api, url)["status"] == "undone"


def test_every_kind_of_file_is_tried() -> None:
    assert {name for name in file_kinds() if find(name).undo} == set(FILES)


def test_an_import_is_stopped_and_its_rows_can_be_taken_back(api: ApiClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imports, "CHUNK_ROWS", 1)
    url = send(api, ACCOUNTS, run=False)
    run_import(Import.objects.get().pk, NOW, seconds=0)
    early = api.send(f"{url}/undo", None)
    assert early.status_code == 409
    assert "stop it first" in early.json()["detail"]

    stopped = api.send(f"{url}/stop", None)
    assert stopped.status_code == 200, stopped.content
    assert (stopped.json()["status"], stopped.json()["progress"]["done"]) == ("stopped", 1)
    assert api.send(f"{url}/stop", None).json() == stopped.json()
    assert run_waiting_imports(NOW) == 0
    assert take_back(api, url)["undone"]["removed"] == 1
    over = api.send(f"{url}/stop", None)
    assert over.status_code == 409
    assert "nothing left to stop" in over.json()["detail"]


def test_a_draft_is_confirmed_or_stopped(api: ApiClient) -> None:
    url = send(api, ACCOUNTS, preview="true", run=False)
    assert api.send(f"{url}/stop", None).json()["status"] == "stopped"
    assert api.send(f"{url}/confirm", None).status_code == 409
    assert api.send(f"{url}/undo", None).status_code == 409, "nothing of it was taken"


def test_the_same_key_gets_the_same_answer(api: ApiClient) -> None:
    url = send(api, ACCOUNTS)
    first = api.send(f"{url}/undo", None, Idempotency_Key="k")
    again = api.send(f"{url}/undo", None, Idempotency_Key="k")
    assert first.json() == again.json()
    assert again["Idempotency-Replayed"] == "true"


@pytest.mark.parametrize("verb", ["undo", "stop", "confirm"])
def test_only_a_token_of_the_source_with_the_kind_s_scope(api: ApiClient, source: Source, verb: str) -> None:
    url = send(api, ACCOUNTS)
    for token, status in (
        (make_token(source, Scope.READ)[1], 403),
        (make_token(source, Scope.INSIGHTS_WRITE)[1], 403),
        (make_token(make_source("vendor"))[1], 403),
        ("", 401),
    ):
        assert ApiClient(token).send(f"{url}/{verb}", None).status_code == status
    assert api.send(f"/api/v1/imports/{uuid4()}/{verb}", None).status_code == 404
    assert Account.objects.count() == 2


def test_one_that_a_person_took_back_is_no_conflict(api: ApiClient) -> None:
    url = send(api, ACCOUNTS)
    undo_import(import_id=Import.objects.get().pk, by=make_user("ops", role="ops"), now=NOW)
    assert api.send(f"{url}/undo", None).json()["undone"]["removed"] == 2
