"""What the people of the stories do, by the services that the screens call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from core.models import User
from cx_ops.demo.conduct import tick_next_step
from cx_ops.demo.stories import Deed
from playbooks.enums import ACTIVE, RunStatus
from playbooks.models import Run, Task
from playbooks.services import runs, tasks


class NothingToDo(Exception):
    """A story wants something done that its customer has no open task or run for: a mistake of ours."""


def perform(deed: Deed, account_id: UUID, *, users: Mapping[str, User], now: datetime) -> None:
    """Do a deed on the customer's open task. Raises `NothingToDo`."""
    task = (
        Task.objects.filter(account_id=account_id, type_id=deed.type, status__in=ACTIVE)
        .order_by("run_step", "-opened_at")
        .first()
    )
    if task is None:
        raise NothingToDo(f"{deed.who} {deed.verb} {deed.ago} workdays ago: no open {deed.type}")
    VERBS[deed.verb](task, deed, users, now)


def _acknowledge(task: Task, deed: Deed, users: Mapping[str, User], now: datetime) -> None:
    tasks.acknowledge_task(task_id=task.id, by=users[deed.who], now=now)


def _note(task: Task, deed: Deed, users: Mapping[str, User], now: datetime) -> None:
    """With days, it is also said when it goes on."""
    by = users[deed.who]
    if deed.days:
        on = (now + timedelta(days=deed.days)).date()
        tasks.touch_task(task_id=task.id, by=by, version=task.version, next_step_on=on, note=deed.text, now=now)
    else:
        tasks.add_note(task_id=task.id, by=by, text=deed.text, now=now)


def _step(task: Task, deed: Deed, users: Mapping[str, User], now: datetime) -> None:
    if task.run_id is None or not tick_next_step(task.run_id, by=users[deed.who], now=now):
        raise NothingToDo(f"{deed.who}: no step to tick {deed.ago} workdays ago")


def _wait(task: Task, deed: Deed, users: Mapping[str, User], now: datetime) -> None:
    tasks.wait_on_customer(
        task_id=task.id,
        by=users[deed.who],
        version=task.version,
        next_step_on=(now + timedelta(days=deed.days)).date(),
        note=deed.text,
        now=now,
    )


def _resume(task: Task, deed: Deed, users: Mapping[str, User], now: datetime) -> None:
    tasks.resume_task(task_id=task.id, by=users[deed.who], version=task.version, now=now)


def _assign(task: Task, deed: Deed, users: Mapping[str, User], now: datetime) -> None:
    tasks.assign_task(
        task_id=task.id, by=users[deed.who], version=task.version, to=users[deed.to], note=deed.text, now=now
    )


def _close(task: Task, deed: Deed, users: Mapping[str, User], now: datetime) -> None:
    tasks.close_task(
        task_id=task.id,
        by=users[deed.who],
        version=task.version,
        outcome=deed.outcome,
        reason=deed.reason,
        note=deed.text,
        now=now,
    )


def _stop(task: Task, deed: Deed, users: Mapping[str, User], now: datetime) -> None:
    run = Run.objects.filter(item=task.item_id, status=RunStatus.LIVE).first()
    if run is None:
        raise NothingToDo(f"{deed.who}: no live run {deed.ago} workdays ago")
    runs.stop_run(run_id=run.id, by=users[deed.who], why=deed.text, now=now)


VERBS: Mapping[str, Callable[[Task, Deed, Mapping[str, User], datetime], None]] = {
    "acknowledge": _acknowledge,
    "note": _note,
    "step": _step,
    "wait": _wait,
    "resume": _resume,
    "assign": _assign,
    "close": _close,
    "stop": _stop,
}
