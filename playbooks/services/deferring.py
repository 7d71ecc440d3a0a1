"""Putting a task off: snoozed, or waiting on the customer; and taking it up again."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.models import User
from core.services import record_act
from decisions.services import touch_item
from playbooks.enums import Lane, TaskStatus
from playbooks.models import Task, TaskNote
from playbooks.queries.snoozing import day_in_words
from playbooks.queries.terms import limit_of, term_of
from playbooks.rules.lanes import lane_for
from playbooks.services.taking import TaskRefused, as_was, let_go, store, take_active

PUT_OFF = (
    "status", "lane", "back_to", "snoozed_until", "snooze_reason", "next_step_on", "paused_at", "acknowledged_at",
    "touched_at", "claimed_by_id", "claimed_until",
)  # fmt: skip
WOKEN = ["status", "lane", "back_to", "snoozed_until", "snooze_reason", "paused_at", "due_at", "touch_by"]

# What is asked for past the day on which it is too late, by the field that would say it.
TOO_LATE = {
    "reason": gettext_lazy("On %(day)s %(what)s: choose an earlier day, or say why it can wait."),
    "note": gettext_lazy(
        "On %(day)s %(what)s: choose an earlier day, or write what they are to do and why it can wait."
    ),
}


@transaction.atomic
def snooze_task(
    *, task_id: UUID, by: User, version: int, until: datetime | None, reason: str = "", now: datetime
) -> Task:
    """Put a task off until a moment, or sooner if it gets worse. Its service level goes on running.

    Past the end of its window or its account's next date (`limit_of`) it needs a reason, which the manager sees.
    Raises `TaskRefused`, `TaskChanged`, `Task.DoesNotExist`.
    """
    task = take_active(task_id, by=by, version=version, now=now)
    if until is None or until <= now:
        raise TaskRefused(_("Choose a moment in the future to be reminded at."), "until")
    if not reason.strip():
        _refuse_too_late(task, until, by, now, "reason")
    before = as_was(task, *PUT_OFF)
    _leave_lane(task)
    task.status, task.snoozed_until, task.snooze_reason = TaskStatus.SNOOZED, until, reason.strip()[:200]
    task.acknowledged_at, task.paused_at = task.acknowledged_at or now, None
    store(task, *PUT_OFF)
    data = {"until": until.isoformat(), "before": before}
    record_act("snoozed", task, by=by, now=now, why=task.snooze_reason, data=data)
    return task


@transaction.atomic
def wait_on_customer(
    *, task_id: UUID, by: User, version: int, next_step_on: date | None, note: str = "", now: datetime
) -> Task:
    """Wait for the customer, who was contacted: what is due later pauses until it is taken up again.

    Needs the date on which to ask again, and past its `limit_of` a note.
    Raises `TaskRefused`, `TaskChanged`, `Task.DoesNotExist`.
    """
    task = take_active(task_id, by=by, version=version, now=now)
    if task.source_id is not None:
        raise TaskRefused(_("No customer has the next move here: snooze it instead."), "next_step_on")
    if next_step_on is None or next_step_on < now.date():
        raise TaskRefused(_("Choose the day on which you will ask again."), "next_step_on")
    if not note.strip():
        _refuse_too_late(task, datetime.combine(next_step_on, time.min, ZoneInfo(by.timezone)), by, now, "note")
    if note.strip():
        text = _("Paused for the customer: %(note)s") % {"note": note.strip()}
        TaskNote.objects.create(task=task, by=by, text=text, at=now)
    before = as_was(task, *PUT_OFF)
    _leave_lane(task)
    task.status, task.next_step_on, task.paused_at = TaskStatus.WAITING, next_step_on, now
    task.snoozed_until, task.snooze_reason = None, note.strip()[:200]
    task.acknowledged_at, task.touched_at = task.acknowledged_at or now, task.touched_at or now
    store(task, *PUT_OFF)
    touched = bool(task.item_id and touch_item(item_id=task.item_id, now=now))
    data = {"next_step_on": next_step_on.isoformat(), "before": before, "touched": touched}
    record_act("waiting", task, by=by, now=now, why=task.snooze_reason, data=data)
    return task


@transaction.atomic
def resume_task(*, task_id: UUID, by: User, version: int, now: datetime) -> Task:
    """Take up a task that was snoozed or waiting; the time it waited on the customer is added to what is due.

    Raises `TaskRefused`, `TaskChanged`, `Task.DoesNotExist`.
    """
    task = take_active(task_id, by=by, version=version, now=now)
    if task.status not in (TaskStatus.SNOOZED, TaskStatus.WAITING):
        raise TaskRefused(_("This task is neither snoozed nor waiting."))
    paused = now - task.paused_at if task.paused_at else timedelta(0)
    task.due_at += paused
    task.touch_by = task.touch_by + paused if task.touch_by else None
    task.status = TaskStatus.CLAIMED if task.touched_at else TaskStatus.OPEN
    held = task.urgent and task.touched_at is None
    task.lane = Lane(task.back_to) if held and task.back_to else lane_for(task.due_at, now, task.zone)
    task.back_to = ""
    task.snoozed_until, task.snooze_reason, task.paused_at = None, "", None
    store(task, *WOKEN)
    record_act("resumed", task, by=by, now=now, data={"paused_seconds": int(paused.total_seconds())})
    return task


def _refuse_too_late(task: Task, until: datetime, by: User, now: datetime, field: str) -> None:
    limit = limit_of(task.expires_at, term_of(task, now.date()), now.date(), ZoneInfo(by.timezone))
    if limit and until > limit.at:
        words = {"day": day_in_words(limit.day), "what": limit.what}
        raise TaskRefused(TOO_LATE[field] % words, field)


def _leave_lane(task: Task) -> None:
    """Into Waiting, remembering where from; nobody works on it there."""
    let_go(task)
    if task.lane != Lane.WAITING:
        task.back_to, task.lane = task.lane, Lane.WAITING
