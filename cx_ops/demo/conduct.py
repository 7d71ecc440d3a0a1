"""People at their queues: what is due next with each task, done by the services that the screens call."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from random import Random
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from accounts.enums import ActivityKind
from core.bulk import fetch_all
from core.models import User
from cx_ops.demo.book import Customer
from cx_ops.demo.days import workday_number, workdays_before
from cx_ops.demo.feeds import contacts
from cx_ops.demo.manners import FOUND, Touch, end_of, goes_on_after, manner_of, touch_of
from playbooks.enums import RunStepStatus, TaskStatus
from playbooks.models import RunStep, Task
from playbooks.services import runs, tasks
from playbooks.services.touches import tell_touch

MOST_IN_NOW = 4  # a person who has more at the end of a session closes something
NO_TALK = ("no_response", "insight_wrong")  # what a step can end with without a talk
ASKS_AGAIN = timedelta(days=7)
BEGINS = time(9)
TAKES = (3, 17)  # minutes for one thing
OPEN = """
SELECT id, account_id, assignee_id, type_id, run_id, run_step_id, status, version, opened_at, acknowledged_at,
       touched_at, next_step_on, lane = 'now' AND urgent
FROM playbooks_task
WHERE assignee_id = ANY(%s) AND status IN ('open', 'claimed', 'snoozed', 'waiting') AND type_id IS NOT NULL
ORDER BY priority DESC, id
"""


class OpenTask(NamedTuple):
    """What somebody sees of a task in their queue."""

    id: UUID
    account_id: UUID
    assignee_id: UUID
    type_id: str
    run_id: UUID | None
    run_step_id: UUID | None
    status: str
    version: int
    opened_at: datetime
    acknowledged_at: datetime | None
    touched_at: datetime | None
    next_step_on: date | None
    is_now: bool


class Desk:
    """Everybody's queue. `customers` by the id of their account."""

    def __init__(self, customers: Mapping[UUID, Customer]) -> None:
        self.customers = customers
        self.users = {user.username: user for user in User.objects.all()}
        self.by_id = {user.id: user for user in self.users.values()}

    def work(self, usernames: Iterable[str], *, now: datetime, until: datetime) -> int:
        """One session of these people at their queues, from `now`, one thing after another; how many they did."""
        people = [self.users[name].id for name in usernames]
        queue = [OpenTask(*row) for row in fetch_all(OPEN, [people])]
        finished = self._too_many(queue)
        done, clocks = 0, dict.fromkeys(people, now)
        for task in queue:
            customer = self.customers[task.account_id]
            if not customer.is_story:
                by = self.by_id[task.assignee_id]
                took = timedelta(minutes=customer.random("takes", now.date()).randint(*TAKES))
                moment = clocks[by.id] + took
                if moment <= until and self._next_act(task, customer, by, moment, finishes=task.id in finished):
                    clocks[by.id], done = moment, done + 1
        return done

    def _too_many(self, queue: list[OpenTask]) -> set[UUID]:
        """What goes today because there is too much in Now: the least of it, and nothing that is current."""
        finished: set[UUID] = set()
        for owner in {task.assignee_id for task in queue}:
            mine = [task for task in queue if task.assignee_id == owner and task.is_now]
            told = [task for task in mine if not self.customers[task.account_id].is_story]
            told.sort(key=lambda task: not self.customers[task.account_id].is_current)
            if len(mine) > MOST_IN_NOW:
                finished |= {task.id for task in told[MOST_IN_NOW - len(mine) :]}
        return finished

    def _next_act(self, task: OpenTask, customer: Customer, by: User, now: datetime, *, finishes: bool) -> bool:
        """Do the furthest thing with a task whose day has come; whether anything was done."""
        is_step = task.run_step_id is not None
        chance = customer.random("manner", task.type_id, task.opened_at.date(), is_step)
        manner = manner_of(chance, is_step=is_step, is_current=customer.is_current)
        age = workdays_since(task.opened_at, now.date())
        waiting = task.status == TaskStatus.WAITING
        if not finishes and (task.status == TaskStatus.SNOOZED or (waiting and age < manner.returns)):
            return False
        is_over = customer.is_bound(now.date()) and task.type_id == "churn_risk"
        if finishes or is_over or age >= manner.closes:
            self._close(task, customer, chance, by, now)
            return True
        if waiting or is_step:
            return False
        if manner.waits is not None and manner.waits <= age < manner.returns:
            return bool(_wait(task, by, now))
        if manner.puts_off == age and task.next_step_on and task.next_step_on > now.date():
            return bool(_put_off(task, task.next_step_on, by, now))
        if _goes_on(task, now.date()) or (task.touched_at is None and age >= manner.writes):
            chance = customer.random("touch", task.type_id, now.date())
            on = workdays_before(now.date(), -goes_on_after(manner, age, chance))
            self._touch(task, min(on, last_chance(customer, now.date())), chance, by, now)
            return True
        notices = 0 if customer.claim else manner.notices
        return task.acknowledged_at is None and age >= notices and bool(_acknowledge(task, by, now))

    def _touch(self, task: OpenTask, on: date, chance: Random, by: User, now: datetime) -> None:
        """Work on a task: a call or a note, a day to go on, and often a step of its plan."""
        touch = touch_of(task.type_id, chance)
        text = _told(touch, self.customers[task.account_id], now.date())
        note = "" if touch.kind else text
        tasks.touch_task(task_id=task.id, by=by, version=task.version, next_step_on=on, note=note, now=now)
        if touch.kind:
            tell_touch(task_id=task.id, kind=ActivityKind(touch.kind), text=text, by=by, now=now)
        if task.run_id and not task.run_step_id and touch.reached:
            is_first = not RunStep.objects.filter(run=task.run_id, status=RunStepStatus.DONE).exists()
            if chance.random() < 0.6 or is_first:
                tick_next_step(task.run_id, by=by, now=now)

    def _close(self, task: OpenTask, customer: Customer, chance: Random, by: User, now: datetime) -> None:
        """A step is mostly just done; a task ends as things stand with the customer. The talk before that is logged."""
        outcome, reason, note = "completed", "", ""
        if not task.run_step_id or chance.random() < 0.25:
            outcome, reason, note = end_of(task.type_id, customer, chance, now.date())
        if task.type_id == "churn_risk" and outcome not in NO_TALK and (task.run_step_id or not task.touched_at):
            touch = Touch("Spoke with {who}.") if note else touch_of(task.type_id, chance, reached=True)
            text = _told(touch, customer, now.date())
            tell_touch(task_id=task.id, kind=ActivityKind.CALL, text=text, by=by, now=now)
            if task.run_id and not task.run_step_id:
                tick_next_step(task.run_id, by=by, now=now)
        version = Task.objects.values_list("version", flat=True).get(pk=task.id)
        tasks.close_task(task_id=task.id, by=by, version=version, outcome=outcome, reason=reason, note=note, now=now)


def _told(touch: Touch, customer: Customer, day: date) -> str:
    """What somebody writes down of a touch."""
    found = customer.random("found", day).choice(FOUND)
    return touch.text.format(who=next(contacts(customer))["name"], found=found)


def last_chance(customer: Customer, day: date) -> date:
    """The last workday before the term ends, but not before tomorrow's."""
    return max(workdays_before(customer.term_at(day)[1], 1), workdays_before(day, -1))


def _goes_on(task: OpenTask, day: date) -> bool:
    """Whether the day has come that was planned for the next step."""
    return task.next_step_on is not None and task.next_step_on <= day


def _acknowledge(task: OpenTask, by: User, now: datetime) -> Task:
    return tasks.acknowledge_task(task_id=task.id, by=by, now=now)


def _put_off(task: OpenTask, day: date, by: User, now: datetime) -> Task:
    """Snoozed until the morning of its next step."""
    return tasks.snooze_task(
        task_id=task.id,
        by=by,
        version=task.version,
        until=datetime.combine(day, BEGINS, ZoneInfo(by.timezone)),
        reason="Their figures of the month are there then.",
        now=now,
    )


def _wait(task: OpenTask, by: User, now: datetime) -> Task:
    return tasks.wait_on_customer(
        task_id=task.id,
        by=by,
        version=task.version,
        next_step_on=(now + ASKS_AGAIN).date(),
        note="They answer by the end of the week.",
        now=now,
    )


def tick_next_step(run_id: UUID, *, by: User, now: datetime) -> bool:
    """Tick the first open step of a person's plan; whether there was one."""
    step = RunStep.objects.filter(run=run_id, status=RunStepStatus.OPEN).order_by("step__position").first()
    if step is None:
        return False
    runs.complete_step(run_step_id=step.id, by=by, now=now)
    return True


def workdays_since(moment: datetime, day: date) -> int:
    return workday_number(day) - workday_number(moment.date())
