"""An import of accounts and what hangs on them, told and taken back."""

from typing import Any
from uuid import UUID

import pytest

from accounts.models import Account, AccountKey, Contact, LedgerEntry, Link, Prior
from accounts.services.kinds import ACCOUNTS, ACTIVITIES, CONTACTS, CONTRACTS, ORDERS
from core.bulk import fetch_all
from core.ids import uuid7
from core.models import User
from intake.models import Source
from intake.rules import Kind, Undone
from tests.factories import NOW, make_source, make_team, make_user
from tests.integration.test_accounts_bulk import FULL, ORDER, on_account, send, statuses

pytestmark = pytest.mark.django_db
TABLES = ("account", "accountkey", "accountperson", "contact", "contract", "activity", "ledgerentry")


@pytest.fixture
def ops() -> User:
    return make_user("ops", role="ops")


def projection() -> dict[str, list[Any]]:
    """What can be seen: live accounts and everything about them, without the rows' serial numbers."""
    found = {}
    for table in TABLES:
        live = "archived_at IS NULL" if table == "account" else (
            "account_id IN (SELECT id FROM accounts_account WHERE archived_at IS NULL)"
        )  # fmt: skip
        sql = f"SELECT (to_jsonb(x) - 'id' - 'created_at')::text FROM accounts_{table} x WHERE {live} ORDER BY 1"  # noqa: S608
        found[table] = fetch_all(sql)
    return found


def undo(kind: Kind, import_id: UUID, by: User) -> Undone:
    assert kind.undo is not None
    return kind.undo(import_id=import_id, by=by, now=NOW)


def test_what_was_there_before_is_there_again(source: Source, ops: User) -> None:
    team = make_team("North")
    make_user("ana", team=team)
    make_user("ben", team=make_team("South"))
    send(ACCOUNTS, source, FULL | {"csm": "ana"})
    before = projection()
    run = uuid7()
    news = FULL | {"name": "Renamed", "tier": None, "csm": "ben", "arr": None, "fields": {"plan": "tin", "new": 1}}
    assert statuses(send(ACCOUNTS, source, news, import_id=run)) == ["updated"]
    assert projection() != before
    done = undo(ACCOUNTS, run, ops)
    assert projection() == before
    assert (done.removed, done.kept) == (0, [])
    assert done.restored >= 6


def test_what_only_the_file_made_goes_and_can_come_again(source: Source, ops: User) -> None:
    before = projection()
    run, again = uuid7(), uuid7()
    two: list[dict[str, Any]] = [FULL, {"external_id": "A2", "name": "Second", "parent": "A1"}]
    assert statuses(send(ACCOUNTS, source, *two, import_id=run)) == ["created", "created"]
    there = projection()
    done = undo(ACCOUNTS, run, ops)
    assert projection() == before
    assert (done.removed, done.kept) == (2, [])
    assert not AccountKey.objects.exists()
    assert statuses(send(ACCOUNTS, source, *two, import_id=again)) == ["created", "created"]
    assert len(projection()["account"]) == len(there["account"])


def test_what_came_later_stays_and_is_listed(source: Source, ops: User) -> None:
    send(ACCOUNTS, source, FULL)
    run, later = uuid7(), uuid7()
    send(ACCOUNTS, source, FULL | {"tier": "Growth", "region": "APAC"}, import_id=run)
    send(ACCOUNTS, source, FULL | {"tier": "Scale", "region": "APAC"}, import_id=later)
    done = undo(ACCOUNTS, run, ops)
    account = Account.objects.get()
    assert (account.tier, account.region) == ("scale", "emea")
    assert [(change.field, change.before, change.after) for change in done.kept] == [("tier", "growth", "scale")]


def test_an_account_on_which_something_hangs_is_kept(source: Source, ops: User) -> None:
    run = uuid7()
    send(ACCOUNTS, source, FULL, import_id=run)
    send(CONTACTS, source, on_account({"external_id": "C1", "name": "Cy"}))
    done = undo(ACCOUNTS, run, ops)
    assert Account.objects.get().archived_at is None
    assert (done.removed, [(change.external_id, change.after) for change in done.kept]) == (0, [("A1", "contacts")])
    assert Link.objects.filter(revoked_at=None).count() == 1


def test_the_preview_tells_fields_rules_and_doubts(source: Source) -> None:
    send(ACCOUNTS, source, FULL, {"external_id": "A3", "name": "Third", "domain": "third.example"})
    billing, run = make_source("billing"), uuid7()
    send(ACCOUNTS, billing, FULL | {"external_id": "B1", "tier": "Growth"}, import_id=run)
    send(ACCOUNTS, billing, {"external_id": "B2", "name": "Quite Other", "domain": "third.example"}, import_id=run)
    assert ACCOUNTS.tell is not None
    told = ACCOUNTS.tell(run, 100)
    assert told.rules == {"domain": 1, "new": 1}
    assert told.reviews == 1
    assert ("B1", "tier", None, "growth") in [(c.external_id, c.field, c.before, c.after) for c in told.changes]


ROWS = (
    (CONTACTS, {"external_id": "C1", "name": "Cy"}, {"name": "Cyd", "influence": 3}),
    (CONTRACTS, {"external_id": "K1", "starts_on": "2026-01-01", "ends_on": "2026-12-31"}, {"ends_on": "2027-01-31"}),
    (
        ACTIVITIES,
        {"external_id": "T1", "kind": "call", "happened_at": "2026-03-01T09:00:00Z", "summary": "Talked"},
        {"summary": "Talked again", "value": "1.5", "happened_at": "2026-03-01T10:00:00Z"},
    ),
)


@pytest.mark.parametrize(("kind", "item", "news"), ROWS, ids=["contacts", "contracts", "activities"])
def test_rows_go_back_too(kind: Kind, item: dict[str, Any], news: dict[str, Any], source: Source, ops: User) -> None:
    send(ACCOUNTS, source, FULL)
    empty = projection()
    first, second = uuid7(), uuid7()
    send(kind, source, on_account(item), import_id=first)
    made = projection()
    send(kind, source, on_account(item | news), on_account(item | news), import_id=second)
    assert projection() != made
    done = undo(kind, second, ops)
    assert projection() == made
    assert (done.restored, done.removed, done.kept) == (len(news), 0, [])
    assert undo(kind, first, ops).removed == 1
    assert projection() == empty
    assert not Prior.objects.filter(kind=kind.name).exists()


def test_a_row_that_somebody_changed_since_stays(source: Source, ops: User) -> None:
    send(ACCOUNTS, source, FULL)
    run = uuid7()
    send(CONTACTS, source, on_account({"external_id": "C1", "name": "Cy"}), import_id=run)
    send(CONTACTS, source, on_account({"external_id": "C1", "name": "Cyrus"}))
    done = undo(CONTACTS, run, ops)
    assert Contact.objects.get().name == "Cyrus"
    assert [(change.field, change.after) for change in done.kept] == [("name", "Cyrus")]


def test_orders_go_back_and_can_come_again(source: Source, ops: User) -> None:
    send(ACCOUNTS, source, FULL)
    run = uuid7()
    send(ORDERS, source, ORDER, ORDER, import_id=run)
    assert undo(ORDERS, run, ops).removed == 2
    assert not LedgerEntry.objects.exists()
    assert statuses(send(ORDERS, source, ORDER, ORDER, import_id=uuid7())) == ["created", "created"]
