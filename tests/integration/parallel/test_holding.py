"""A new feed beside the old one: held, compared, and believed by nobody."""

from __future__ import annotations

from datetime import timedelta

import pytest

from accounts.models import Account, Contact, ErasedKey, FieldValue, Link, Pair
from accounts.queries.comparing import Comparison, compare, differences
from accounts.rules.erased import email_digest
from accounts.rules.projection import FieldRule, Policy
from accounts.services import merge_accounts
from accounts.services.kinds import ACCOUNTS, CONTACTS, EVENTS
from accounts.services.policies import publish_policy
from core.ids import uuid7
from core.models import User
from cx_ops.invariants import broken_invariants
from insights.models import InsightType
from insights.services.arrival import INSIGHTS
from intake.enums import Landing
from intake.models import Held, Import, ParallelRun, Record, Shipment
from intake.rules.mapping import Use
from intake.services.parallel import stop_run
from intake.services.undoing import may_undo
from intake.services.uploads import owned_elsewhere
from tests.beside import LATER, bring, customer, switched
from tests.factories import NOW, make_contact, make_erasure, make_source, make_user
from tests.integration.test_accounts_bulk import statuses
from tests.integration.test_undoing_accounts import projection

pytestmark = pytest.mark.django_db


def counts(found: Comparison) -> dict[str, dict[str, int]]:
    return {line.field: dict(line.counts) for line in found.fields}


# ── While it runs ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_the_new_feed_brings_is_held_and_nothing_shows_it(run: ParallelRun) -> None:
    before = projection(), Link.objects.count(), FieldValue.objects.count(), Record.objects.count()
    results = bring(run, customer("B", 1, tier="silver"), customer("B", 9))
    assert statuses(results) == ["created", "created"]
    assert statuses(bring(run, customer("B", 1, tier="silver"))) == ["unchanged"]
    assert statuses(bring(run, customer("B", 1, tier="tin"))) == ["updated"]
    assert before == (projection(), Link.objects.count(), FieldValue.objects.count(), Record.objects.count())
    assert not Pair.objects.exists()
    held = Held.objects.get(external_id="B1")
    assert held.account_id == Account.objects.called("A1").get().pk
    assert held.values["tier"][0] == "tin"
    assert Held.objects.get(external_id="B9").account_id is None


def test_the_same_checks_as_ever(run: ParallelRun) -> None:
    results = bring(run, customer("B", 1, csm="nobody"), customer("B", 2, name=""), {"external_id": "B3", "nme": "x"})
    assert [result.errors[0].code for result in results] == ["unknown_person", "invalid", "unknown_field"]
    [lost] = bring(run, {"external_id": "c1", "account": {"domain": "gmail.com"}, "name": "Cy"}, kind=CONTACTS)
    assert lost.errors[0].code == "unknown_account"
    assert not Held.objects.exists()
    [left] = bring(run, customer("B", 1, csm="nobody"), import_id=uuid7())
    assert (left.status, left.warnings[0].code) == (Landing.CREATED, "unknown_person")


def test_rows_are_held_with_their_account_also_where_only_the_run_knows_it(run: ParallelRun) -> None:
    bring(run, customer("B", 1), customer("B", 9))
    people = ({"external_id": f"c{n}", "account": {"external_id": f"B{n}"}, "name": "Cy"} for n in (1, 9))
    assert statuses(bring(run, *people, kind=CONTACTS)) == ["created", "created"]
    held = dict(Held.objects.filter(kind="contacts").values_list("external_id", "account_id"))
    assert held == {"c1": Account.objects.called("A1").get().pk, "c9": None}
    assert not Contact.objects.exists()


def test_scores_are_held_compared_and_decide_nothing(run: ParallelRun) -> None:
    InsightType.objects.get_or_create(slug="churn_risk", defaults={"name": "Churn risk"})
    bring(run, customer("B", 1))
    score = {
        "external_id": "s1", "type": "churn_risk", "account": {"external_id": "B1"}, "confidence": 0.91,
        "scored_at": NOW.isoformat(), "model": "m", "model_version": "1",
    }  # fmt: skip
    assert statuses(bring(run, score, kind=INSIGHTS)) == ["accepted"]
    assert statuses(bring(run, score, kind=INSIGHTS)) == ["duplicate"]
    assert statuses(bring(run, score | {"confidence": 0.1}, kind=INSIGHTS)) == ["rejected"]
    assert statuses(bring(run, score | {"external_id": "s2", "type": "no_such"}, kind=INSIGHTS)) == ["rejected"]
    assert not Record.objects.filter(kind="insights").exists()
    held = Held.objects.get(kind="insights")
    assert (held.slot, held.values["churn_risk"][0]) == ("churn_risk", 0.91)
    assert compare(run, INSIGHTS, ()).only_new == 1


def test_events_are_held_too(run: ParallelRun) -> None:
    event = {"name": "Signed in", "happened_at": NOW.isoformat(), "account": {"external_id": "A1"}}
    assert statuses(bring(run, event, kind=EVENTS)) == ["accepted"]
    assert Held.objects.get().kind == "events"


def test_its_feed_is_watched_as_any(run: ParallelRun) -> None:
    bring(run, customer("B", 1))
    assert Shipment.objects.get(source=run.new).rows == 1


def test_a_partial_record_is_laid_over_what_came_before(run: ParallelRun, ops: User) -> None:
    bring(run, customer("B", 1, fields={"plan": "gold", "seats": 5}, arr={"amount": "12.50", "currency": "EUR"}))
    bring(run, {"external_id": "B1", "name": "Fictional Firm 1", "fields": {"seats": 6}})
    switched(run, ops)
    account = Account.objects.called("B1").get()
    assert (account.fields, str(account.arr_amount)) == ({"plan": "gold", "seats": 6}, "12.50")


# ── Compared ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_fields_are_counted_by_how_they_differ(run: ParallelRun, ops: User) -> None:
    new = customer("B", 1, tier="silver", region=None, stage="live")
    bring(run, new, {"external_id": "B2", "name": "Fictional Firm 2", "domain": "firm2.example"}, customer("B", 9))
    found = compare(run, ACCOUNTS, ())
    assert (found.both, found.only_old, found.only_new) == (2, 1, 0)
    assert counts(found) == {
        "name": {"same": 2}, "domain": {"same": 2}, "tier": {"different": 1, "only_old": 1},
        "region": {"blank": 1, "only_old": 1}, "stage": {"only_new": 1},
    }  # fmt: skip
    [tier] = differences(run, found, ops, (), of="tier", state="different", most=5)
    assert (tier.account, tier.old, tier.new) == ("Fictional Firm 1", "Gold", "Silver")
    assert (tier.old_at, tier.new_at) == (NOW, LATER)
    assert len(differences(run, found, ops, (), most=9)) == 5
    assert not differences(run, found, ops, (), state="same", of="tier", most=9)
    assert "tier" not in counts(compare(run, ACCOUNTS, {"accounts.tier"}))


def test_a_manager_reads_only_of_accounts_that_they_may_see(run: ParallelRun) -> None:
    bring(run, customer("B", 1, tier="silver"))
    found = compare(run, ACCOUNTS, ())
    assert found.first["tier"]["different"]
    assert differences(run, found, make_user("lena", role="manager"), (), most=5) == []


def test_of_two_records_about_one_account_the_second_is_in_doubt(run: ParallelRun) -> None:
    bring(run, customer("B", 1))
    bring(run, customer("B", 1) | {"external_id": "B1-again"})
    held = Held.objects.get(external_id="B1-again")
    assert (held.account_id, held.is_doubtful) == (None, True)


# ── With the rest of the house ────────────────────────────────────────────────────────────────────────────────────


def test_a_merge_takes_what_is_held_along(run: ParallelRun, ops: User) -> None:
    bring(run, customer("B", 1))
    one, two = Account.objects.called("A1").get(), Account.objects.called("A2").get()
    merge_accounts(survivor_id=two.pk, merged_id=one.pk, why="One firm", by=ops, now=LATER, despite_two_ids=True)
    assert Held.objects.get().account_id == two.pk


def test_a_file_that_is_held_is_not_undone_by_itself(run: ParallelRun) -> None:
    of = Import.objects.create(
        source=run.new, kind="accounts", filename="a.csv", created_at=NOW, status="done", rows_done=1
    )
    assert may_undo(of)
    bring(run, customer("B", 1))
    Held.objects.update(import_id=of.pk)
    assert not may_undo(of)


def test_whoever_is_erased_is_not_held(run: ParallelRun, ops: User) -> None:
    bring(run, customer("B", 1))
    erasure = make_erasure(make_contact(Account.objects.called("A1").get()), ops)
    ErasedKey.objects.create(digest=email_digest("cy@example.com"), erasure=erasure)
    person = {"external_id": "c1", "account": {"external_id": "B1"}, "name": "Cy", "email": "cy@example.com"}
    [refused] = bring(run, person, kind=CONTACTS)
    assert refused.errors[0].code == "erased"
    assert not Held.objects.filter(kind="contacts").exists()


def test_the_invariant_finds_what_is_believed_too_early(run: ParallelRun) -> None:
    name = "nothing that a feed brings beside another is believed"
    bring(run, customer("B", 1))
    assert broken_invariants()[name] == []
    link = Link.objects.filter(source_id=run.old_id)[0]
    Link.objects.filter(pk=link.pk).update(source_id=run.new_id)
    assert broken_invariants()[name] == []
    ParallelRun.objects.update(started_at=NOW - timedelta(days=1))
    assert set(broken_invariants()[name]) == {str(link.pk)}


def test_a_feed_may_fill_what_that_one_may_which_it_is_to_replace(run: ParallelRun, ops: User) -> None:
    crm, other = str(run.old_id), str(make_source("other").pk)
    rules = {"tier": FieldRule(sources=(crm,)), "region": FieldRule(sources=(other,))}
    publish_policy(policy=Policy(rules), seen=0, why="Start", by=ops, now=NOW)
    uses = {"Tier": Use("tier")}
    assert owned_elsewhere(ACCOUNTS, run.new, uses) == ""
    assert "Other" in owned_elsewhere(ACCOUNTS, run.new, uses | {"Region": Use("region")})
    stop_run(run_id=run.pk, by=ops, now=LATER)
    assert "Tier" in owned_elsewhere(ACCOUNTS, run.new, uses)
