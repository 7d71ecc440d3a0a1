"""Working on a task: opened by its owner, noted on, touched, planned."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from core.business_time import Hours
from core.models import User
from core.services import record_act
from decisions.services import touch_item
from playbooks.enums import ACTIVE, Lane, TaskStatus
from playbooks.models import Task, TaskNote
from playbooks.queries.dispatching import organisation_hours, owners, service_levels
from playbooks.rules.lanes import lane_for
from playbooks.services.opening import due_after
from playbooks.services.taking import TaskRefused, check_may_act, lock_task, store, take_active

WORKED_ON = ["status", "lane", "acknowledged_at", "touched_at", "touch_by", "due_at"]


@transaction.atomic
def acknowledge_task(*, task_id: UUID, by: User, now: datetime) -> Task:
    """Say that its assignee has seen the task: done by opening it. Anybody else's look changes nothing.

    The task is due by its first touch from then on. Raises `Task.DoesNotExist`.
    """
    task = lock_task(task_id, by=by)
    if task.acknowledged_at or task.assignee_id != by.pk or task.status not in ACTIVE:
        return task
    task.acknowledged_at = now
    if task.touch_by and not task.touched_at:
        task.due_at = task.touch_by
    store(task, "acknowledged_at", "due_at")
    record_act("acknowledged", task, by=by, now=now)
    return task


@transaction.atomic
def add_note(*, task_id: UUID, by: User, text: str, now: datetime, kind: str = "") -> TaskNote:
    """Write a note on a task, open or closed. No version is needed: a note never overwrites anything.

    Raises `TaskRefused`, `Task.DoesNotExist`.
    """
    if not text.strip():
        raise TaskRefused(_("Write something first."), "text")
    task = lock_task(task_id, by=by)
    check_may_act(by, task)
    note = TaskNote.objects.create(task=task, by=by, kind=kind, text=text.strip(), at=now)
    record_act("noted", task, by=by, now=now)
    if task.status in ACTIVE:
        _touch(task, now)
    return note


@transaction.atomic
def touch_task(
    *, task_id: UUID, by: User, version: int, next_step_on: date | None = None, note: str = "", now: datetime
) -> Task:
    """Say that something was done for the task, and when it goes on: it is due at the end of that day from then on.

    Raises `TaskRefused`, `TaskChanged`.
    """
    task = take_active(task_id, by=by, version=version, now=now)
    if next_step_on is not None and next_step_on < now.date():
        raise TaskRefused(_("The next step is in the past: choose today or later."), "next_step_on")
    if note.strip():
        TaskNote.objects.create(task=task, by=by, text=note.strip(), at=now)
    if next_step_on is not None:
        _go_on(task, next_step_on, now)
    fresh = _touch(task, now, "next_step_on")
    record_act("touched", fresh, by=by, now=now, data={"next_step_on": str(task.next_step_on or "")})
    return fresh


def _go_on(task: Task, day: date, now: datetime) -> None:
    """Due when its owner's `day` closes, and until then in the lane for that; what sleeps is not woken."""
    task.next_step_on, task.due_at = day, _hours_of(task).span(day)[1]
    if task.lane != Lane.WAITING:
        task.lane = lane_for(task.due_at, now, task.zone)


def _first_touch(task: Task, now: datetime) -> None:
    """A signal is due by its first touch until somebody says when it goes on; beyond the cap, to begin is to get it."""
    if task.touch_by is None:
        levels = service_levels()
        level = levels.get(task.account.tier if task.account else "") or levels[""]
        task.touch_by = due_after(now, level.touch_hours, _hours_of(task))
    if task.next_step_on is None:
        task.due_at = task.touch_by
        if task.lane == Lane.LATER:
            task.lane = lane_for(task.due_at, now, task.zone)


def _hours_of(task: Task) -> Hours:
    owner = owners([str(task.assignee_id)]).get(str(task.assignee_id)) if task.assignee_id else None
    return owner.hours if owner else organisation_hours()


def _touch(task: Task, now: datetime, *fields: str) -> Task:
    """The first work on it counts for the service level, and the item no longer closes by itself."""
    if task.urgent and task.touched_at is None:
        _first_touch(task, now)
    task.status = TaskStatus.CLAIMED if task.status == TaskStatus.OPEN else task.status
    task.acknowledged_at, task.touched_at = task.acknowledged_at or now, task.touched_at or now
    if task.item_id:
        touch_item(item_id=task.item_id, now=now)
    store(task, *WORKED_ON, *fields)
    return task
