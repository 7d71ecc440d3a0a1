"""What people do with tasks: each use case, its refusals, and its inverse."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from accounts.models import Grant
from core.models import Absence, Act, Alert, User
from decisions.models import Decision, Item
from outcomes.models import Outcome
from playbooks.enums import Lane, RunStatus, RunStepStatus, TaskStatus
from playbooks.models import ClosedTask, Run, RunStep, Task, TaskNote
from playbooks.services.runs import RunRefused, advance_runs, complete_step, uncomplete_step
from playbooks.services.tasks import (
    TaskChanged,
    TaskRefused,
    acknowledge_task,
    add_note,
    assign_task,
    close_task,
    create_task,
    merge_task,
    reopen_task,
    resume_task,
    snooze_task,
    touch_task,
    wait_on_customer,
)
from tests.factories import NOW, make_team, make_user
from tests.floor import Floor

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=2)


@pytest.fixture
def task(floor: Floor) -> Task:
    return floor.task()


def close(task: Task, by: User, outcome: str = "risk_resolved", **fields: Any) -> Task:
    values: dict[str, Any] = {"version": task.version, "now": NOW} | fields
    return close_task(task_id=task.pk, by=by, outcome=outcome, **values)


# ── Close and reopen ──────────────────────────────────────────────────────────────────────────────────────────────


def test_a_close_ends_the_item_its_run_and_leaves_an_outcome(floor: Floor, task: Task) -> None:
    closed = close(task, floor.ana, note="They renewed.")
    assert (closed.status, closed.outcome, closed.closed_by, closed.closed_at) == (
        "closed",
        "risk_resolved",
        floor.ana,
        NOW,
    )
    assert closed.version == task.version + 1
    item = Item.objects.get()
    assert (item.outcome, item.quiet_until) == ("risk_resolved", NOW + timedelta(days=30))
    assert Run.objects.get().status == RunStatus.STOPPED
    assert TaskNote.objects.get().text == "They renewed."
    assert Act.objects.filter(verb="closed", subject_type="task", by=floor.ana).count() == 1
    floor.work()
    outcome = Outcome.objects.get()
    assert (outcome.kind, outcome.by, outcome.certainty, outcome.decision_id) == (
        "risk_resolved", floor.ana, "provisional", task.decision_id,
    )  # fmt: skip
    assert not ClosedTask.objects.exists()


@pytest.mark.parametrize(
    ("outcome", "fields", "wrong"),
    [
        ("expansion_agreed", {}, "outcome"),
        ("nonsense", {}, "outcome"),
        ("signal_cleared", {}, "outcome"),
        ("other", {}, "note"),
        ("other", {"note": "  "}, "note"),
        ("insight_wrong", {}, "reason"),
        ("insight_wrong", {"reason": "made_up"}, "reason"),
        ("insight_wrong", {"reason": "other"}, "note"),
        ("lost", {"reason": "made_up"}, "reason"),
    ],
)
def test_an_outcome_that_says_too_little_is_refused(
    floor: Floor, task: Task, outcome: str, fields: dict[str, str], wrong: str
) -> None:
    with pytest.raises(TaskRefused) as refusal:
        close(task, floor.ana, outcome, **fields)
    assert refusal.value.field == wrong
    assert Task.objects.get().status == TaskStatus.OPEN
    assert Item.objects.get().closed_at is None


@pytest.mark.parametrize(
    ("outcome", "fields"),
    [("other", {"note": "Merged."}), ("insight_wrong", {"reason": "facts_wrong"}), ("lost", {"reason": "price"}),
     ("lost", {}), ("insight_wrong", {"reason": "other", "note": "Test account."})],
)  # fmt: skip
def test_outcomes_that_say_enough(floor: Floor, task: Task, outcome: str, fields: dict[str, str]) -> None:
    assert close(task, floor.ana, outcome, **fields).outcome == outcome


def test_the_second_to_close_is_told_who_was_first(floor: Floor, task: Task) -> None:
    close(task, floor.ana)
    with pytest.raises(TaskChanged, match=r"Already closed by Ana 2\smin.* ago: risk resolved") as changed:
        close(task, floor.lead, now=LATER)
    assert changed.value.task.outcome == "risk_resolved"


def test_a_change_in_between_is_told(floor: Floor, task: Task) -> None:
    snooze_task(task_id=task.pk, by=floor.lead, version=1, until=NOW + timedelta(days=1), now=NOW)
    with pytest.raises(TaskChanged, match=r"Changed by lena 2\smin.* ago: snoozed"):
        close(task, floor.ana, now=LATER)


def test_reopening_is_the_inverse(floor: Floor, task: Task) -> None:
    complete_step(run_step_id=RunStep.objects.all()[0].pk, by=floor.ana, now=NOW)
    task.refresh_from_db()
    before = snapshot()
    closed = close(task, floor.ana)
    reopen_task(task_id=task.pk, by=floor.ana, version=closed.version, now=LATER)
    assert snapshot() == before
    assert not ClosedTask.objects.exists()
    again = Task.objects.get()
    close(again, floor.ana, "lost", now=LATER)
    floor.work(LATER)
    assert [outcome.kind for outcome in Outcome.objects.all()] == ["lost"]


def snapshot() -> list[Any]:
    """Everything about the work but the versions of tasks."""
    return [
        [{k: v for k, v in row.items() if k != "version"} for row in model.objects.order_by("pk").values()]  # type: ignore[attr-defined]
        for model in (Task, Item, Run, RunStep)
    ]


def test_an_outcome_of_a_close_taken_back_does_not_stand(floor: Floor, task: Task) -> None:
    closed = close(task, floor.ana)
    floor.work()
    reopen_task(task_id=task.pk, by=floor.ana, version=closed.version, now=LATER)
    assert Outcome.objects.count() == 1
    assert not Outcome.objects.standing().exists()


def test_nothing_is_reopened_beside_something_newer(floor: Floor, task: Task) -> None:
    closed = close(task, floor.ana, "no_response")
    floor.insight("0.97", now=NOW + timedelta(days=9))
    with pytest.raises(TaskRefused, match="newer"):
        reopen_task(task_id=task.pk, by=floor.ana, version=closed.version, now=LATER)
    other = Task.objects.active().get()
    with pytest.raises(TaskRefused, match="open already"):
        reopen_task(task_id=other.pk, by=floor.ana, version=other.version, now=LATER)


def test_a_second_silence_in_a_row_goes_to_the_lead(floor: Floor, task: Task) -> None:
    close(task, floor.ana, "no_response")
    second = floor.task(now=NOW + timedelta(days=9))
    kept = close(second, floor.ana, "no_response", now=NOW + timedelta(days=10))
    assert (kept.status, kept.assignee, kept.lane) == (TaskStatus.OPEN, floor.lead, Lane.NOW)
    assert "second time" in kept.flag
    item = Item.objects.get(closed_at=None)
    assert item.owner == floor.lead
    assert Alert.objects.get(kind="second_no_response").team == floor.team
    done = close(kept, floor.lead, "no_response", now=NOW + timedelta(days=11))
    assert done.status == TaskStatus.CLOSED


def test_merging_keeps_the_evidence(floor: Floor, task: Task) -> None:
    other = floor.task(type_id="expansion_signal")
    merged = merge_task(task_id=task.pk, into=other.pk, by=floor.ana, version=1, now=NOW)
    assert (merged.status, merged.outcome) == (TaskStatus.MERGED, "duplicate")
    assert Task.objects.get(pk=other.pk).evidence_count == 2
    assert Item.objects.get(type="churn_risk").outcome == "duplicate"
    elsewhere = floor.task(account=floor.new_account("Beta"))
    with pytest.raises(TaskRefused, match="same account"):
        merge_task(task_id=elsewhere.pk, into=other.pk, by=floor.ana, version=1, now=NOW)


# ── Who may ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("role", "fields", "words"),
    [("leader", {}, "Leaders read"), ("ops", {}, "Operations works"), ("csm", {"team": True}, "no role on Acme")],
)
def test_who_may_only_look_is_told_so(floor: Floor, task: Task, role: str, fields: dict[str, Any], words: str) -> None:
    user = make_user("ida", role=role, team=floor.team if fields else None)
    with pytest.raises(TaskRefused, match=words) as refusal:
        close(task, user)
    assert refusal.value.forbidden


def test_a_foreign_task_does_not_exist(floor: Floor, task: Task) -> None:
    stranger = make_user("stan", team=make_team("South"))
    for attempt in (
        lambda: close(task, stranger),
        lambda: add_note(task_id=task.pk, by=stranger, text="hello", now=NOW),
        lambda: acknowledge_task(task_id=task.pk, by=stranger, now=NOW),
    ):
        with pytest.raises(Task.DoesNotExist):
            attempt()


def test_the_team_lead_may(floor: Floor, task: Task) -> None:
    assert close(task, floor.lead).closed_by == floor.lead


def test_whoever_closes_nothing_may_still_pass_on_what_is_theirs(floor: Floor, task: Task) -> None:
    ops = make_user("otto", role="ops")
    Task.objects.update(assignee=ops)
    with pytest.raises(TaskRefused):
        close(task, ops)
    assert assign_task(task_id=task.pk, by=ops, version=1, to=floor.ana, now=NOW).assignee == floor.ana


# ── Putting off ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_snooze_has_an_end_and_past_the_window_a_reason(floor: Floor, task: Task) -> None:
    assert task.expires_at is not None
    for until, field in ((None, "until"), (NOW, "until"), (task.expires_at + timedelta(days=1), "reason")):
        with pytest.raises(TaskRefused) as refusal:
            snooze_task(task_id=task.pk, by=floor.ana, version=1, until=until, now=NOW)
        assert refusal.value.field == field
    until = task.expires_at + timedelta(days=1)
    fresh = snooze_task(task_id=task.pk, by=floor.ana, version=1, until=until, reason="Budget in July", now=NOW)
    assert (fresh.status, fresh.lane, fresh.snoozed_until) == (TaskStatus.SNOOZED, Lane.WAITING, until)
    assert (fresh.acknowledge_by, fresh.touch_by) == (task.acknowledge_by, task.touch_by)
    back = resume_task(task_id=task.pk, by=floor.ana, version=fresh.version, now=LATER)
    assert (back.status, back.lane, back.snoozed_until) == (TaskStatus.OPEN, Lane.NOW, None)


def test_waiting_on_the_customer_pauses_what_is_due_later(floor: Floor, task: Task) -> None:
    with pytest.raises(TaskRefused):
        wait_on_customer(task_id=task.pk, by=floor.ana, version=1, next_step_on=date(2026, 3, 1), now=NOW)
    fresh = wait_on_customer(task_id=task.pk, by=floor.ana, version=1, next_step_on=date(2026, 3, 9), now=NOW)
    assert (fresh.status, fresh.lane, fresh.touched_at) == (TaskStatus.WAITING, Lane.WAITING, NOW)
    back = resume_task(task_id=task.pk, by=floor.ana, version=fresh.version, now=NOW + timedelta(days=3))
    assert back.due_at == task.due_at + timedelta(days=3)
    assert (back.status, back.lane) == (TaskStatus.CLAIMED, Lane.NOW)


# ── Working ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_only_its_owner_acknowledges_and_once(floor: Floor, task: Task) -> None:
    acknowledge_task(task_id=task.pk, by=floor.lead, now=NOW)
    assert Task.objects.get().acknowledged_at is None
    acknowledge_task(task_id=task.pk, by=floor.ana, now=NOW)
    acknowledge_task(task_id=task.pk, by=floor.ana, now=LATER)
    fresh = Task.objects.get()
    assert (fresh.acknowledged_at, fresh.due_at, fresh.version) == (NOW, task.touch_by, 2)


def test_notes_and_touches_count_as_begun(floor: Floor, task: Task) -> None:
    add_note(task_id=task.pk, by=floor.ana, text=" Called. ", now=NOW)
    fresh = touch_task(task_id=task.pk, by=floor.ana, version=2, next_step_on=date(2026, 3, 5), now=LATER)
    assert (fresh.touched_at, fresh.status, fresh.next_step_on) == (NOW, TaskStatus.CLAIMED, date(2026, 3, 5))
    assert Item.objects.get().touched_at == NOW
    with pytest.raises(TaskRefused):
        add_note(task_id=task.pk, by=floor.ana, text=" ", now=NOW)


def test_steps_are_ticked_and_unticked(floor: Floor, task: Task) -> None:
    first, second = RunStep.objects.order_by("step__position")
    complete_step(run_step_id=first.pk, by=floor.ana, now=NOW)
    complete_step(run_step_id=first.pk, by=floor.ana, now=LATER)
    first.refresh_from_db()
    assert (first.status, first.done_by, first.done_at) == (RunStepStatus.DONE, floor.ana, NOW)
    assert Task.objects.get().touched_at == NOW
    uncomplete_step(run_step_id=first.pk, by=floor.ana, now=NOW)
    first.refresh_from_db()
    assert (first.status, first.done_by) == (RunStepStatus.OPEN, None)
    outsider = make_user("olga", team=floor.team)
    with pytest.raises(RunRefused):
        complete_step(run_step_id=second.pk, by=outsider, now=NOW)


# ── Giving ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_handing_over_moves_item_run_and_permission(floor: Floor, task: Task) -> None:
    olaf = make_user("olaf", team=make_team("South"))
    given = assign_task(task_id=task.pk, by=floor.ana, version=1, to=olaf, note="You know them.", now=NOW)
    assert (given.assignee, Item.objects.get().owner, Run.objects.get().owner) == (olaf, olaf, olaf)
    assert Grant.objects.get().user == olaf
    back = assign_task(task_id=task.pk, by=olaf, version=given.version, to=floor.ana, now=NOW)
    assert back.assignee == floor.ana
    assert not Grant.objects.exists()


def test_nothing_is_given_to_leavers_or_the_absent(floor: Floor, task: Task) -> None:
    gone = make_user("gil", is_active=False)
    Absence.objects.create(user=floor.bea, active_from=NOW, active_to=NOW + timedelta(days=2))
    for to, words in ((gone, "has left"), (floor.bea, "away until"), (floor.ana, "already")):
        with pytest.raises(TaskRefused, match=words):
            assign_task(task_id=task.pk, by=floor.ana, version=1, to=to, now=NOW)


def test_a_task_by_hand(floor: Floor) -> None:
    values: dict[str, Any] = {"account": floor.account, "by": floor.ana, "assignee": floor.bea, "now": NOW}
    made = create_task(title=" Send the slides ", due_at=LATER, **values)
    assert (made.title, made.created_by, made.lane, made.item) == ("Send the slides", floor.ana, Lane.NOW, None)
    assert close(made, floor.bea, "completed").status == TaskStatus.CLOSED
    for fields, field in (({"title": " "}, "title"), ({"due_at": NOW}, "due_at")):
        with pytest.raises(TaskRefused) as refusal:
            create_task(**{"title": "x", "due_at": LATER} | fields | values)
        assert refusal.value.field == field


# ── Steps with a task of their own ────────────────────────────────────────────────────────────────────────────────


def test_a_run_goes_on_when_its_steps_task_is_done_and_ends_with_the_last(floor: Floor) -> None:
    floor.insight("0.8", type_id="engagement_opportunity")
    advance_runs(NOW)
    task = Task.objects.get()
    close(task, floor.ana, "completed")
    assert Run.objects.get().status == RunStatus.DONE
    assert Item.objects.get().outcome == "completed"
    reopen_task(task_id=task.pk, by=floor.ana, version=2, now=LATER)
    assert (Run.objects.get().status, Item.objects.get().closed_at) == (RunStatus.LIVE, None)


def test_another_outcome_ends_the_run(floor: Floor) -> None:
    decision = floor.insight("0.8")
    advance_runs(NOW)
    close(Task.objects.get(), floor.ana, "risk_resolved")
    assert Run.objects.get().status == RunStatus.STOPPED
    assert Item.objects.get().outcome == "risk_resolved"
    assert Decision.objects.get() == decision


def test_a_wait_lasts_business_hours_and_a_step_that_went_on_is_not_reopened(floor: Floor) -> None:
    floor.insight("0.8")
    advance_runs(NOW)
    first = Task.objects.get()
    close(first, floor.ana, "completed")
    assert RunStep.objects.get(status="due").due_at == datetime(2026, 3, 5, 12, tzinfo=UTC)
    assert advance_runs(NOW + timedelta(days=2)) == 0
    assert advance_runs(NOW + timedelta(days=3)) == 2
    second = Task.objects.active().get()
    assert second.title == "Agree the next step with Acme"
    with pytest.raises(RunRefused, match="gone on"):
        reopen_task(task_id=first.pk, by=floor.ana, version=2, now=LATER)
