"""Import, undo, import again: the same accounts, and nothing beside them; and undo of every kind of file."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from accounts.models import Account, AccountPerson, Link, Parked
from accounts.services import archive_account, merge_accounts, restore_account
from accounts.services.kinds import ACCOUNTS
from core.bulk import fetch_all
from core.ids import uuid7
from core.models import Act, User
from cx_ops.invariants import broken_invariants
from intake.models import Source
from intake.rules import Undone
from tests.factories import NOW, make_source, make_team, make_user
from tests.integration.test_accounts_bulk import FULL, send, statuses

pytestmark = pytest.mark.django_db
SECOND = {"external_id": "A2", "name": "Second", "parent": "A1", "domain": "second.example"}
TABLES = ("account", "accountkey", "accountperson")


@pytest.fixture
def ops() -> User:
    return make_user("ops", role="ops")


def shown() -> dict[str, list[Any]]:
    """Live accounts with their ids, keys and people: all but the keys' and people's own serial numbers and times."""
    found = {}
    for table in TABLES:
        live = "archived_at IS NULL" if table == "account" else (
            "account_id IN (SELECT id FROM accounts_account WHERE archived_at IS NULL)"
        )  # fmt: skip
        row = "to_jsonb(x)" if table == "account" else "to_jsonb(x) - 'id' - 'created_at'"
        found[table] = fetch_all(f"SELECT ({row})::text FROM accounts_{table} x WHERE {live} ORDER BY 1")  # noqa: S608
    return found


def bring(source: Source, *items: dict[str, Any]) -> tuple[UUID, list[str]]:
    run = uuid7()
    return run, statuses(send(ACCOUNTS, source, *items, import_id=run))


def undo(run: UUID, by: User) -> Undone:
    assert ACCOUNTS.undo is not None
    return ACCOUNTS.undo(import_id=run, by=by, now=NOW)


def test_the_same_file_gives_the_same_accounts_however_often(source: Source, ops: User) -> None:
    make_user("ana", team=make_team("North"))
    empty, file = shown(), (FULL | {"csm": "ana"}, SECOND)
    run, said = bring(source, *file)
    first = shown()
    for _again in range(3):
        undo(run, ops)
        assert shown() == empty
        run, again = bring(source, *file)
        assert again == said == ["created", "created"]
        assert shown() == first, "the same ids, values, keys and people"
    assert Account.objects.count() == 2
    assert Act.objects.filter(verb="restored").count() == 6
    assert not any(broken_invariants().values())


def test_what_the_second_file_does_not_say_is_gone(source: Source, ops: User) -> None:
    make_user("ana", team=make_team("North"))
    run, _said = bring(source, FULL | {"csm": "ana"})
    undo(run, ops)
    bare = {"external_id": "A1", "name": "Acme"}
    bring(source, bare)
    account = Account.objects.get()
    assert (account.name, account.tier, account.domain, account.arr_amount, account.fields) == (
        "Acme",
        "",
        "",
        None,
        {},
    )
    assert (account.team, account.renews_on, account.stage) == (None, None, "")
    assert not AccountPerson.objects.exists()
    assert not any(broken_invariants().values())


def test_a_record_is_not_brought_back_where_the_ladder_knows_better(source: Source, ops: User) -> None:
    crm = {"external_id": "A1", "name": "Amber Foods", "domain": "amber.example"}
    run, _said = bring(source, crm)
    undo(run, ops)
    send(ACCOUNTS, make_source("billing"), {"external_id": "B1", "name": "Amber Foods", "domain": "amber.example"})
    held = Account.objects.get(archived_at=None)
    _run, again = bring(source, crm)
    assert again == ["updated"]
    assert Account.objects.get(archived_at=None) == held
    assert set(Link.objects.filter(revoked_at=None).values_list("external_id", "rule")) == {
        ("A1", "domain"),
        ("B1", "new"),
    }


def test_two_ids_of_one_namespace_and_a_shared_domain_stay_two(source: Source, ops: User) -> None:
    two = [{"external_id": name, "name": f"Amber {name}", "domain": "amber.example"} for name in ("A1", "A2")]
    run, _said = bring(source, *two)
    first = shown()
    undo(run, ops)
    bring(source, *reversed(two))
    assert shown() == first


def test_what_a_person_archived_stays_archived_and_what_they_restored_is_used(source: Source, ops: User) -> None:
    run, _said = bring(source, FULL, SECOND)
    first, second = Account.objects.order_by("id")
    archive_account(account=first, by=ops, now=NOW.replace(year=2025), why="gone")
    undo(run, ops)
    restore_account(account=second, by=ops, now=NOW)
    _run, again = bring(source, FULL, SECOND)
    assert again[1] in ("updated", "unchanged")
    assert Account.objects.count() == 2
    first.refresh_from_db()
    assert first.archived_at is not None
    assert not any(broken_invariants().values())


def test_an_account_that_was_merged_meanwhile_is_not_parted_by_the_file(source: Source, ops: User) -> None:
    run, _said = bring(source, FULL)
    other = make_source("other")
    bring(other, {"external_id": "O1", "name": "Other"})
    mine, theirs = Account.objects.order_by("id")
    merge_accounts(survivor_id=theirs.pk, merged_id=mine.pk, why="one", by=ops, now=NOW)
    undo(run, ops)
    _run, again = bring(source, FULL)
    mine.refresh_from_db()
    assert mine.archived_at is not None, "a merge holds until a person undoes it"
    assert not any(broken_invariants().values())
    assert again in (["created"], ["updated"], ["unchanged"])


def test_a_second_undo_and_what_waits_for_the_domain(source: Source, ops: User) -> None:
    run, _said = bring(source, SECOND | {"parent": None})
    undo(run, ops)
    waits = Parked.objects.create(record_id=uuid7(), key_kind="domain", value="second.example", kind="insights")
    run, _said = bring(source, SECOND | {"parent": None})
    assert not Parked.objects.filter(pk=waits.pk).exists(), "the account is known by its domain again"
    assert [one.external_id for one in undo(run, ops).kept] == ["A2"], "what waited hangs on it now"
