"""Records that say nothing new are told beforehand: what becomes of a call is as if each had been looked at closely."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.enums import AccountRole
from accounts.models import Account, FieldValue, Link
from accounts.rules.projection import FieldRule, Policy
from accounts.services import merge_accounts
from accounts.services.kinds import ACCOUNTS
from accounts.services.people import set_account_person
from accounts.services.policies import publish_policy
from core.models import User
from intake.enums import Landing
from intake.models import Record, Source
from tests.beside import LATER
from tests.factories import NOW, make_source, make_user
from tests.integration.test_accounts_bulk import FULL, send, statuses

pytestmark = pytest.mark.django_db
CLOSELY = "accounts.services.upsert.find_unchanged"
OTHER = {"external_id": "A2", "name": "Fictional Firm", "domain": "firm.example", "tier": "gold"}
WORDS = tuple[list[str], Any]


@pytest.fixture
def ops() -> User:
    return make_user("ops", role="ops")


@pytest.fixture
def crm(ops: User) -> Source:
    """Two accounts, one of them with a CSM; two other people, one of whom has left."""
    made = make_source("crm")
    make_user("ana")
    make_user("ben")
    make_user("cleo", is_active=False)
    send(ACCOUNTS, made, FULL | {"csm": "ana"}, OTHER)
    return made


def outcome(source: Source, items: list[dict[str, Any]], terms: dict[str, Any]) -> WORDS:
    """What became of a call, in words: nothing of it stays."""
    with transaction.atomic():
        results = send(ACCOUNTS, source, *items, **{"now": LATER} | terms)
        accounts = [
            (account.name, account.tier, account.region, account.stage, str(account.arr_amount), account.arr_currency,
             str(account.renews_on), account.parent and account.parent.name, account.fields,
             sorted(account.people.values_list("role", "user__username")))
            for account in Account.objects.order_by("name", "pk").select_related("parent")
        ]  # fmt: skip
        links = [
            (link.external_id, {name: entry[:2] for name, entry in link.values.items()})
            for link in Link.objects.filter(revoked_at=None).order_by("external_id", "source_id")
        ]
        values = FieldValue.objects.order_by("field", "observed_at", "value")
        shown = list(values.values_list("field", "value", "observed_at"))
        logged = list(Record.objects.filter(kind="accounts").order_by("id").values_list("external_id", "payload"))
        told = [
            (result.status.value, [problem.code for problem in (*result.errors, *result.warnings)])
            for result in results
        ]
        transaction.set_rollback(True)
    return [status for status, _codes in told], (told, accounts, links, shown, logged)


def edit_tier(source: Source, ops: User) -> None:
    Account.objects.called("A1").update(tier="typed")


def other_source_says(source: Source, ops: User) -> None:
    shop = make_source("shop", account_namespace=source)
    send(ACCOUNTS, shop, {"external_id": "A1", "name": "Fictional Foods", "tier": "gold"}, namespace_id=source.pk)


def appoint_another(source: Source, ops: User) -> None:
    account = Account.objects.called("A1").get()
    ben = User.objects.get(username="ben")
    set_account_person(account=account, role=AccountRole.CSM, user=ben, by=ops, now=NOW, why="Away")


def ana_leaves(source: Source, ops: User) -> None:
    User.objects.filter(username="ana").update(is_active=False)


def age_counts(source: Source, ops: User) -> None:
    rules = {"tier": FieldRule(sources=(str(source.pk),), max_age_days=30)}
    publish_policy(policy=Policy(rules), seen=0, why="Start", by=ops, now=NOW)


def merge_both(source: Source, ops: User) -> None:
    one, two = Account.objects.called("A1").get(), Account.objects.called("A2").get()
    merge_accounts(survivor_id=one.pk, merged_id=two.pk, why="One firm", by=ops, now=NOW, despite_two_ids=True)


def nothing(source: Source, ops: User) -> None:
    pass


MINE = FULL | {"csm": "ana"}
SAME, NEW = Landing.UNCHANGED.value, Landing.UPDATED.value
CASES: dict[str, tuple[Callable[[Source, User], None], list[dict[str, Any]], dict[str, Any], list[str]]] = {
    "nothing new": (nothing, [MINE, OTHER], {}, [SAME, SAME]),
    "one of two is new": (nothing, [MINE, OTHER | {"tier": "tin"}], {}, [SAME, NEW]),
    "less is said": (nothing, [{"external_id": "A1", "name": "Fictional Foods"}], {}, [SAME]),
    "a field is new": (nothing, [MINE | {"fields": {"seats": 12, "floor": 3}}], {}, [NEW]),
    "a field is cleared": (nothing, [MINE | {"fields": {"plan": None}}], {}, [NEW]),
    "what is empty is cleared again": (nothing, [OTHER | {"region": None}, OTHER | {"region": None}], {}, [SAME, SAME]),
    "a number says the same otherwise": (nothing, [MINE | {"arr": {"amount": "1200", "currency": "EUR"}}], {}, [SAME]),
    "twice, and back": (nothing, [MINE | {"tier": "tin"}, MINE], {}, [NEW, NEW]),
    "a new one among them": (nothing, [MINE, OTHER | {"external_id": "A3", "name": "Third"}], {}, [SAME, "created"]),
    "a parent": (nothing, [MINE, OTHER | {"parent": "A1"}], {}, [SAME, NEW]),
    "another appointed": (nothing, [MINE | {"csm": "ben"}], {}, [NEW]),
    "nobody appointed": (nothing, [MINE | {"csm": None}], {}, [NEW]),
    "somebody unknown": (nothing, [MINE | {"csm": "nobody"}, OTHER], {}, ["rejected", SAME]),
    "somebody who left": (nothing, [MINE | {"csm": "cleo"}], {"import_id": "0" * 32}, [SAME]),
    "the account shows another's word": (edit_tier, [MINE], {}, [NEW]),
    "another source says otherwise": (other_source_says, [MINE], {}, [NEW]),
    "somebody else was appointed": (appoint_another, [MINE], {}, [SAME]),
    "the one appointed has left": (ana_leaves, [MINE], {}, ["rejected"]),
    "age counts": (age_counts, [MINE, OTHER], {}, [SAME, SAME]),
    "two records of one account": (merge_both, [MINE, OTHER], {}, [NEW, NEW]),
    "two records of one account, one left alone": (merge_both, [MINE | {"tier": "tin"}, OTHER], {}, [NEW, NEW]),
    "in a namespace that does not know it": (nothing, [MINE], {"namespace_id": "1" * 32}, [NEW]),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_what_becomes_of_a_call_is_the_same(case: str, crm: Source, ops: User, monkeypatch: pytest.MonkeyPatch) -> None:
    before, items, terms, expected = CASES[case]
    before(crm, ops)
    quickly = outcome(crm, items, terms)
    monkeypatch.setattr(CLOSELY, lambda *args: {})
    closely = outcome(crm, items, terms)
    assert quickly == closely
    assert quickly[0] == expected


def test_what_is_unchanged_locks_and_reads_nothing_more(crm: Source) -> None:
    with CaptureQueriesContext(
        connection,
    ) as asked:
        assert statuses(send(ACCOUNTS, crm, MINE, OTHER)) == [SAME, SAME]
    texts = [query["sql"] for query in asked if query["sql"]]  # a query planned before keeps no text
    assert texts
    assert not [text for text in texts if "FOR NO KEY UPDATE" in text]
