"""What happens because time has passed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from core.models import Act, Alert, User
from cx_ops.pipeline import advance_all
from decisions.models import Item
from insights.models import Insight
from insights.services import retract_insight
from playbooks.enums import Lane, RunStatus, TaskStatus
from playbooks.models import CapCounter, Run, Task
from playbooks.queries.deadlines import next_deadline
from playbooks.services import tick
from playbooks.services.assigning import assign_task, create_task
from playbooks.services.tasks import close_task, snooze_task, touch_task, wait_on_customer
from tests.factories import NOW, make_insight
from tests.floor import Floor

pytestmark = pytest.mark.django_db
TOMORROW = NOW + timedelta(days=1)


def test_snoozed_and_waiting_tasks_come_back_to_their_lane(floor: Floor) -> None:
    snoozed = floor.task()
    waiting = floor.task(account=floor.new_account("Beta"))
    snooze_task(task_id=snoozed.pk, by=floor.ana, version=1, until=TOMORROW, now=NOW)
    wait_on_customer(task_id=waiting.pk, by=floor.ana, version=1, next_step_on=date(2026, 3, 3), now=NOW)
    tick(NOW)
    assert Task.objects.filter(lane=Lane.WAITING).count() == 2
    tick(TOMORROW)
    assert dict(Task.objects.values_list("status", "lane")) == {"open": "now", "claimed": "now"}
    assert Task.objects.get(pk=waiting.pk).due_at == waiting.due_at + timedelta(days=1)


def test_a_lane_says_when(floor: Floor) -> None:
    """Begun, with its next step on another day, it leaves Now; that day it is in Today, and at its end in Now."""
    User.objects.filter(pk=floor.ana.pk).update(timezone="America/New_York")
    begun = floor.task()
    day = date(2026, 3, 4)
    fresh = touch_task(task_id=begun.pk, by=floor.ana, version=1, next_step_on=day, now=NOW)
    assert (fresh.lane, fresh.version) == (Lane.LATER, 2)
    untouched = floor.task(account=floor.new_account("Beta"))
    by_hand = create_task(
        account=floor.account, title="Send it", by=floor.ana, assignee=floor.ana, due_at=fresh.due_at, now=NOW
    )
    for moment, lane in (
        (datetime(2026, 3, 4, 4, 59, tzinfo=UTC), Lane.LATER),  # 23:59 of the day before where Ana is
        (datetime(2026, 3, 4, 5, 1, tzinfo=UTC), Lane.TODAY),
        (fresh.due_at - timedelta(hours=4, minutes=1), Lane.TODAY),
        (fresh.due_at - timedelta(hours=4), Lane.NOW),
        (fresh.due_at + timedelta(days=3), Lane.NOW),
    ):
        tick(moment)
        lanes = dict(Task.objects.values_list("pk", "lane"))
        assert lanes == {begun.pk: lane, by_hand.pk: lane, untouched.pk: Lane.NOW}
    assert Task.objects.get(pk=begun.pk).version == 2


def test_what_is_above_the_cap_has_no_deadline_until_it_is_given(floor: Floor) -> None:
    User.objects.filter(pk=floor.ana.pk).update(daily_cap=1)
    make_insight(floor.new_account("Alpha", arr_amount=5000), "0.95", source=floor.source)
    make_insight(floor.new_account("Beta", arr_amount=1000), "0.95", source=floor.source)
    floor.work()
    tick(NOW + timedelta(hours=1))
    held = Task.objects.get(account__name="Beta")
    assert (held.lane, held.acknowledge_by, held.touch_by, held.due_at) == (Lane.LATER, None, None, held.expires_at)
    assert next_deadline(held, NOW).text == "no deadline yet"
    assert names_in_now() == {"Alpha"}
    begun = Task.objects.get(account__name="Alpha")
    touch_task(task_id=begun.pk, by=floor.ana, version=begun.version, next_step_on=date(2026, 3, 9), now=TOMORROW)
    tick(TOMORROW)
    assert names_in_now() == {"Beta"}, "what is begun and planned takes no room in Now"
    given = Task.objects.get(account__name="Beta")
    assert given.acknowledge_by == given.due_at == datetime(2026, 3, 3, 16, tzinfo=UTC), "four hours of work from then"
    assert given.touch_by == datetime(2026, 3, 4, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("next_step", "due"),
    [(None, datetime(2026, 3, 3, 12, tzinfo=UTC)), (date(2026, 3, 2), datetime(2026, 3, 2, 17, tzinfo=UTC))],
)
def test_who_begins_what_is_above_the_cap_has_it_from_then_on(
    floor: Floor, next_step: date | None, due: datetime
) -> None:
    """Due by its service level's first touch, eight hours of work from then, or by its next step."""
    User.objects.filter(pk=floor.ana.pk).update(daily_cap=0)
    held = floor.task()
    assert (held.lane, held.touch_by, held.due_at) == (Lane.LATER, None, held.expires_at)
    begun = touch_task(task_id=held.pk, by=floor.ana, version=held.version, next_step_on=next_step, now=NOW)
    fresh = Task.objects.get(pk=held.pk)
    assert (begun.due_at, fresh.due_at, fresh.touch_by) == (due, due, datetime(2026, 3, 3, 12, tzinfo=UTC))
    assert fresh.lane == (Lane.TODAY if next_step else Lane.LATER)
    tick(due)
    assert Task.objects.get(pk=held.pk).lane == Lane.NOW


def test_what_is_above_the_cap_and_gets_worse_asleep_waits_for_room_again(floor: Floor) -> None:
    User.objects.filter(pk=floor.ana.pk).update(daily_cap=0)
    held = floor.task(reason="usage_drop")
    snooze_task(task_id=held.pk, by=floor.ana, version=held.version, until=NOW + timedelta(days=5), now=NOW)
    floor.insight("0.95", now=NOW + timedelta(hours=2), reason="sponsor_silent")
    woken = Task.objects.get(pk=held.pk)
    assert (woken.status, woken.lane, woken.touch_by) == (TaskStatus.OPEN, Lane.LATER, None)
    assert "got worse" in woken.flag


def test_later_is_released_by_priority_as_far_as_there_is_room(floor: Floor) -> None:
    User.objects.filter(pk=floor.ana.pk).update(daily_cap=2)
    for revenue in range(1, 7):
        make_insight(floor.new_account(f"Co{revenue}", arr_amount=revenue * 1000), "0.95", source=floor.source)
    floor.work()
    tick(NOW)
    assert names_in_now() == {"Co5", "Co6"}
    tick(TOMORROW)
    assert names_in_now() == {"Co5", "Co6"}
    done = Task.objects.get(account__name="Co6")
    close_task(task_id=done.pk, by=floor.ana, version=done.version, outcome="no_change", now=TOMORROW)
    tick(TOMORROW)
    tick(TOMORROW)
    assert names_in_now() == {"Co5", "Co4"}
    assert CapCounter.objects.get(on_day=TOMORROW.date()).taken == 1
    assert {act.data["to"] for act in Act.objects.filter(verb="released")} == {str(floor.ana.pk)}


def names_in_now() -> set[str]:
    return set(Task.objects.active().filter(lane=Lane.NOW).values_list("account__name", flat=True))


def test_what_is_taken_back_untouched_gives_its_place_back_on_the_day_it_was_given(floor: Floor) -> None:
    User.objects.filter(pk=floor.ana.pk).update(daily_cap=2)
    for revenue in range(1, 6):
        make_insight(floor.new_account(f"Co{revenue}", arr_amount=revenue * 1000), "0.95", source=floor.source)
    floor.work()
    assert names_in_now() == {"Co5", "Co4"}
    take_back("Co5")
    assert CapCounter.objects.get(user=floor.ana).taken == 1
    tick(NOW)
    assert names_in_now() == {"Co4", "Co3"}
    take_back("Co2")
    assert CapCounter.objects.get(user=floor.ana).taken == 2, "it waited in Later, and had no place"

    for name in ("Co4", "Co3"):
        take_back(name)
    tick(TOMORROW)
    assert names_in_now() == {"Co1"}
    assert dict(CapCounter.objects.values_list("on_day", "taken")) == {NOW.date(): 0, TOMORROW.date(): 1}
    take_back("Co1")
    assert dict(CapCounter.objects.values_list("on_day", "taken")) == {NOW.date(): 0, TOMORROW.date(): 0}


def test_what_somebody_began_or_handed_on_keeps_its_place(floor: Floor) -> None:
    begun, handed = floor.task(), floor.task(account=floor.new_account("Beta"))
    touch_task(task_id=begun.pk, by=floor.ana, version=1, now=NOW)
    CapCounter.objects.create(user=floor.bea, on_day=NOW.date(), taken=1)
    assign_task(task_id=handed.pk, by=floor.ana, version=1, to=floor.bea, now=NOW)
    for task in (begun, handed):
        take_back(task.account.name)  # type: ignore[union-attr]
    assert dict(Task.objects.values_list("account__name", "status")) == {"Acme": "claimed", "Beta": "closed"}
    assert dict(CapCounter.objects.values_list("user__username", "taken")) == {"ana": 2, "bea": 1}


def take_back(name: str) -> None:
    insight = Insight.objects.get(account__name=name)
    retract_insight(insight_id=insight.pk, why="wrong", now=NOW, actor="source house")
    advance_all(NOW)


def test_tasks_expire_untouched_and_are_flagged_touched(floor: Floor) -> None:
    untouched = floor.task()
    touched = floor.task(account=floor.new_account("Beta"))
    touch_task(task_id=touched.pk, by=floor.ana, version=1, now=NOW)
    tick(NOW + timedelta(days=89))
    assert Task.objects.active().count() == 2
    for _twice in range(2):
        tick(NOW + timedelta(days=91))
    untouched.refresh_from_db()
    touched.refresh_from_db()
    assert (untouched.status, untouched.outcome) == (TaskStatus.EXPIRED, "expired")
    assert Item.objects.get(pk=untouched.item_id).outcome == "expired"
    assert Run.objects.get(item=untouched.item_id).status == RunStatus.STOPPED
    assert touched.status == TaskStatus.CLAIMED
    assert "window closed" in touched.flag


def test_lateness_is_told_once_a_day_from_the_condition(floor: Floor) -> None:
    task = floor.task()
    tick(NOW + timedelta(hours=3))
    assert not Alert.objects.exists()
    for _twice in range(2):
        tick(NOW + timedelta(hours=4))
    alert = Alert.objects.get(kind="late_acknowledge")
    assert (alert.count, alert.team, alert.text) == (1, floor.team, "1 task was not acknowledged in time")
    other = floor.task(account=floor.new_account("Beta"))
    Task.objects.filter(pk=task.pk).update(acknowledged_at=NOW, touched_at=NOW, due_at=TOMORROW)
    Task.objects.filter(pk=other.pk).update(acknowledge_by=NOW + timedelta(hours=5))
    tick(NOW + timedelta(hours=5))
    alert.refresh_from_db()
    assert (alert.count, alert.text) == (2, "1 task was not acknowledged in time"), "another one is late now"
    Task.objects.filter(pk=other.pk).update(acknowledged_at=NOW, touched_at=NOW, due_at=TOMORROW)
    Task.objects.filter(pk=task.pk).update(acknowledged_at=NOW, touched_at=NOW)
    tick(TOMORROW)
    assert Alert.objects.count() == 1


def test_the_lead_gets_one_line_about_who_is_over_the_cap(floor: Floor) -> None:
    User.objects.filter(pk=floor.ana.pk).update(daily_cap=0)
    for revenue in (100_000, 110_000):
        make_insight(floor.new_account(arr_amount=revenue), "0.95", source=floor.source)
    floor.work()
    for _twice in range(2):
        tick(NOW)
    alert = Alert.objects.get(kind="capped")
    assert (alert.text, alert.count) == (
        "More came for Ana than one is given in a day: 2 urgent tasks in Later, $210k a year at stake",
        1,
    )


def test_what_was_begun_is_not_late_for_whoever_gets_it(floor: Floor) -> None:
    task = floor.task()
    begun = touch_task(task_id=task.pk, by=floor.ana, version=1, next_step_on=date(2026, 3, 9), now=NOW)
    given = assign_task(task_id=task.pk, by=floor.ana, version=begun.version, to=floor.bea, now=NOW + timedelta(days=2))
    assert given.acknowledged_at == begun.acknowledged_at
    assert next_deadline(given, NOW + timedelta(days=2)).state == "on_track"
