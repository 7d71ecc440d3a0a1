"""Rows about accounts that have not arrived: parked, taken when they do, taken back with their file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from accounts.models import Account, Activity, Consent, Contact, Contract, LedgerEntry, Link, Parked, Prior, Released
from accounts.services import merge_accounts, split_account
from accounts.services.kinds import ACCOUNTS, ACTIVITIES, CONTACTS, TICKETS
from core.append_only import rewriting
from core.bulk import execute
from core.ids import uuid7
from core.models import DeadLetter, User
from core.stages import MAX_ATTEMPTS
from cx_ops.invariants import broken_invariants
from cx_ops.pipeline import advance_all
from intake.enums import Scope
from intake.models import Import, Record, Source
from intake.services import ImportRefused, imports, run_import, start_import
from intake.services.undoing import undo_import
from tests.factories import NOW, make_account, make_organisation, make_source, make_token, make_user
from tests.floor import signed_in
from tests.integration.test_accounts_bulk import send, statuses
from tests.integration.test_undo_of_every_kind import bring, seen

pytestmark = pytest.mark.django_db
ACCOUNT = "account_id,name,domain\nA1,One,one.example\n"
# Kind → a file about A1, and the table in which its rows end.
FILES: dict[str, tuple[str, type[Any]]] = {
    "contacts": ("account_id,contact_id,name,consent_email\nA1,C1,Cy,granted\nA1,C2,Di,\n", Contact),
    "contracts": (
        "account_id,contract_id,starts_on,ends_on\nA1,K1,2026-01-01,2026-12-31\nA1,K2,2026-01-01,2026-06-30\n",
        Contract,
    ),
    "activities": (
        ("account_id,activity_id,kind,happened_at,summary,value\n"
        "A1,T1,call,2026-02-01T09:00:00Z,Talked,1.5\nA1,T2,note,2026-02-01T10:00:00Z,Noted,\n"),
        Activity,
    ),
    "orders": (
        "account_id,ordered_on,amount,currency,units\nA1,2026-02-01,5,USD,2\nA1,2026-02-01,5,USD,2\n",
        LedgerEntry,
    ),
    "tickets": (
        "account_id,ticket_id,opened_at,subject\nA1,17,2026-02-01T09:00:00Z,Log-in\nA1,18,2026-02-01T09:00:00Z,Invoice\n",
        Activity,
    ),
    "conversations": (
        "account_id,conversation_id,started_at\nA1,21,2026-02-01T09:00:00Z\nA1,22,2026-02-01T09:00:00Z\n",
        Activity,
    ),
    "surveys": (
        "account_id,survey,score,answered_at\nA1,nps,9,2026-02-01T09:00:00Z\nA1,csat,4,2026-02-01T09:00:00Z\n",
        Activity,
    ),
    "revenue": (
        "account_id,movement,happened_on,amount,currency\nA1,new,2026-01-01,10,USD\nA1,churn,2026-02-01,10,USD\n",
        LedgerEntry,
    ),
}  # fmt: skip


@pytest.fixture(autouse=True)
def data_dir(settings: Any, tmp_path: Path) -> None:
    settings.CX_DATA_DIR = tmp_path
    make_organisation(reporting_currency="USD", catch_all=make_user("omar", role="manager"))


@pytest.fixture
def ops() -> User:
    return make_user("ops", role="ops")


def held(table: type[Any]) -> list[dict[str, Any]]:
    """The rows of a table, without what differs when they come later."""
    rows = table._default_manager.order_by("external_id").values()
    return [{name: value for name, value in row.items() if name not in ("id", "recorded_at")} for row in rows]


@pytest.mark.parametrize("kind", sorted(FILES))
def test_parked_then_taken_as_if_the_account_had_been_there(kind: str, source: Source, ops: User) -> None:
    content, table = FILES[kind]
    empty = seen()
    done = bring(source, kind, content)
    assert done.counts == {"parked": 2}
    assert Record.objects.filter(import_id=done.pk).count() == Parked.objects.count() == 2
    assert not table._default_manager.exists()
    accounts = bring(source, "accounts", ACCOUNT)
    assert [one.objects.count() for one in (Parked, Released)] == [0, 0]
    waited = held(table)
    assert len(waited) == 2
    assert Record.objects.filter(import_id=done.pk).count() == 2, "still one record a row"
    assert bring(source, kind, content).counts == {"unchanged": 2}
    assert not any(broken_invariants().values())
    undone = undo_import(import_id=done.pk, by=ops, now=NOW)
    assert undone.kept == []
    assert not table._default_manager.exists()
    assert bring(source, kind, content).counts == {"created": 2}
    assert held(table) == waited, "the same as rows that did not wait"
    undo_import(import_id=Import.objects.filter(kind=kind).latest("id").pk, by=ops, now=NOW)
    undo_import(import_id=accounts.pk, by=ops, now=NOW)
    assert seen() == empty


@pytest.mark.parametrize("kind", sorted(FILES))
def test_what_waits_is_taken_back_with_its_file(kind: str, source: Source, ops: User) -> None:
    content, table = FILES[kind]
    empty = seen()
    done = bring(source, kind, content)
    assert undo_import(import_id=done.pk, by=ops, now=NOW).removed == 2
    assert seen() == empty
    bring(source, "accounts", ACCOUNT)
    assert not table._default_manager.exists()


def test_a_file_is_not_taken_back_while_its_rows_are_on_their_way(source: Source, ops: User) -> None:
    done = bring(source, "tickets", FILES["tickets"][0])
    made = start_import(file=[ACCOUNT.encode()], filename="a.csv", kind="accounts", source=source, by=None, now=NOW)
    run_import(made.id, NOW)
    assert Released.objects.count() == 2
    with pytest.raises(ImportRefused, match="still being worked on"):
        undo_import(import_id=done.pk, by=ops, now=NOW)
    advance_all(NOW)
    assert undo_import(import_id=done.pk, by=ops, now=NOW).removed == 2


def test_the_same_file_waits_once_and_another_word_waits_too(source: Source) -> None:
    content = FILES["tickets"][0]
    for _again in range(3):
        assert bring(source, "tickets", content).counts == {"parked": 2}
    assert Parked.objects.count() == 2
    bring(source, "tickets", content.replace("Invoice", "Invoice paid"))
    assert Parked.objects.count() == 3
    bring(source, "accounts", ACCOUNT)
    assert Activity.objects.get(external_id="ticket/18").summary == "Invoice paid"
    assert Activity.objects.count() == 2


def test_equal_orders_keep_their_numbers_when_the_account_comes_in_between(source: Source) -> None:
    line = "A1,2026-02-01,5,USD\n"
    first = bring(source, "orders", f"account_id,ordered_on,amount,currency\n{line * 2}")
    again = bring(source, "orders", f"account_id,ordered_on,amount,currency\n{line * 3}")
    assert (first.counts, again.counts) == ({"parked": 2}, {"parked": 3})
    bring(source, "accounts", ACCOUNT)
    assert LedgerEntry.objects.count() == 3, "the second file has the first one's two lines, and one more"
    assert bring(source, "orders", f"account_id,ordered_on,amount,currency\n{line * 4}").counts == {
        "unchanged": 3, "created": 1,
    }  # fmt: skip


def long_ago(record_id: UUID) -> None:
    """Let a parked record have come a day earlier: its id tells the time."""
    older = UUID(int=record_id.int - (86_400_000 << 80))
    with rewriting():
        execute("UPDATE intake_record SET id = %s WHERE id = %s", [older, record_id])
        execute("UPDATE accounts_parked SET record_id = %s WHERE record_id = %s", [older, record_id])


def test_rows_that_waited_long_go_where_their_link_goes(source: Source, ops: User) -> None:
    for kind in ("contacts", "tickets", "orders", "contracts"):
        bring(source, kind, FILES[kind][0])
    for parked in Parked.objects.all():
        long_ago(parked.record_id)
    bring(source, "accounts", ACCOUNT)
    bring(make_source("crm"), "accounts", "account_id,name\nZ9,Zenith\n")
    mine, other = Account.objects.order_by("id")
    merge_accounts(survivor_id=other.pk, merged_id=mine.pk, why="one", by=ops, now=NOW)
    link = Link.objects.get(external_id="A1", revoked_at=None)
    parted = split_account(account_id=other.pk, link_ids=[link.pk], why="two", by=ops, now=NOW)
    for rows in (parted.contacts, parted.activities, parted.ledger, parted.contracts):
        assert rows.count() == 2


def test_lines_that_wait_and_lines_that_do_not_are_counted_together(source: Source) -> None:
    line = "A1,2026-02-01,5,USD\n"
    made = start_import(
        file=[f"account_id,ordered_on,amount,currency\n{line * 3}".encode()], filename="o.csv", kind="orders",
        source=source, by=None, now=NOW,
    )  # fmt: skip
    rows, to_come = imports.take_rows, [ACCOUNT]

    def arrives(*args: Any, **options: Any) -> Any:
        """The account comes between the first line and the second."""
        if to_come and Record.objects.filter(kind="orders").exists():
            bring(source, "accounts", to_come.pop())
        return rows(*args, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(imports, "CHUNK_ROWS", 1)
        patch.setattr(imports, "take_rows", arrives)
        done = run_import(made.id, NOW)
    assert done.counts == {"parked": 1, "created": 2}
    advance_all(NOW)
    assert LedgerEntry.objects.count() == 3


def test_by_domain_and_in_another_namespace(source: Source) -> None:
    other = make_source("shop")
    item = {"external_id": "1", "opened_at": "2026-02-01T09:00:00Z"}
    abouts = ({"domain": "www.one.example"}, {"external_id": "A1", "source": "shop"}, {"external_id": "A1"})
    sent = [send(TICKETS, source, item | {"external_id": str(n), "account": ref})[0] for n, ref in enumerate(abouts)]
    assert statuses(sent) == ["parked"] * 3
    send(ACCOUNTS, other, {"external_id": "A1", "name": "One", "domain": "one.example"})
    advance_all(NOW)
    assert sorted(Activity.objects.values_list("external_id", flat=True)) == ["ticket/0", "ticket/1"]
    assert Parked.objects.get().namespace_id == source.pk


@pytest.mark.parametrize(
    ("ref", "field", "words"),
    [
        ({"external_id": "N/A"}, "account", "never will"),
        ({"domain": "gmail.com"}, "account", "its own domain"),
        ({"id": str(uuid7())}, "account", "our id"),
        ({"domain": "both.example"}, "account", "Several accounts"),
        ({"external_id": "A1", "source": "nobody"}, "account.source", "no source"),
    ],
)
def test_what_can_never_arrive_is_refused(ref: dict[str, str], field: str, words: str, source: Source) -> None:
    for name in ("B1", "B2"):
        make_account(external_id=name, source=source, domain="both.example")
    item = {"external_id": "1", "opened_at": "2026-02-01T09:00:00Z", "account": ref}
    [result] = send(TICKETS, source, item)
    assert (result.status.value, result.errors[0].field) == ("rejected", field)
    assert words in result.errors[0].message
    assert not Parked.objects.exists()


def test_contacts_first_since_activities_name_them(source: Source, ops: User) -> None:
    call = {
        "external_id": "T1", "kind": "call", "happened_at": "2026-02-01T09:00:00Z", "summary": "Talked",
        "contact": "C1", "account": {"external_id": "A1"},
    }  # fmt: skip
    person = {"external_id": "C1", "name": "Cy", "account": {"external_id": "A1"}, "consents": {"email": "granted"}}
    assert statuses(send(ACTIVITIES, source, call)) == ["parked"], "its contact may come with the account"
    assert statuses(send(CONTACTS, source, person)) == ["parked"]
    assert not Consent.objects.exists()
    assert statuses(send(ACTIVITIES, source, call | {"external_id": "T2", "by": "nobody"})) == ["rejected"]
    send(ACCOUNTS, source, {"external_id": "A1", "name": "One"})
    advance_all(NOW)
    assert Activity.objects.get().contact == Contact.objects.get()
    assert Consent.objects.get().state == "granted"
    assert not Prior.objects.exists()


def test_a_row_that_cannot_be_taken_then_is_a_dead_letter_and_loses_nobody_else(
    source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.stages.BACK_OFF_SECONDS", 0)
    call = {
        "external_id": "T1", "kind": "call", "happened_at": "2026-02-01T09:00:00Z", "summary": "Talked",
        "account": {"external_id": "A1"},
    }  # fmt: skip
    send(ACTIVITIES, source, call, call | {"external_id": "T2", "contact": "C9"})
    send(ACCOUNTS, source, {"external_id": "A1", "name": "One"})
    for _attempt in range(MAX_ATTEMPTS + 2):
        advance_all(NOW)
    assert Activity.objects.get().external_id == "T1"
    letter = DeadLetter.objects.get()
    assert letter.stage == "admit"
    assert "T2: No contact 'C9' of this source is known: send it first." in letter.error


def test_a_person_who_was_erased_does_not_come_back_by_waiting(source: Source) -> None:
    item = {"external_id": "C1", "name": "Cy", "account": {"external_id": "A1"}}
    [parked] = send(CONTACTS, source, item)
    with rewriting():
        execute("UPDATE intake_record SET payload = '{}', external_id = 'erased' WHERE id = %s", [parked.id])
    send(ACCOUNTS, source, {"external_id": "A1", "name": "One"})
    advance_all(NOW)
    assert [one.objects.count() for one in (Contact, DeadLetter, Released)] == [0, 0, 0]


def test_the_page_says_which_accounts_are_missing(source: Source, ops: User) -> None:
    browser = signed_in(ops)
    assert "Nothing waits" in browser.get("/parked/").content.decode()
    done = bring(source, "tickets", FILES["tickets"][0])
    bring(source, "contacts", "account_domain,contact_id,name\nzenith.example,C1,Cy\n")
    page = browser.get("/parked/").content.decode()
    said = ("2 accounts are missing", "3 records wait", "A1", "an id of House", "tickets", "zenith.example", "a domain")
    for words in said:
        assert words in page
    assert page.index("A1") < page.index("zenith.example"), "what most waits for comes first"
    lines = b"".join(browser.get("/parked/?format=csv").streaming_content).decode().splitlines()  # type: ignore[attr-defined]
    assert lines[1].startswith(f"A1,an id of House,tickets,House: {done.filename},2,")
    assert f'House <a href="/imports/{done.pk}/">{done.filename}</a>' in page
    assert 'href="/parked/"' in browser.get(f"/imports/{done.pk}/").content.decode()
    bring(source, "accounts", ACCOUNT)
    assert "A1" not in browser.get("/parked/").content.decode()


def test_by_api_the_answer_says_parked(source: Source) -> None:
    token = make_token(source, Scope.ACCOUNTS_WRITE)[1]
    body = [{"external_id": "C1", "name": "Cy", "account": {"external_id": "A1"}}]
    answer = Client().post(
        "/api/v1/contacts/bulk", json.dumps(body), content_type="application/json",
        headers={"Authorization": f"Bearer {token}"},
    ).json()  # fmt: skip
    assert answer["counts"] == {"created": 0, "updated": 0, "unchanged": 0, "parked": 1, "rejected": 0}
    assert answer["results"][0]["id"] == str(Parked.objects.get().record_id)
