"""Hold-outs: who is released and by what, who may sign, and what always holds."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from accounts.models import RedLineFlag
from accounts.services import merge_accounts, undo_merge
from core.models import Act
from cx_ops.invariants import broken_invariants
from cx_ops.pipeline import advance_all
from decisions.models import Allocation, HoldOut
from decisions.services import HoldOutRefused, begin_hold_out, stop_hold_out, tend_hold_outs
from insights.services import raise_insight
from playbooks.models import Task
from tests.factories import NOW, make_contract, make_hold_out, make_user
from tests.trial import DAY, Trial

pytestmark = pytest.mark.django_db


@pytest.fixture
def trial() -> Trial:
    return Trial()


class TestRelease:
    def released(self, arm: Allocation) -> tuple[str, str]:
        arm.refresh_from_db()
        assert arm.held
        return arm.released_why, arm.released_for

    def test_a_persons_own_concern(self, trial: Trial) -> None:
        arm = trial.held()
        raise_insight(by=trial.ana, account=arm.account, type="churn_risk", confidence=Decimal("0.95"), now=NOW + DAY)
        advance_all(NOW + DAY)
        assert self.released(arm) == ("person", "")
        assert arm.released_by == trial.ana
        task = Task.objects.get(account=arm.account)
        assert task.decision is not None
        assert task.decision.suppressed_by == ""
        act = Act.objects.get(verb="released", subject_id=str(arm.id))
        assert (act.by, act.data["because"]) == (trial.ana, "person")
        assert trial.again(arm, now=NOW + 2 * DAY).suppressed_by == "open_item"

    def test_a_red_line_as_a_claim_comes(self, trial: Trial) -> None:
        arm = trial.held()
        RedLineFlag.objects.create(account=arm.account, kind="legal", since=NOW)
        assert trial.again(arm).suppressed_by == ""
        assert self.released(arm) == ("red_line", "legal")
        assert Task.objects.filter(account=arm.account).exists()

    def test_a_red_line_without_a_claim(self, trial: Trial) -> None:
        arm = trial.held()
        tend_hold_outs(NOW + DAY)
        assert self.released(arm) == ("", "")
        RedLineFlag.objects.create(account=arm.account, kind="cancellation", since=NOW)
        tend_hold_outs(NOW + DAY)
        assert self.released(arm) == ("red_line", "cancellation")
        assert Act.objects.get(verb="released", subject_id=str(arm.id)).actor == "tick"
        tend_hold_outs(NOW + 2 * DAY)
        assert Act.objects.filter(verb="released").count() == 1

    @pytest.mark.parametrize("ticks", [True, False])
    def test_who_may_not_be_held_out_any_more(self, trial: Trial, ticks: bool) -> None:
        arm = trial.held()
        make_contract(arm.account, notice_on=(NOW + 100 * DAY).date())
        if ticks:
            tend_hold_outs(NOW + DAY)
        assert trial.again(arm).suppressed_by == ""
        assert self.released(arm) == ("not_eligible", "notice")

    def test_what_was_automated_and_rises_to_what_a_person_acts_on(self, trial: Trial) -> None:
        """Of that no more than a fifth may be held out, however much of the automated is."""
        arm = trial.held("0.8")
        assert trial.again(arm, "0.85").suppressed_by == "hold_out"
        risen = trial.again(arm, "0.95", NOW + 2 * DAY)
        assert (risen.suppressed_by, risen.response) == ("", "human")
        assert self.released(arm) == ("risen", "")

    def test_a_stop(self, trial: Trial) -> None:
        arm = trial.held()
        stop_hold_out(by=trial.noor, hold_out_id=trial.hold_out.pk, why="Too many complaints.", now=NOW + DAY)
        assert self.released(arm) == ("stopped", "")
        assert trial.again(arm, now=NOW + 2 * DAY).suppressed_by == ""
        assert Act.objects.get(verb="stopped", subject_type="holdout").why == "Too many complaints."
        assert trial.draw(5) == list(Allocation.objects.order_by("stratum", "block", "slot"))
        assert Allocation.objects.count() == 10

    def test_its_last_day(self, trial: Trial) -> None:
        arm = trial.held()
        ends = trial.hold_out.ends_at
        tend_hold_outs(ends - DAY)
        assert self.released(arm) == ("", "")
        tend_hold_outs(ends + DAY)
        assert self.released(arm) == ("ended", "")
        trial.hold_out.refresh_from_db()
        assert trial.hold_out.ended_at == arm.released_at == ends
        tend_hold_outs(ends + 2 * DAY)
        assert Act.objects.get(verb="ended", subject_type="holdout").at == ends

    def test_after_its_last_day_nobody_is_held_out_though_no_tick_came(self, trial: Trial) -> None:
        arm = trial.held()
        assert trial.again(arm, now=trial.hold_out.ends_at).suppressed_by == ""

    def test_the_other_arm_is_never_released(self, trial: Trial) -> None:
        trial.draw(5)
        stop_hold_out(by=trial.noor, hold_out_id=trial.hold_out.pk, why="Enough.", now=NOW + DAY)
        assert Allocation.objects.filter(held=False, released_at=None).count() == 4
        with pytest.raises(IntegrityError), transaction.atomic():
            Allocation.objects.filter(held=False).update(released_at=NOW, released_why="ended")


class TestSigning:
    def sign(self, trial: Trial, **terms: Any) -> HoldOut:
        values: dict[str, Any] = {
            "by": trial.noor, "type": "expansion_signal", "human_share": Decimal("0.10"),
            "automated_share": Decimal("0.30"), "ends_at": NOW + 90 * DAY, "why": "Does it help?", "now": NOW,
        }  # fmt: skip
        return begin_hold_out(**(values | terms))

    def test_a_leader_begins_one(self, trial: Trial) -> None:
        hold_out = self.sign(trial, spared=["flagship"])
        assert hold_out.signed_by == trial.noor
        assert len(hold_out.salt) == 32
        act = Act.objects.get(verb="began")
        assert (act.by, act.why, act.data["human"]) == (trial.noor, "Does it help?", "0.10")

    @pytest.mark.parametrize(
        ("terms", "field"),
        [
            ({"human_share": Decimal("0.21")}, "human"),
            ({"human_share": Decimal("0.015")}, "human"),
            ({"automated_share": Decimal("0.51")}, "automated"),
            ({"human_share": Decimal(0), "automated_share": Decimal(0)}, "automated"),
            ({"ends_at": NOW}, "last_day"),
            ({"ends_at": NOW + 367 * DAY}, "last_day"),
            ({"why": "  "}, "why"),
            ({"type": "churn_risk"}, "type"),
            ({"type": "no_such_type"}, "type"),
        ],
    )
    def test_what_cannot_be_signed_says_what_is_wrong(self, trial: Trial, terms: dict[str, Any], field: str) -> None:
        with pytest.raises(HoldOutRefused) as refused:
            self.sign(trial, **terms)
        assert refused.value.field == field
        assert HoldOut.objects.count() == 1

    @pytest.mark.parametrize("role", ["csm", "manager", "ops"])
    def test_nobody_else_can(self, trial: Trial, role: str) -> None:
        other = make_user("other", role=role, is_superuser=True)
        with pytest.raises(HoldOutRefused, match="Only a leader"):
            self.sign(trial, by=other)
        with pytest.raises(HoldOutRefused, match="Only a leader"):
            stop_hold_out(by=other, hold_out_id=trial.hold_out.pk, why="No.", now=NOW)

    def test_one_that_is_over_can_be_followed_by_another(self, trial: Trial) -> None:
        arm = trial.held()
        later = trial.hold_out.ends_at + DAY
        second = self.sign(trial, type="churn_risk", now=later, ends_at=later + 30 * DAY)
        arm.refresh_from_db()
        assert arm.released_why == "ended"
        assert Act.objects.filter(verb="ended", subject_id=str(trial.hold_out.pk)).exists()
        assert trial.again(arm, now=later + DAY).suppressed_by in ("", "hold_out")
        assert Allocation.objects.filter(hold_out=second, account=arm.account).exists()

    def test_a_stop_needs_words_and_one_that_runs(self, trial: Trial) -> None:
        with pytest.raises(HoldOutRefused) as refused:
            stop_hold_out(by=trial.noor, hold_out_id=trial.hold_out.pk, why=" ", now=NOW)
        assert refused.value.field == "why"
        stop_hold_out(by=trial.noor, hold_out_id=trial.hold_out.pk, why="Enough.", now=NOW)
        with pytest.raises(HoldOutRefused, match="over already"):
            stop_hold_out(by=trial.noor, hold_out_id=trial.hold_out.pk, why="Enough.", now=NOW)

    @pytest.mark.parametrize(
        "terms", [{"human_share": "0.21"}, {"automated_share": "0.51"}, {"human_share": 0, "automated_share": 0}]
    )
    def test_the_database_holds_the_most_too(self, trial: Trial, terms: dict[str, Any]) -> None:
        with pytest.raises(IntegrityError), transaction.atomic():
            make_hold_out(trial.noor, type_id="expansion_signal", **terms)

    def test_the_database_holds_that_one_runs(self, trial: Trial) -> None:
        with pytest.raises(IntegrityError), transaction.atomic():
            make_hold_out(trial.noor)


def test_of_two_accounts_that_become_one_the_merged_ones_arm_is_kept_and_goes_back(trial: Trial) -> None:
    """The survivor has an arm of its own; where it has none the arm comes along, and undo takes it back."""
    arms = trial.draw(5)
    held, treated = next(arm for arm in arms if arm.held), next(arm for arm in arms if not arm.held)
    fresh = trial.new_account("Fresh")
    merge = merge_accounts(survivor_id=fresh.pk, merged_id=held.account_id, why="one", by=trial.noor, now=NOW)
    held.refresh_from_db()
    assert held.account == fresh
    assert trial.again(held).suppressed_by == "hold_out"
    undo_merge(merge_id=merge.pk, by=trial.noor, now=NOW + DAY)
    held.refresh_from_db()
    assert held.account_id == merge.merged_id
    merge_accounts(survivor_id=treated.account_id, merged_id=held.account_id, why="one", by=trial.noor, now=NOW + DAY)
    assert trial.again(treated, now=NOW + 2 * DAY).suppressed_by == "open_item"
    assert broken("held out") == broken("hold-out") == []


def broken(words: str) -> list[str]:
    """The rows that break an invariant whose name has these words."""
    found = {name: rows for name, rows in broken_invariants().items() if words in name}
    assert found
    return [row for rows in found.values() for row in rows]


class TestInvariants:
    def test_hold_where_somebody_is_held_out_and_released(self, trial: Trial) -> None:
        arm = trial.held()
        trial.again(arm)
        RedLineFlag.objects.create(account=arm.account, kind="legal", since=NOW)
        trial.again(arm, now=NOW + 2 * DAY)
        assert broken("held out") == broken("hold-out") == []

    def test_find_a_decision_that_names_the_control_group_without_an_allocation(self, trial: Trial) -> None:
        trial.held()
        Allocation.objects.filter(held=True).delete()
        assert len(broken("has an account that was held out")) == 2

    def test_find_work_on_what_is_held_out(self, trial: Trial) -> None:
        arm = trial.held()
        task = Task.objects.exclude(decision=None)[0]
        Task.objects.filter(pk=task.pk).update(decision=arm.insight_id)
        assert len(broken("nothing is done about what is held out")) == 1

    def test_find_an_arm_that_the_salt_does_not_draw(self, trial: Trial) -> None:
        trial.held()
        HoldOut.objects.update(salt="another")
        assert broken("drawn by its salt")
