"""Whom a landed record is about; and records that come before their account."""

import json
import threading
from uuid import UUID

import pytest
from django.db import connection, transaction

from accounts.models import Account, Parked, Resolved
from accounts.queries import find_accounts
from accounts.services import resolve_records
from accounts.services.kinds import ACCOUNTS
from core.bulk import fetch_all
from core.ids import uuid7
from core.models import Batch
from core.stages import Stage, leave
from intake.models import Landed, Source
from intake.rules import Arrival
from intake.services import take
from tests.factories import NOW, make_account, make_source

RESOLVE = Stage("resolve", Landed, resolve_records)
WAITS = "SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
COLUMNS = ["about_namespace", "about_kind", "about_value", "kind"]


def land(*refs: tuple[UUID | None, str, str]) -> list[UUID]:
    ids = [uuid7() for _ in refs]
    with transaction.atomic():
        leave(Landed, COLUMNS, [(id, *ref, "insights") for id, ref in zip(ids, refs, strict=True)], stage="resolve")
    return ids


def resolved() -> dict[UUID, UUID]:
    return dict(Resolved.objects.values_list("id", "account_id"))


def send_account(source: Source, **item: str) -> None:
    raw = json.dumps({"name": "Fictional Foods"} | item).encode()
    [result] = take(ACCOUNTS, [raw], Arrival(source.id, source.slug, source.id, NOW, "test"))
    assert result.status != "rejected", result


@pytest.mark.django_db
def test_records_find_their_account_by_external_id_domain_and_our_own_id(source: Source) -> None:
    account = make_account(external_id="A1", source=source, domain="foods.example")
    other = make_source("other")
    ids = land(
        (source.id, "external_id", "A1"),
        (None, "domain", "WWW.Foods.example"),
        (None, "id", str(account.id)),
        (other.id, "external_id", "A1"),
        (None, "id", "not an id"),
        (None, "domain", "gmail.com"),
    )
    assert RESOLVE.advance(NOW) == 6
    assert resolved() == dict.fromkeys(ids[:3], account.id)
    assert set(Parked.objects.values_list("record_id", flat=True)) == set(ids[3:])
    assert Landed.objects.count() == 0
    assert sum(Batch.objects.filter(stage="believe").values_list("size", flat=True)) == 3


@pytest.mark.django_db
def test_a_domain_that_two_accounts_hold_identifies_neither(source: Source) -> None:
    first = make_account(domain="shared.example")
    ref = (None, "domain", "shared.example")
    assert find_accounts([ref]) == {ref: first.id}
    second = make_account(domain="shared.example")
    assert find_accounts([ref]) == {}
    Account.objects.filter(id=second.id).update(archived_at=NOW)
    assert find_accounts([ref]) == {ref: first.id}


@pytest.mark.django_db
def test_finding_accounts_keeps_the_refs_as_they_were_given(source: Source) -> None:
    account = make_account(external_id="A1", source=source, domain="foods.example")
    refs = [
        (None, "domain", "https://foods.example/"),
        (None, "domain", "foods.example"),
        (source.id, "external_id", "A1"),
    ]
    assert find_accounts(refs) == dict.fromkeys(refs, account.id)
    assert find_accounts([]) == {}


@pytest.mark.django_db
def test_parked_records_go_on_when_their_account_arrives(source: Source) -> None:
    by_id, by_domain, still = land(
        (source.id, "external_id", "A1"), (None, "domain", "Foods.example"), (source.id, "external_id", "A2")
    )
    RESOLVE.advance(NOW)
    send_account(source, external_id="A1")
    account = Account.objects.get()
    assert resolved() == {by_id: account.id}
    send_account(source, external_id="A1", domain="foods.example")
    assert resolved() == {by_id: account.id, by_domain: account.id}
    assert list(Parked.objects.values_list("record_id", flat=True)) == [still]


@pytest.mark.django_db
def test_parking_twice_leaves_one_row(source: Source) -> None:
    [id] = land((source.id, "external_id", "A1"))
    RESOLVE.advance(NOW)
    leave(Landed, COLUMNS, [(id, source.id, "external_id", "A1", "insights")], stage="resolve")
    RESOLVE.advance(NOW)
    assert Parked.objects.count() == 1


def test_a_record_is_not_parked_for_ever_beside_an_account_made_at_the_same_moment(committed: None) -> None:
    """The account's transaction is open, its key unseen, while the record is resolved."""
    source = make_source("house")
    [id] = land((source.id, "external_id", "A1"))
    made, go_on = threading.Event(), threading.Event()

    def make() -> None:
        try:
            with transaction.atomic():
                send_account(source, external_id="A1")
                made.set()
                go_on.wait(timeout=20)
        finally:
            connection.close()

    def resolve() -> None:
        try:
            RESOLVE.advance(NOW)
        finally:
            connection.close()

    maker, stage = threading.Thread(target=make), threading.Thread(target=resolve)
    maker.start()
    assert made.wait(timeout=20)
    stage.start()
    while stage.is_alive() and not fetch_all(WAITS):
        stage.join(timeout=0.05)
    assert stage.is_alive(), "the stage parked the record without waiting for who makes accounts"
    go_on.set()
    maker.join()
    stage.join()
    assert set(resolved()) == {id}
    assert not Parked.objects.exists()
