"""The dispatch stage on a real database: what was decided becomes work, once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail

from accounts.models import Grant
from core.bulk import database_now
from core.models import Act, Alert, User
from decisions.models import Decided, Decision, Item
from decisions.services import throw_switch
from outcomes.models import Outcome
from playbooks.enums import EffectStatus, Lane, RunStatus, RunStepStatus, TaskStatus
from playbooks.models import CapCounter, Effect, Inflow, Run, RunStep, Task, Watch
from playbooks.services import dispatch_decisions
from playbooks.services.outbox import send_effects
from playbooks.services.runs import advance_runs
from playbooks.services.tasks import close_task, touch_task
from tests.factories import NOW, make_account, make_insight, make_organisation, make_team, make_user
from tests.floor import DECIDE, Floor, signed_in

pytestmark = pytest.mark.django_db


def redo(decision: Decision, act: str) -> None:
    dispatch_decisions([Decided(id=decision.pk, act=act)], NOW)


def test_a_human_band_makes_a_task_that_says_why_by_when_and_for_whom(floor: Floor) -> None:
    decision = floor.insight("0.93")
    task = Task.objects.get()
    assert task.title == "Churn risk: house-logit says so, without facts"
    assert (task.assignee, task.team, task.lane, task.urgent) == (floor.ana, floor.team, Lane.NOW, True)
    assert task.decision_id == decision.pk
    assert task.item == Item.objects.get()
    # Monday 12:00 UTC, nine to five: four hours, and eight.
    assert task.acknowledge_by == task.due_at == datetime(2026, 3, 2, 16, tzinfo=UTC)
    assert task.touch_by == datetime(2026, 3, 3, 12, tzinfo=UTC)
    assert str(task.priority) == str(decision.priority["value"])
    assert task.priority_parts[0][0] == "revenue exposed"
    assert Act.objects.filter(verb="opened", subject_id=str(task.pk), actor="dispatch").count() == 1


def test_service_levels_are_the_owners_hours_and_the_accounts_tier(floor: Floor) -> None:
    User.objects.filter(pk=floor.ana.pk).update(timezone="America/New_York")
    floor.insight(account=floor.new_account("Bigco", tier="strategic"))
    # Noon in London is seven in New York: the day begins at nine there.
    assert Task.objects.get().acknowledge_by == datetime(2026, 3, 2, 16, tzinfo=UTC)


def test_its_playbook_is_the_owners_check_list_and_sends_nothing(floor: Floor) -> None:
    floor.insight("0.95")
    run = Run.objects.get()
    assert (run.automated, run.status, Task.objects.get().run) == (False, RunStatus.LIVE, run)
    assert {step.step.kind for step in run.steps.select_related("step")} == {"task"}
    assert advance_runs(NOW + timedelta(days=30)) == 0
    assert not Effect.objects.exists()


def test_dispatching_again_changes_nothing(floor: Floor) -> None:
    for confidence, act in (("0.93", "task"), ("0.95", "evidence")):
        decision = floor.insight(confidence)
        before = list(Task.objects.values()), list(Run.objects.values())
        redo(decision, act)
        assert (list(Task.objects.values()), list(Run.objects.values())) == before
    other = floor.insight("0.8", account=floor.new_account("Runco"))
    redo(other, "run")
    assert Run.objects.filter(automated=True).count() == 1
    watched = floor.insight("0.6", account=floor.new_account("Watchco"))
    redo(watched, "watch")
    assert Watch.objects.get().times == 1


def test_the_cap_keeps_the_rest_of_the_day_in_later_by_priority(floor: Floor) -> None:
    for revenue in range(1, 9):
        make_insight(floor.new_account(f"Co{revenue}", arr_amount=revenue * 1000), "0.95", source=floor.source)
    floor.work()
    lanes = dict(Task.objects.values_list("account__name", "lane"))
    assert {name for name, lane in lanes.items() if lane == Lane.NOW} == {"Co4", "Co5", "Co6", "Co7", "Co8"}
    assert CapCounter.objects.get(user=floor.ana).taken == 5
    floor.insight("0.99", account=floor.new_account("Latecomer", arr_amount=900_000))
    assert Task.objects.get(account__name="Latecomer").lane == Lane.LATER


def test_strategic_accounts_pass_the_cap(floor: Floor) -> None:
    User.objects.filter(pk=floor.ana.pk).update(daily_cap=0)
    floor.insight(account=floor.new_account("Plain"))
    floor.insight(account=floor.new_account("Bigco", tier="strategic"))
    assert dict(Task.objects.values_list("account__name", "lane")) == {"Plain": "later", "Bigco": "now"}


def test_a_flood_is_released_within_the_cap_and_told_with_the_band_that_fits(floor: Floor) -> None:
    User.objects.update(daily_cap=1)
    for number in range(6):
        make_insight(floor.new_account(tier="strategic"), f"0.9{number}", source=floor.source)
    floor.work()
    assert Task.objects.filter(lane=Lane.NOW).count() == 1
    alert = Alert.objects.get(kind="flood")
    assert alert.team == floor.team
    assert "from 92 % up" in alert.text
    assert Inflow.objects.get().opened == 6


def test_nobody_available_makes_a_visible_task_and_an_alert(floor: Floor) -> None:
    User.objects.update(is_active=False)
    floor.insight()
    task = Task.objects.get()
    assert (task.assignee, task.team, task.lane) == (None, floor.team, Lane.NOW)
    assert Alert.objects.get(kind="unassigned").team == floor.team


def test_an_owner_from_elsewhere_may_see_the_account_while_it_is_theirs(floor: Floor) -> None:
    outsider = make_user("olaf", team=make_team("South"))
    account = floor.new_account("Farco", csm=None, team=floor.team)
    User.objects.filter(pk__in=[floor.ana.pk, floor.bea.pk, floor.lead.pk]).update(is_active=False)
    make_organisation(catch_all=outsider)
    floor.insight(account=account)
    assert Task.objects.get().assignee == outsider
    assert Grant.objects.get(user=outsider).account == account


def test_an_automated_band_runs_its_playbook_step_by_step(floor: Floor) -> None:
    floor.insight("0.8")
    run = Run.objects.get()
    assert run.automated
    assert not Task.objects.exists()
    assert advance_runs(NOW) == 2
    effect = Effect.objects.get()
    assert (effect.to, effect.subject) == (floor.ana, "Churn risk at Acme")
    assert "confidence 80 %" in effect.body
    task = Task.objects.get()
    assert (task.run, task.run_step.status, task.urgent) == (run, RunStepStatus.OPEN, False)
    assert send_effects(NOW) == 1
    assert send_effects(NOW) == 0
    assert [message.to for message in mail.outbox] == [["ana@example.com"]]
    assert mail.outbox[0].extra_headers["Message-ID"].startswith(f"<{effect.key}@")


def test_a_higher_band_over_a_live_run_stops_it_and_asks_a_person(floor: Floor) -> None:
    floor.insight("0.8")
    advance_runs(NOW)
    step_task = Task.objects.get()
    factors = [{"name": "seats", "was": 9, "value": 3, "contribution": 0.5}]
    floor.insight("0.95", now=NOW + timedelta(hours=1), factors=factors)
    run = Run.objects.get(automated=True)
    assert (run.status, run.ended_why) == (RunStatus.STOPPED, "a higher band: a person takes over")
    assert not run.steps.filter(status__in=["due", "open"]).exists()
    assert Effect.objects.get().status == EffectStatus.CANCELLED
    step_task.refresh_from_db()
    assert (step_task.status, step_task.outcome) == (TaskStatus.MERGED, "handed_to_human")
    task = Task.objects.active().get()
    assert (task.urgent, task.title) == (True, "Churn risk: seats fell from 9 to 3")


def test_evidence_raises_and_never_lowers(floor: Floor) -> None:
    floor.insight("0.95")
    before = Task.objects.get()
    floor.insight("0.91", now=NOW + timedelta(days=1), probability="0.9")
    after = Task.objects.get()
    assert after.evidence_count == 2
    assert after.priority > before.priority
    assert after.expires_at > before.expires_at
    floor.insight("0.92", now=NOW + timedelta(days=2), probability="0.01")
    assert Task.objects.get().priority == after.priority


def test_a_new_reason_wakes_a_snoozed_task(floor: Floor) -> None:
    floor.insight("0.95", reason="usage_drop")
    Task.objects.update(status=TaskStatus.SNOOZED, lane=Lane.WAITING, snoozed_until=NOW + timedelta(days=9))
    floor.insight("0.95", now=NOW + timedelta(hours=1), reason="usage_drop")
    assert Task.objects.get().status == TaskStatus.SNOOZED
    floor.insight("0.95", now=NOW + timedelta(hours=2), reason="sponsor_silent")
    task = Task.objects.get()
    assert (task.status, task.lane, task.snoozed_until) == (TaskStatus.OPEN, Lane.NOW, None)
    assert "got worse" in task.flag


def fall(floor: Floor) -> None:
    """Two scores far below, after the dwell."""
    for days in (2, 3):
        floor.insight("0.10", now=NOW + timedelta(days=days))


def test_an_untouched_item_closes_itself_when_its_cause_goes(floor: Floor) -> None:
    floor.insight("0.95")
    fall(floor)
    task = Task.objects.get()
    assert (task.status, task.outcome, task.closed_by) == (TaskStatus.CLOSED, "signal_cleared", None)
    assert Item.objects.get().outcome == "signal_cleared"
    assert Run.objects.get().status == RunStatus.STOPPED
    assert (Outcome.objects.get().task, Outcome.objects.get().by) == (task, None)


def test_a_touched_item_is_only_flagged(floor: Floor) -> None:
    floor.insight("0.95")
    task = Task.objects.get()
    touch_task(task_id=task.pk, by=floor.ana, version=task.version, now=NOW)
    fall(floor)
    task.refresh_from_db()
    assert task.status == TaskStatus.CLAIMED
    assert "cleared" in task.flag
    assert Item.objects.get().closed_at is None


def test_a_switch_thrown_between_decision_and_dispatch_starts_nothing(floor: Floor) -> None:
    make_insight(floor.account, "0.8", source=floor.source, scored_at=NOW)
    while replace(DECIDE, then=None).advance(NOW):
        pass
    throw_switch(scope="type", value="churn_risk", off=True, why="checking", by=floor.lead, now=NOW)
    floor.work()
    assert not Run.objects.exists()
    assert Item.objects.get().outcome == "handed_to_human"
    assert Act.objects.get(verb="not_started").why == "switched off: type churn_risk"
    assert Alert.objects.get(kind="automation_off").team == floor.team


def test_a_switch_stops_a_run_before_its_next_step_and_its_mail(floor: Floor) -> None:
    floor.insight("0.8")
    advance_runs(NOW)
    other = floor.new_account("Runco")
    floor.insight("0.8", account=other)
    throw_switch(scope="all", value="", off=True, why="checking", by=floor.lead, now=NOW)
    advance_runs(NOW)
    send_effects(NOW)
    assert mail.outbox == []
    assert Run.objects.get(account=other).status == RunStatus.STOPPED
    assert Effect.objects.get().status == EffectStatus.CANCELLED
    assert not RunStep.objects.filter(run__account=other, status="done").exists()


def test_a_band_whose_playbook_is_gone_asks_a_person(floor: Floor) -> None:
    from playbooks.models import Playbook

    Playbook.objects.update(is_active=False)
    floor.insight("0.8")
    assert Task.objects.get().assignee == floor.ana


def test_monitoring_watches_and_counts(floor: Floor) -> None:
    floor.insight("0.6")
    floor.insight("0.65", now=NOW + timedelta(days=1))
    watch = Watch.objects.get()
    assert (watch.user, watch.times, str(watch.confidence)[:4]) == (floor.ana, 2, "0.65")
    assert not Task.objects.exists()


def test_the_watch_list_leaves_out_what_is_worked_on(floor: Floor) -> None:
    floor.insight("0.6")
    Watch.objects.update(until=database_now() + timedelta(days=9))
    desk = signed_in(floor.ana)
    assert [watch.account for watch in desk.get("/monitoring/").context["watches"]] == [floor.account]
    floor.insight("0.95", now=NOW + timedelta(days=1))
    assert not desk.get("/monitoring/").context["watches"]


def test_the_watch_list_says_whose_an_account_is_and_leaves_out_who_is_lost(floor: Floor) -> None:
    for account in (make_account("Bluebell Dental", csm=floor.bea), floor.account):
        floor.insight("0.6", account=account)
    Watch.objects.update(user=floor.ana, until=database_now() + timedelta(days=9))
    desk = signed_in(floor.ana)
    watches = desk.get("/monitoring/").context["watches"]
    assert {watch.account.name: watch.whose for watch in watches} == {"Acme": "", "Bluebell Dental": "bea’s account"}
    task = floor.task("0.95")
    close_task(task_id=task.pk, by=floor.ana, version=task.version, outcome="lost", note="They left.", now=NOW)
    assert [watch.account.name for watch in desk.get("/monitoring/").context["watches"]] == ["Bluebell Dental"]
