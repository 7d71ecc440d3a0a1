"""Hold-outs: who is drawn, and who may not be; each decision replays to the same verdict."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from accounts.models import Account, RedLineFlag
from cx_ops.pipeline import advance_all
from decisions.enums import OutcomeKind
from decisions.models import Allocation, Decision, HoldOut, Item
from decisions.queries.replay import replay_decisions
from decisions.services import close_items
from insights.services import raise_insight
from playbooks.models import Run, Task, Watch
from tests.factories import NOW, make_activity, make_contract
from tests.trial import DAY, Trial

pytestmark = pytest.mark.django_db


@pytest.fixture
def trial() -> Trial:
    return Trial()


def test_of_what_a_person_would_act_on_a_share_is_held_out_and_nothing_comes_of_it(trial: Trial) -> None:
    arms = trial.draw(40)
    assert [(arm.block, arm.slot) for arm in arms] == [divmod(position, 5) for position in range(40)]
    held = [arm for arm in arms if arm.held]
    assert (len(arms), len(held)) == (40, 8)
    assert {(arm.chance, arm.stratum) for arm in arms} == {(Decimal("0.20"), "human/none/100k-and-up")}
    decisions = {decision.account_id: decision for decision in Decision.objects.all()}
    assert all(decisions[arm.account_id].suppressed_by == ("hold_out" if arm.held else "") for arm in arms)
    assert all(decisions[arm.account_id].response == "human" for arm in arms)
    kept = {arm.account_id for arm in held}
    assert Task.objects.count() == Item.objects.count() == 32
    for work in (Task, Run, Item, Watch):
        assert not work._default_manager.filter(account_id__in=kept).exists()
    assert all(not found for found in replay_decisions())


def test_of_what_is_automated_another_share_is(trial: Trial) -> None:
    arms = trial.draw(20, "0.8")
    assert sum(arm.held for arm in arms) == 10
    assert {arm.chance for arm in arms} == {Decimal("0.50")}
    assert Run.objects.count() == 10


@pytest.mark.parametrize(("terms", "confidence"), [({"human_share": 0}, "0.93"), ({"automated_share": 0}, "0.8")])
def test_a_share_of_nothing_leaves_that_alone(terms: dict[str, int], confidence: str) -> None:
    assert Trial(**terms).draw(12, confidence) == []


def test_an_arm_is_kept(trial: Trial) -> None:
    arms = trial.draw(10)
    for arm in arms:
        decision = trial.again(arm)
        assert (decision.suppressed_by == "hold_out") == arm.held
    assert list(Allocation.objects.order_by("stratum", "block", "slot")) == arms
    assert all(not found for found in replay_decisions())


@pytest.mark.parametrize("confidence", ["0.95", "0.8", "0.6", "0.2"])
def test_whatever_is_claimed_of_it_again_is_held_out_too(trial: Trial, confidence: str) -> None:
    """Lower scores as well: a watch, a dwell or a stale score would tell its team what was granted before."""
    arm = trial.held()
    assert trial.again(arm, confidence).suppressed_by == "hold_out"
    assert trial.again(arm, confidence, scored_at=NOW - DAY).suppressed_by == "hold_out"
    assert not Watch.objects.filter(account=arm.account).exists()
    assert all(not found for found in replay_decisions())


def test_other_types_are_decided_as_ever(trial: Trial) -> None:
    arm = trial.held()
    assert trial.again(arm, "0.95", type_id="expansion_signal").suppressed_by == ""


def test_monitored_and_recorded_claims_draw_nobody(trial: Trial) -> None:
    assert trial.draw(4, "0.6") == trial.draw(4, "0.2") == []


class TestWhoMayNot:
    def nobody(self, trial: Trial, account: Account) -> None:
        """However many of its like are drawn, it is not, and its claims are acted on."""
        for confidence in ("0.93", "0.8"):
            decision = trial.insight(confidence, account=account)
            assert decision.suppressed_by in ("", "open_item", "dwell")
        assert not Allocation.objects.filter(account=account).exists()

    @pytest.mark.parametrize("fields", [{"tier": "strategic"}, {"tier": "flagship"}, {"stage": "onboarding"}])
    def test_by_what_it_is(self, fields: dict[str, str]) -> None:
        trial = Trial(spared=["flagship"])
        self.nobody(trial, trial.new_account(**fields))

    @pytest.mark.parametrize("days", [10, 120])
    def test_by_a_notice_date(self, trial: Trial, days: int) -> None:
        account = trial.new_account()
        make_contract(account, notice_on=NOW.date() + timedelta(days=days))
        self.nobody(trial, account)

    @pytest.mark.parametrize(
        "ticket",
        [
            {"facts": {"priority": "Urgent", "status": "open"}},
            {"facts": {"status": "open"}, "summary": "Escalation E-9: exports fail"},
            {"facts": {"tags": "vip, escalated"}},
        ],
    )
    def test_by_an_escalation(self, trial: Trial, ticket: dict[str, Any]) -> None:
        account = trial.new_account()
        make_activity(account, "ticket", happened_at=NOW - 3 * DAY, **ticket)
        self.nobody(trial, account)

    @pytest.mark.parametrize(
        "ticket",
        [
            {"facts": {"priority": "urgent", "status": "Solved"}},
            {"facts": {"priority": "urgent", "solved_at": "2026-03-01T10:00:00Z"}},
            {"facts": {"priority": "urgent"}, "happened_at": NOW - 91 * DAY},
            {"facts": {"priority": "low", "status": "open"}},
        ],
    )
    def test_not_by_any_ticket(self, trial: Trial, ticket: dict[str, Any]) -> None:
        account = trial.new_account()
        make_activity(account, "ticket", **({"happened_at": NOW - 3 * DAY} | ticket))
        trial.insight(account=account)
        assert Allocation.objects.filter(account=account).exists()

    def test_by_a_red_line(self, trial: Trial) -> None:
        account = trial.new_account()
        RedLineFlag.objects.create(account=account, kind="legal", since=NOW - DAY)
        self.nobody(trial, account)

    def test_by_a_red_line_that_the_claim_itself_crosses(self, trial: Trial) -> None:
        account = trial.new_account()
        trial.insight(account=account, reason="cancellation")
        assert not Allocation.objects.filter(account=account).exists()

    def test_by_work_that_was_open_before(self) -> None:
        trial = Trial(begins_at=NOW + DAY, signed_at=NOW)
        accounts = [trial.new_account() for _ in range(10)]
        for account in accounts:
            trial.insight(account=account)
        for account in accounts:
            assert trial.insight("0.96", NOW + 2 * DAY, account=account).suppressed_by == "open_item"
        assert not Allocation.objects.exists()

    def test_by_an_item_of_the_same_type_and_another_reason(self, trial: Trial) -> None:
        trial.hold_out.type.split_by_reason = True
        trial.hold_out.type.save()
        HoldOut.objects.update(ended_at=NOW - DAY)
        accounts = [trial.new_account() for _ in range(5)]
        for account in accounts:
            trial.insight(account=account, reason="usage")
        HoldOut.objects.update(ended_at=None)
        for account in accounts:
            trial.insight(now=NOW + DAY, account=account, reason="price")
        assert Item.objects.count() == 10
        assert not Allocation.objects.exists()

    def test_what_a_person_raises_is_never_drawn(self, trial: Trial) -> None:
        for _ in range(5):
            raise_insight(
                by=trial.ana, account=trial.new_account(), type="churn_risk", confidence=Decimal("0.95"), now=NOW
            )
        advance_all(NOW)
        assert Task.objects.count() == 5
        assert not Allocation.objects.exists()


def test_a_closed_item_does_not_keep_its_account_from_being_drawn(trial: Trial) -> None:
    HoldOut.objects.update(ended_at=NOW - DAY)
    accounts = [trial.new_account() for _ in range(5)]
    for account in accounts:
        trial.insight(account=account)
    close_items(
        item_ids=[str(id) for id in Item.objects.values_list("id", flat=True)], outcome=OutcomeKind.OTHER, now=NOW
    )
    HoldOut.objects.update(ended_at=None)
    for account in accounts:
        trial.insight("0.95", NOW + 60 * DAY, account=account)
    assert Allocation.objects.filter(held=True).count() == 1
