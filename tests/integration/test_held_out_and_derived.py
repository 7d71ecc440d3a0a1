"""What is worked out of insights does not betray one that is held out: to nobody, nor by a count, nor after a merge."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.urls import reverse

from accounts.rules.segments import AccountFilter
from accounts.services import merge_accounts, save_segment
from accounts.services.merging import undo_merge
from accounts.services.places import accounts_with_rows, rows_on
from core.bulk import execute
from cx_ops.invariants import broken_invariants
from cx_ops.portfolio import Asked, all_lines
from cx_ops.risk_claims import risk_claims
from cx_ops.segments import refresh_segments
from decisions.enums import Suppression
from decisions.models import Allocation, Decision, HoldOut
from decisions.queries.claims import claim_in_short
from decisions.services import stop_hold_out
from insights.models import Insight
from playbooks.models import Task, Watch
from tests.factories import NOW, make_allocation, make_hold_out, make_insight, make_user
from tests.floor import Floor, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def floor(db: None) -> Floor:
    return Floor()


@pytest.fixture
def hold(floor: Floor) -> HoldOut:
    return make_hold_out(make_user("noor", role="leader"))


def held_out(floor: Floor, hold: HoldOut, confidence: str = "0.96", **fields: object) -> Decision:
    """A churn risk on an account that is held out."""
    insight = make_insight(fields.pop("account", floor.account), confidence, source=floor.source, **fields)
    if not Allocation.objects.filter(hold_out=hold, account=insight.account_id).exists():
        make_allocation(hold, insight)
    floor.work()
    decision = Decision.objects.get(pk=insight.pk)
    assert decision.suppressed_by == Suppression.HOLD_OUT
    return decision


def test_how_the_account_stands_is_as_before(floor: Floor, hold: HoldOut) -> None:
    kinds = {"risky": AccountFilter(health="risk"), "open": AccountFilter(open="churn_risk")}
    saved = [save_segment(name=name, wanted=wanted, by=floor.lead, now=NOW) for name, wanted in kinds.items()]
    before = list(all_lines(floor.lead, Asked(sort="health"), NOW))
    held_out(floor, hold)
    refresh_segments(NOW)
    assert list(all_lines(floor.lead, Asked(sort="health"), NOW)) == before
    assert [one.members.count() for one in saved] == [0, 0]
    assert not Task.objects.exists()
    assert not Watch.objects.exists()


@pytest.mark.parametrize("confidence", ["0.97", "0.80", "0.60", "0.30"])
def test_what_comes_after_it_does_not_tell_of_it(floor: Floor, hold: HoldOut, confidence: str) -> None:
    """A lower score, or another model that disagrees, would say in its reasons what was asked for before."""
    held_out(floor, hold)
    later = held_out(floor, hold, confidence, model="other")
    client = signed_in(floor.ana)
    assert client.get(reverse("decision", args=[later.pk])).status_code == 404
    assert not Decision.objects.visible_to(floor.ana).exists()
    assert not Watch.objects.exists()


def test_the_open_risk_of_an_account_is_not_told_by_it(floor: Floor, hold: HoldOut) -> None:
    """Its item was closed when the claim came, and was opened again since: it stands beside what is open."""
    task = floor.task("0.91", account=floor.new_account(), probability="0.2")
    claim = held_out(floor, hold, "0.99", probability="0.4")
    execute("SET LOCAL cx_ops.may_rewrite = 'yes'")
    Decision.objects.filter(pk=claim.pk).update(item=task.item_id)
    told = risk_claims([task.account_id])
    assert told[task.account_id] == claim_in_short("Churn risk", Decimal("0.2"), 90)


def test_no_count_of_an_account_has_it(floor: Floor, hold: HoldOut) -> None:
    held_out(floor, hold)
    assert rows_on(floor.account.pk) == []
    assert accounts_with_rows([floor.account.pk]) == {floor.account.pk: ["records"]}
    stop_hold_out(hold_out_id=hold.pk, why="Enough", by=hold.signed_by, now=NOW)
    assert (1, "insight") in rows_on(floor.account.pk)
    assert "insights" in accounts_with_rows([floor.account.pk])[floor.account.pk]


def test_a_merge_does_not_lay_it_open(floor: Floor, hold: HoldOut) -> None:
    """Two accounts, one in each arm: the survivor keeps its own place, and has decisions of both."""
    claim = held_out(floor, hold)
    survivor = floor.new_account("Acme Inc")
    make_allocation(hold, make_insight(survivor, source=floor.source), held=False)
    floor.work()
    words = {"why": "One company", "by": floor.lead, "now": NOW}
    merge = merge_accounts(survivor_id=survivor.pk, merged_id=floor.account.pk, **words)
    assert Insight.objects.get(pk=claim.pk).account_id == survivor.pk
    assert not Decision.objects.visible_to(floor.ana).filter(pk=claim.pk).exists()
    assert Decision.objects.visible_to(floor.ana).count() == 1
    undo_merge(merge_id=merge.pk, **words)
    assert not Insight.objects.visible_to(floor.ana).filter(pk=claim.pk).exists()
    broken = broken_invariants()
    assert [name for name in broken if "held out" in name and "salt" not in name and broken[name]] == []
