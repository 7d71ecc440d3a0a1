"""Undo, many at once, claims, filters: what the desk's services promise."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from accounts.models import Account
from core.models import User
from decisions.enums import OutcomeKind
from decisions.models import Item
from playbooks.enums import Lane, TaskStatus
from playbooks.models import Task
from playbooks.queries.deadlines import next_deadline
from playbooks.queries.doings import TAKE_BACK, UNDOABLE, done_lately
from playbooks.queries.filters import STATES, Filters
from playbooks.queries.snoozing import snooze_presets, zone_now
from playbooks.queries.terms import Term, limit_of
from playbooks.services.bulk import Chosen, change_many, choose, merge_targets, undo_many
from playbooks.services.claiming import LEASE
from playbooks.services.tasks import (
    TaskChanged,
    TaskHeld,
    TaskRefused,
    assign_task,
    claim_task,
    close_task,
    dismiss_task,
    merge_task,
    skip_task,
    snooze_task,
    take_over_task,
    undo_task,
    wait_on_customer,
)
from playbooks.services.undoing import UNDO
from tests.factories import NOW, make_contract
from tests.floor import Floor

pytestmark = pytest.mark.django_db
SOON = NOW + timedelta(hours=1)
COLUMNS = ("status", "lane", "assignee_id", "acknowledged_at", "touched_at", "snoozed_until", "next_step_on", "outcome")


@pytest.fixture
def task(floor: Floor) -> Task:
    return floor.task()


def state(task: Task) -> dict[str, Any]:
    return Task.objects.filter(pk=task.pk).values(*COLUMNS).get()


def snooze(task: Task, floor: Floor) -> Task:
    return snooze_task(
        task_id=task.pk, by=floor.ana, version=task.version, until=NOW + timedelta(days=1), reason="", now=NOW
    )


DOINGS = {
    "snoozed": snooze,
    "waiting": lambda task, floor: wait_on_customer(
        task_id=task.pk, by=floor.ana, version=task.version, next_step_on=SOON.date(), note="Legal reads it", now=NOW
    ),
    "assigned": lambda task, floor: assign_task(
        task_id=task.pk, by=floor.ana, version=task.version, to=floor.bea, now=NOW
    ),
}


@pytest.mark.parametrize("verb", DOINGS)
def test_an_undo_puts_everything_back(floor: Floor, task: Task, verb: str) -> None:
    before, item = state(task), Item.objects.values("owner_id", "touched_at").get()
    done = DOINGS[verb](task, floor)
    assert state(task) != before
    undo_task(task_id=task.pk, by=floor.ana, version=done.version, now=SOON)
    assert state(task) == before
    assert Item.objects.values("owner_id", "touched_at").get() == item


def test_every_act_with_an_inverse_has_words() -> None:
    assert set(UNDO) == set(UNDOABLE)


def test_what_somebody_went_on_with_is_not_undone(floor: Floor, task: Task) -> None:
    handed = assign_task(task_id=task.pk, by=floor.ana, version=task.version, to=floor.bea, now=NOW)
    close_task(task_id=task.pk, by=floor.bea, version=handed.version, outcome="lost", now=SOON)
    version = Task.objects.get(pk=task.pk).version
    with pytest.raises(TaskRefused, match="nothing of yours"):
        undo_task(task_id=task.pk, by=floor.ana, version=version, now=SOON)
    with pytest.raises(TaskChanged):
        undo_task(task_id=task.pk, by=floor.bea, version=handed.version, now=SOON)


def test_the_undo_of_a_merge_takes_its_evidence_back(floor: Floor, task: Task) -> None:
    other = floor.task(type_id="expansion_signal")
    merged = merge_task(task_id=task.pk, into=other.pk, by=floor.ana, version=task.version, now=NOW)
    undo_task(task_id=task.pk, by=floor.ana, version=merged.version, now=SOON)
    assert Task.objects.get(pk=other.pk).evidence_count == 1
    assert Item.objects.filter(closed_at=None).count() == 2


def test_what_was_done_lately_says_what_can_be_undone(floor: Floor, task: Task) -> None:
    snooze(task, floor)
    [done] = done_lately(floor.ana, since=NOW - timedelta(days=1), now=NOW)
    assert (done.task, done.may_undo, done.undo, done.is_close) == (task, True, "Undo the snooze", False)
    assert (done.deadline and done.deadline.state, done.whose, done.step_of) == ("on_track", "", "")
    assert TAKE_BACK.keys() == UNDOABLE.keys()
    [later] = done_lately(floor.ana, since=NOW - timedelta(days=1), now=NOW + timedelta(days=30))
    assert later.deadline is not None
    assert later.deadline.state == "late"
    assert done_lately(floor.bea, since=NOW - timedelta(days=1), now=NOW) == []
    undo_task(task_id=task.pk, by=floor.ana, version=Task.objects.get(pk=task.pk).version, now=SOON)
    assert done_lately(floor.ana, since=NOW - timedelta(days=1), now=SOON) == []


# ── Many at once ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def three(floor: Floor) -> list[Task]:
    return [floor.task(account=floor.new_account(name)) for name in ("Alder", "Birch", "Cedar")]


def dismiss_all(floor: Floor, chosen: list[Chosen], *, preview: bool = False) -> Any:
    return change_many(
        chosen,
        lambda one: dismiss_task(task_id=one.id, by=floor.ana, version=one.version, reason="They merged.", now=NOW),
        action="dismiss", by=floor.ana, now=NOW, preview=preview,
    )  # fmt: skip


def test_a_preview_changes_nothing_and_says_what_is_refused(floor: Floor, three: list[Task]) -> None:
    chosen = choose([task.pk for task in three], by=floor.ana)
    snooze(three[1], floor)
    plan = dismiss_all(floor, chosen, preview=True)
    assert [one.account for one in plan.changed] == ["Alder", "Cedar"]
    [(one, why)] = plan.refused
    assert (one.account, "snoozed" in why) == ("Birch", True)
    assert Task.objects.active().count() == 3
    assert plan.act_id is None


def test_one_undo_for_all_leaves_alone_what_went_on(floor: Floor, three: list[Task]) -> None:
    done = dismiss_all(floor, choose([task.pk for task in three], by=floor.ana))
    assert set(Task.objects.values_list("outcome", flat=True)) == {OutcomeKind.NOT_RELEVANT}
    first = Task.objects.get(pk=three[0].pk)
    undo_task(task_id=first.pk, by=floor.ana, version=first.version, now=SOON)
    back = undo_many(act_id=done.act_id, by=floor.ana, now=SOON)
    assert (len(back.changed), len(back.refused)) == (2, 1)
    assert Task.objects.active().count() == 3


def test_duplicates_are_merged_into_the_first_of_their_account(floor: Floor, task: Task) -> None:
    other = floor.task(type_id="expansion_signal")
    elsewhere = floor.task(account=floor.new_account("Alder"))
    chosen = choose([task.pk, elsewhere.pk, other.pk], by=floor.ana)
    assert merge_targets(chosen) == {other.pk: task.pk}


def test_tasks_that_are_not_visible_are_not_chosen(floor: Floor, task: Task) -> None:
    from tests.factories import make_team, make_user

    assert choose([task.pk], by=make_user("zoe", team=make_team("West"))) == []


# ── Claims ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_claim_keeps_others_out_until_it_lapses(floor: Floor, task: Task) -> None:
    claim_task(task_id=task.pk, by=floor.ana, now=NOW)
    with pytest.raises(TaskHeld, match="Ana is working on this"):
        close_task(task_id=task.pk, by=floor.lead, version=task.version, outcome="lost", now=SOON - LEASE * 3.5)
    with pytest.raises(TaskHeld):
        claim_task(task_id=task.pk, by=floor.lead, now=NOW + LEASE / 2)
    claim_task(task_id=task.pk, by=floor.lead, now=NOW + LEASE)
    assert Task.objects.get(pk=task.pk).claimed_by == floor.lead


def test_typing_does_not_make_ones_own_page_old(floor: Floor, task: Task) -> None:
    claim_task(task_id=task.pk, by=floor.ana, now=NOW)
    close_task(task_id=task.pk, by=floor.ana, version=task.version, outcome="lost", now=NOW)
    assert Task.objects.get(pk=task.pk).claimed_by is None


def test_only_a_manager_takes_over_and_says_why(floor: Floor, task: Task) -> None:
    claim_task(task_id=task.pk, by=floor.ana, now=NOW)
    with pytest.raises(TaskRefused, match="Say why"):
        take_over_task(task_id=task.pk, by=floor.lead, note=" ", now=NOW)
    taken = take_over_task(task_id=task.pk, by=floor.lead, note="They called me.", now=NOW)
    assert taken.claimed_by == floor.lead
    with pytest.raises(TaskRefused, match="Only a manager"):
        take_over_task(task_id=task.pk, by=floor.ana, note="No.", now=NOW)


def test_the_catch_all_leads_where_there_is_no_team(floor: Floor, task: Task) -> None:
    omar = User.objects.get(username="omar")
    claim_task(task_id=task.pk, by=floor.ana, now=NOW)
    with pytest.raises(Task.DoesNotExist):
        take_over_task(task_id=task.pk, by=omar, note="Not mine to see.", now=NOW)
    Account.objects.filter(pk=task.account_id).update(team=None)
    assert take_over_task(task_id=task.pk, by=omar, note="Nobody leads here.", now=NOW).claimed_by == omar


def test_a_skip_says_why_and_moves_nothing(floor: Floor, task: Task) -> None:
    before = state(task)
    skip_task(task_id=task.pk, by=floor.ana, reason="No invoice yet.", now=NOW)
    assert state(task) == before
    assert task.notes.get().text == "Skipped: No invoice yet."


def test_a_skip_can_be_undone(floor: Floor, task: Task) -> None:
    claim_task(task_id=task.pk, by=floor.ana, now=NOW)
    skip_task(task_id=task.pk, by=floor.ana, reason="No invoice yet.", now=NOW)
    assert Task.objects.get(pk=task.pk).claimed_by is None
    undo_task(task_id=task.pk, by=floor.ana, version=Task.objects.get(pk=task.pk).version, now=NOW)
    assert Task.objects.get(pk=task.pk).claimed_by == floor.ana
    assert [note.text for note in task.notes.all()] == ["Skipped: No invoice yet.", "Taken back: it is not skipped."]
    with pytest.raises(TaskRefused):
        undo_task(task_id=task.pk, by=floor.ana, version=Task.objects.get(pk=task.pk).version, now=NOW)


def test_the_undo_of_a_skip_takes_the_task_from_nobody(floor: Floor, task: Task) -> None:
    claim_task(task_id=task.pk, by=floor.ana, now=NOW)
    skip_task(task_id=task.pk, by=floor.ana, reason="No invoice yet.", now=NOW)
    take_over_task(task_id=task.pk, by=floor.lead, note="I take it.", now=NOW)
    undo_task(task_id=task.pk, by=floor.ana, version=Task.objects.get(pk=task.pk).version, now=NOW)
    assert Task.objects.get(pk=task.pk).claimed_by == floor.lead


def test_three_days_before_the_window_is_a_working_day(floor: Floor) -> None:
    monday = datetime(2026, 3, 2, 10, tzinfo=UTC)
    tuesday = datetime(2026, 3, 10, 12, tzinfo=UTC)
    limit = limit_of(tuesday, None, monday.date(), zone_now())
    [last] = [preset for preset in snooze_presets(monday, floor.ana, limit) if preset.value == "before"]
    assert last.until == datetime(2026, 3, 6, 9, tzinfo=UTC)
    assert "or more before" in str(last.label)


def test_a_snooze_ends_on_a_working_day(floor: Floor) -> None:
    friday = datetime(2026, 3, 6, 10, tzinfo=UTC)
    assert [preset.value for preset in snooze_presets(friday, floor.ana, None)] == ["later", "monday"]
    monday = [preset for preset in snooze_presets(friday, floor.ana, None) if preset.value == "monday"]
    assert monday[0].until == datetime(2026, 3, 9, 9, tzinfo=UTC)
    window = limit_of(friday + timedelta(days=20), None, friday.date(), zone_now())
    assert snooze_presets(friday, floor.ana, window)[-1].until == datetime(2026, 3, 23, 9, tzinfo=UTC)


def test_a_preset_before_the_limit_stands_where_its_day_is(floor: Floor) -> None:
    """And a day is offered once: three days before Thursday is Monday."""
    wednesday = datetime(2026, 3, 4, 10, tzinfo=UTC)
    for day, values in ((10, ["later", "tomorrow", "before", "monday"]), (12, ["later", "tomorrow", "monday"])):
        term = Term(date(2026, 3, day), None)
        limit = limit_of(None, term, wednesday.date(), zone_now())
        assert [preset.value for preset in snooze_presets(wednesday, floor.ana, limit)] == values


def test_what_is_beyond_the_cap_has_no_deadline_while_it_is_snoozed_either(floor: Floor) -> None:
    task = floor.task()
    Task.objects.update(lane=Lane.LATER, acknowledge_by=None, touch_by=None, due_at=NOW + timedelta(days=80))
    snooze(task, floor)
    fresh = Task.objects.get()
    assert (fresh.lane, next_deadline(fresh, NOW).text) == (Lane.WAITING, "no deadline yet")


NOTICE, END, WINDOW = date(2026, 6, 1), date(2026, 7, 1), datetime(2026, 6, 15, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("today", "window", "what"),
    [
        (date(2026, 5, 1), WINDOW, "the time to give notice ends"),
        (date(2026, 6, 2), WINDOW, "the window for acting closes"),
        (date(2026, 6, 2), None, "the term ends"),
    ],
)
def test_the_limit_of_a_snooze_is_what_comes_first(today: date, window: datetime | None, what: str) -> None:
    limit = limit_of(window, Term(END, NOTICE), today, zone_now())
    assert limit is not None
    assert str(limit.what) == what
    assert limit_of(None, None, today, zone_now()) is None


def test_a_snooze_past_the_term_wants_a_reason_alone_and_in_bulk(floor: Floor, task: Task) -> None:
    """The last day itself wants none: one can still act on it."""
    end = NOW.date() + timedelta(days=4)
    make_contract(floor.account, starts_on=NOW.date() - timedelta(days=9), ends_on=end)
    morning = datetime.combine(end, time(9), UTC)
    assert task.expires_at is not None
    assert task.expires_at > morning + timedelta(days=1)

    def snoozed(until: datetime, reason: str = "") -> Task:
        return snooze_task(
            task_id=task.pk, by=floor.ana, version=Task.objects.get(pk=task.pk).version, until=until, reason=reason,
            now=NOW,
        )  # fmt: skip

    with pytest.raises(TaskRefused, match="the term ends") as refusal:
        snoozed(morning + timedelta(days=1))
    assert refusal.value.field == "reason"
    plan = change_many(
        choose([task.pk], by=floor.ana), lambda one: snoozed(morning + timedelta(days=1)), action="snooze",
        by=floor.ana, now=NOW, preview=True,
    )  # fmt: skip
    assert [why for _one, why in plan.refused] == [str(refusal.value)]
    paused = {"task_id": task.pk, "by": floor.ana, "version": 1, "next_step_on": end + timedelta(days=1), "now": NOW}
    with pytest.raises(TaskRefused, match="the term ends") as refusal:
        wait_on_customer(**paused)
    assert refusal.value.field == "note"
    assert snoozed(morning).snoozed_until == morning
    assert snoozed(morning + timedelta(days=1), "They renew by phone.").snooze_reason == "They renew by phone."


# ── Filters ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_state_in_a_filter_is_that_of_the_chip(floor: Floor, task: Task) -> None:
    hours = (-5, 1, 30, 60, 400)
    for number, due in enumerate(hours):
        Task.objects.create(
            account=floor.account, title=f"Task {number}", assignee=floor.ana, lane=Lane.TODAY, opened_at=NOW,
            due_at=NOW + timedelta(hours=due), expires_at=NOW + timedelta(days=2) if number == 2 else None,
        )  # fmt: skip
    Task.objects.filter(title="Task 3").update(status=TaskStatus.WAITING, lane=Lane.WAITING, paused_at=NOW)
    everything = Task.objects.active()
    by_state = {state: set(Filters(sla=state).narrow(everything, NOW).values_list("pk", flat=True)) for state in STATES}
    assert all(by_state.values())
    assert {pk: state for state, pks in by_state.items() for pk in pks} == {
        task.pk: next_deadline(task, NOW).state for task in everything
    }


def test_a_filter_narrows_rows_and_counts_alike(floor: Floor, client: Any) -> None:
    floor.task(account=floor.new_account("Alder", segment="retail"))
    floor.task(account=floor.new_account("Birch", segment="health"))
    Task.objects.update(lane="now")
    client.force_login(floor.ana, backend="django.contrib.auth.backends.ModelBackend")
    for query in ({"segment": "retail"}, {"q": "alde"}, {"q": "Alder", "type": "churn_risk"}):
        page = client.get("/queue/", query)
        assert [row.account for row in page.context["rows"]] == ["Alder"]
        assert page.context["lanes"][0]["count"] == 1
    assert "Nothing fits these filters" in client.get("/queue/?q=nobody").content.decode()
