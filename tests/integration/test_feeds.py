"""Feeds by the clock: stopped, halved, with a renamed column: each is found within its cadence, with its owner."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from core.models import Absence, Alert, Organisation, User
from cx_ops.invariants import broken_invariants
from cx_ops.pipeline import advance_all, tick_all
from decisions.enums import OutcomeKind
from intake.enums import Problem
from intake.models import Import, Shipment, Source, Trouble
from outcomes.models import Outcome
from playbooks.enums import Held, Lane, TaskStatus
from playbooks.models import Task
from playbooks.services.leaving import hand_over
from playbooks.services.tasks import TaskRefused, close_task, reopen_task, wait_on_customer
from tests.factories import NOW, make_source, make_user
from tests.feeds import DAY, days, opened, send
from tests.floor import Floor

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("uploads")]
HOUR = timedelta(hours=1)


# ── Found within the cadence, with the owner ──────────────────────────────────────────────────────────────────────


def test_a_feed_that_stopped(floor: Floor, feed: Source) -> None:
    days(feed)
    tick_all(NOW + 23 * HOUR)
    assert not Task.objects.filter(source=feed).exists()
    tick_all(NOW + 27 * HOUR)
    task = opened(Problem.ARRIVAL)
    assert task.assignee == floor.ana
    assert (task.lane, task.title) == (Lane.NOW, "Crm: late, nothing for 27 hours")
    assert task.account is None
    tick_all(NOW + 49 * HOUR)
    task = opened(Problem.ARRIVAL)
    assert (task.lane, task.title) == (Lane.NOW, "Crm: silent for 2 days")
    assert Task.objects.filter(source=feed).count() == 1, "late and silent are one trouble"
    assert not any(broken_invariants().values())


def test_a_feed_that_halved(floor: Floor, feed: Source) -> None:
    days(feed)
    send(feed, NOW + DAY, rows=49)
    tick_all(NOW + DAY + HOUR)
    task = opened(Problem.VOLUME)
    assert task.assignee == floor.ana
    assert task.title == "Crm: accounts: only 49 % of the usual rows"
    assert ["Rows", "49", ""] in task.trouble.facts  # type: ignore[union-attr]


def test_a_feed_with_a_renamed_column(floor: Floor, feed: Source) -> None:
    days(feed)
    send(feed, NOW + DAY, header=("external_id", "name", "segment", "region"))
    tick_all(NOW + DAY + HOUR)
    task = opened(Problem.SHAPE)
    assert task.assignee == floor.ana
    assert ["Looks renamed", "tier → segment", ""] in task.trouble.facts  # type: ignore[union-attr]
    assert task.lane == Lane.NOW


def test_a_feed_whose_values_are_others(feed: Source) -> None:
    days(feed)
    send(feed, NOW + DAY, tier="gold")
    tick_all(NOW + DAY + HOUR)
    assert opened(Problem.DRIFT).title == "Crm: accounts: “tier” holds other values"


def test_a_feed_whose_cells_are_blank(feed: Source) -> None:
    days(feed)
    send(feed, NOW + DAY, region="")
    tick_all(NOW + DAY + HOUR)
    assert "100 % blank" in str(opened(Problem.DRIFT).trouble.facts)  # type: ignore[union-attr]


def test_a_feed_whose_rows_are_refused(feed: Source) -> None:
    days(feed)
    send(feed, NOW + DAY, name="")
    tick_all(NOW + DAY + HOUR)
    assert opened(Problem.REFUSED).title == "Crm: accounts: 100 % of the rows not taken, or waiting"


def test_a_feed_of_calls_that_halved(floor: Floor) -> None:
    source = make_source("model", owner=floor.ana, cadence_hours=24)

    def call(at: datetime, rows: int) -> None:
        Shipment.objects.create(source=source, kind="insights", at=at, rows=rows, is_summed=False)

    for hour in range(96):
        call(NOW + hour * HOUR, 10)
    tick_all(NOW + 95 * HOUR + HOUR / 2)
    assert not Trouble.objects.exists()
    for hour in range(96, 120):
        call(NOW + hour * HOUR, 4)
    tick_all(NOW + 119 * HOUR + HOUR / 2)
    assert opened(Problem.VOLUME).title == "Model: insights: only 40 % of the usual rows"


def test_a_feed_that_is_well_troubles_nobody(feed: Source) -> None:
    days(feed, count=9)
    tick_all(NOW + 24 * HOUR)
    assert not Trouble.objects.exists()
    assert not Task.objects.exists()


def test_rows_that_were_mended_and_sent_again_are_no_delivery(feed: Source) -> None:
    days(feed)
    header = ("external_id", "name", "tier", "region", "_row", "_column", "_code", "_message", "_value")
    send(feed, NOW + DAY, rows=23, header=header, region="")
    tick_all(NOW + DAY + HOUR)
    assert set(Trouble.objects.values_list("problem", flat=True)) <= {Problem.ARRIVAL}
    assert Shipment.objects.filter(source=feed, at=NOW + DAY).count() == 0


def test_a_file_that_was_undone_says_nothing_of_the_feed(feed: Source) -> None:
    days(feed)
    send(feed, NOW + DAY, rows=5)
    Import.objects.filter(created_at=NOW + DAY).update(status="undone")
    tick_all(NOW + DAY + HOUR)
    assert not Trouble.objects.filter(problem=Problem.VOLUME).exists()


def test_without_a_cadence_nothing_is_late(floor: Floor) -> None:
    source = make_source("notes", owner=floor.ana)
    send(source, NOW)
    tick_all(NOW + 60 * DAY)
    assert not Trouble.objects.exists()


# ── What becomes of it ────────────────────────────────────────────────────────────────────────────────────────────


def test_it_closes_itself_when_the_feed_is_well_again(feed: Source) -> None:
    days(feed)
    tick_all(NOW + 30 * HOUR)
    task = opened(Problem.ARRIVAL)
    send(feed, NOW + 31 * HOUR)
    tick_all(NOW + 32 * HOUR)
    task.refresh_from_db()
    assert (task.status, task.outcome, task.closed_by) == (TaskStatus.CLOSED, OutcomeKind.SIGNAL_CLEARED, None)
    advance_all(NOW + 32 * HOUR)
    assert not Outcome.objects.exists()
    assert not any(broken_invariants().values())


def test_one_that_somebody_began_is_flagged_instead(floor: Floor, feed: Source) -> None:
    days(feed)
    tick_all(NOW + 30 * HOUR)
    task = opened(Problem.ARRIVAL)
    Task.objects.filter(pk=task.pk).update(touched_at=NOW + 30 * HOUR)
    send(feed, NOW + 31 * HOUR)
    tick_all(NOW + 32 * HOUR)
    task.refresh_from_db()
    assert task.status == TaskStatus.OPEN
    assert "well again" in task.flag


def test_fixed_but_the_same_after_a_cadence_is_raised_again(floor: Floor, feed: Source) -> None:
    days(feed)
    tick_all(NOW + 30 * HOUR)
    task = opened(Problem.ARRIVAL)
    close_task(task_id=task.pk, by=floor.ana, version=task.version, outcome="fixed", now=NOW + 31 * HOUR)
    tick_all(NOW + 40 * HOUR)
    assert not Task.objects.active().exists()
    tick_all(NOW + 56 * HOUR)
    assert opened(Problem.ARRIVAL).pk != task.pk


def test_no_fault_is_the_new_normal_and_can_be_taken_back(floor: Floor, feed: Source) -> None:
    days(feed)
    send(feed, NOW + DAY, rows=40)
    tick_all(NOW + DAY + HOUR)
    task = opened(Problem.VOLUME)
    closed = close_task(
        task_id=task.pk, by=floor.ana, version=task.version, outcome="not_a_fault", now=NOW + DAY + 2 * HOUR
    )
    send(feed, NOW + 2 * DAY, rows=40)
    tick_all(NOW + 2 * DAY + HOUR)
    assert not Task.objects.active().exists()
    assert Trouble.objects.get().cleared_at is not None
    reopen_task(task_id=task.pk, by=floor.ana, version=closed.version, now=NOW + 2 * DAY + 2 * HOUR)
    assert Trouble.objects.get().accepted_at is None


def test_what_does_not_fit_is_refused(floor: Floor, feed: Source) -> None:
    days(feed)
    tick_all(NOW + 30 * HOUR)
    task = opened(Problem.ARRIVAL)
    at = {"by": floor.ana, "version": task.version, "now": NOW + 31 * HOUR}
    with pytest.raises(TaskRefused, match="fixed, not_a_fault, other"):
        close_task(task_id=task.pk, outcome="no_change", **at)  # type: ignore[arg-type]
    with pytest.raises(TaskRefused, match="few words"):
        close_task(task_id=task.pk, outcome="other", **at)  # type: ignore[arg-type]
    with pytest.raises(TaskRefused, match="snooze it"):
        wait_on_customer(task_id=task.pk, next_step_on=(NOW + 3 * DAY).date(), **at)  # type: ignore[arg-type]


def test_a_source_that_is_switched_off_troubles_nobody_any_more(feed: Source) -> None:
    days(feed)
    tick_all(NOW + 30 * HOUR)
    Source.objects.filter(pk=feed.pk).update(is_active=False)
    tick_all(NOW + 31 * HOUR)
    assert not Task.objects.active().exists()


# ── Who gets it ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_backup_while_the_owner_is_away(floor: Floor, feed: Source) -> None:
    days(feed)
    Absence.objects.create(user=floor.ana, active_from=NOW, active_to=NOW + 9 * DAY)
    tick_all(NOW + 30 * HOUR)
    assert opened(Problem.ARRIVAL).assignee == floor.bea


def test_the_lead_then_the_catch_all_then_nobody_with_an_alert(floor: Floor) -> None:
    gone = make_user("gone", is_active=False, team=floor.team)
    make_source("a", owner=gone, cadence_hours=1)
    stray = make_user("stray", is_active=False)
    make_source("b", owner=stray, cadence_hours=1)
    for slug in "ab":
        send(Source.objects.get(slug=slug), NOW)
    tick_all(NOW + 5 * HOUR)
    owners = {task.source.slug: task.assignee for task in Task.objects.select_related("source", "assignee")}  # type: ignore[union-attr]
    assert owners["a"] == floor.lead
    catch_all = Organisation.objects.get().catch_all
    assert owners["b"] == catch_all
    Task.objects.all().delete()
    User.objects.filter(pk=catch_all.pk).update(is_active=False)  # type: ignore[union-attr]
    tick_all(NOW + 6 * HOUR)
    assert Task.objects.get(source__slug="b").assignee is None
    assert Alert.objects.filter(kind="source_unowned").exists()


def test_a_leavers_tasks_about_a_source_go_to_its_backup(floor: Floor, feed: Source) -> None:
    days(feed)
    tick_all(NOW + 30 * HOUR)
    hand_over(user=floor.ana, by=floor.lead, now=NOW + 31 * HOUR, groups=(Held.TASKS,))
    assert opened(Problem.ARRIVAL).assignee == floor.bea
