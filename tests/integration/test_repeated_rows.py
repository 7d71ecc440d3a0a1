"""The same id in several rows of one file: the last row counts, and each later one says whose place it takes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Account
from intake.enums import Landing
from intake.models import Import, RowName, Source
from intake.queries import warned_as_csv, warnings_of
from intake.services import imports, run_import, stop_import
from intake.services.drafts import confirm_import, preview_of
from tests.factories import NOW, make_account, make_source, make_token, make_user
from tests.files import bring, draft

pytestmark = pytest.mark.django_db
ACCOUNTS = """account_id,name,region
A1,Acme,
A2,Bolt,emea
A1,Acme Ltd,amer
A3,Cask,
A1,Acme Inc,
A3,Cask,
"""
ANSWER = "nps/A1/-/2026-02-01T09:00:00Z"
FIRST = "Line 4 takes the place of line 2, which is called A1 too."
SECOND = "Line 6 takes the place of line 4, which is called A1 too."
THIRD = "Line 7 takes the place of line 5, which is called A3 too."


@pytest.fixture(autouse=True)
def data_dir(settings: Any, tmp_path: Path) -> Path:
    settings.CX_DATA_DIR = tmp_path
    return tmp_path


@pytest.fixture
def source() -> Source:
    return make_source("crm")


def sentences(of: Import) -> list[str]:
    return [sentence for one in warnings_of(of) if one.is_repeat for sentence in one.values]


@pytest.mark.parametrize("rows", [1, 2, 3, 5000])
def test_each_later_row_says_which_it_replaces(source: Source, monkeypatch: pytest.MonkeyPatch, rows: int) -> None:
    monkeypatch.setattr(imports, "CHUNK_ROWS", rows)
    done = bring(source, ACCOUNTS)
    assert sum(done.counts.values()) == 6 == done.rows_done
    assert done.counts == {"created": 3, "updated": 2, "unchanged": 1}
    assert Account.objects.get(name__startswith="Acme").name == "Acme Inc"
    assert sentences(done) == [FIRST, SECOND, THIRD]
    assert not RowName.objects.exists()


def test_the_preview_says_it_and_keeps_nothing(source: Source) -> None:
    (said,) = preview_of(draft(source, ACCOUNTS)).warnings
    assert (said.column, said.code, said.rows) == ("account_id", "repeated", 3)
    assert list(said.values) == [FIRST, SECOND, THIRD]
    assert not RowName.objects.exists()


def test_the_list_of_warnings_has_a_line_for_each(source: Source) -> None:
    lines = "".join(warned_as_csv(bring(source, ACCOUNTS))).splitlines()[1:]
    assert [line.split(",")[:3] for line in lines] == [[n, "account_id", "repeated"] for n in "467"]


def test_a_row_that_is_not_taken_replaces_nothing(source: Source) -> None:
    done = bring(source, "account_id,name\nA1,\nA1,Acme\nA1,\n")
    assert done.counts == {"rejected": 2, "created": 1}
    assert sentences(done) == []


def test_many_are_counted_and_the_first_shown(source: Source) -> None:
    done = bring(source, "account_id,name\n" + "A1,Acme\n" * 20)
    (said,) = warnings_of(done)
    assert (said.rows, len(said.values), said.more) == (19, 12, 7)


def test_a_stopped_file_leaves_no_names(
    source: Source, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    monkeypatch.setattr(imports, "CHUNK_ROWS", 2)
    made = draft(source, ACCOUNTS)
    confirm_import(import_id=made.id, by=None, now=NOW)
    run_import(made.id, NOW, seconds=0)
    assert RowName.objects.filter(import_id=made.id).count() == 2
    with django_capture_on_commit_callbacks(execute=True):
        stop_import(import_id=made.id, by=None, now=NOW, actor="test")
    assert not RowName.objects.exists()


@pytest.mark.parametrize(
    ("kind", "text", "name"),
    [
        ("contacts", "contact_id,account_id,name\nC1,A1,%s\n", "C1"),
        ("contracts", "contract_id,account_id,starts_on,ends_on\nK1,A1,2026-01-01,%s\n", "K1"),
        ("tickets", "ticket_id,account_id,opened_at,subject\n7,A1,2026-02-01T09:00:00Z,%s\n", "7"),
        ("surveys", "survey,account_id,answered_at,score\nnps,A1,2026-02-01T09:00:00Z,%s\n", ANSWER),
    ],
)
def test_rows_of_every_kind_that_changes(source: Source, kind: str, text: str, name: str) -> None:
    make_account(source=source, external_id="A1")
    first, last = ("7", "9") if kind == "surveys" else ("2026-12-31", "2027-12-31")
    header, row = text.splitlines(keepends=True)
    done = bring(source, header + row % first + row % last, kind)
    assert done.counts == {"created": 1, "updated": 1}
    assert sentences(done) == [f"Line 3 takes the place of line 2, which is called {name} too."]


def test_rows_that_wait_for_their_account_say_it_too(source: Source) -> None:
    done = bring(source, "contact_id,account_id,name\nC1,A9,Ana\nC1,A9,Anna\n", "contacts")
    assert done.counts == {Landing.PARKED: 2}
    assert sentences(done) == ["Line 3 takes the place of line 2, which is called C1 too."]


def test_what_is_only_added_to_replaces_nothing(source: Source) -> None:
    make_account(source=source, external_id="A1")
    line = "A1,2026-02-01,5,USD\n"
    done = bring(source, f"account_id,ordered_on,amount,currency\n{line * 2}", "orders")
    assert (done.counts, sentences(done)) == ({"created": 2}, [])


def test_by_browser_and_by_api(client: Client, source: Source) -> None:
    done = bring(source, ACCOUNTS)
    client.force_login(make_user("otto", role="ops"))
    page = client.get(reverse("import", args=[done.pk])).content.decode()
    waits = client.get(reverse("import", args=[draft(source, ACCOUNTS).pk])).content.decode()
    for text in (page, waits):
        assert FIRST in text
        assert THIRD in text
        assert "3 rows take the place of earlier ones" in text
    _token, token = make_token(source)
    answer = client.get(f"/api/v1/imports/{done.pk}", headers={"Authorization": f"Bearer {token}"})
    (said,) = json.loads(answer.content)["warnings"]
    assert (said["code"], said["rows"], list(said["values"])) == ("repeated", 3, [FIRST, SECOND, THIRD])
    assert answer.json()["warnings_url"]
