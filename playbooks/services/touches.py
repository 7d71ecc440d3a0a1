"""Touches: a note, a call or a meeting that somebody logs, with what it means for the work that is open."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from accounts.enums import ActivityKind
from accounts.models import Account, Activity
from accounts.services import log_activity, split_summary
from core.models import User
from playbooks.enums import ACTIVE
from playbooks.models import Task, TaskNote
from playbooks.models.task import TaskQuerySet
from playbooks.services.runs import complete_step
from playbooks.services.taking import lock_task
from playbooks.services.working import add_note, touch_task


@transaction.atomic
def log_touch(
    *,
    account: Account,
    kind: ActivityKind,
    summary: str,
    by: User,
    now: datetime,
    body: str = "",
    contact_id: UUID | None = None,
    run_step_id: UUID | None = None,
) -> Activity:
    """Put it on the account's timeline; tick the playbook step that it was, if it was one.

    It is the first touch of the tasks on the account that `by` has and has not touched yet. Raises `AccountRefused`,
    `RunRefused`.
    """
    ids = list(_untouched(account, by).order_by("pk").values_list("pk", flat=True))
    activity = log_activity(
        account=account, kind=kind, summary=summary, body=body, contact_id=contact_id, by=by, now=now
    )
    if run_step_id is not None:
        complete_step(run_step_id=run_step_id, by=by, now=now)
    for id in ids:
        task = lock_task(id)
        if task.touched_at is None and task.status in ACTIVE:
            touch_task(task_id=id, by=by, version=task.version, now=now)
    return activity


@transaction.atomic
def tell_touch(*, task_id: UUID, kind: ActivityKind, text: str, by: User, now: datetime) -> TaskNote:
    """Write on a task of an account what was said in a call or a meeting: it is a touch of the account too.

    Raises `TaskRefused`, `AccountRefused`, `Task.DoesNotExist`.
    """
    note = add_note(task_id=task_id, by=by, text=text, kind=kind, now=now)
    account = Account.objects.get(tasks=note.task)
    summary, body = split_summary(text)
    log_touch(account=account, kind=kind, summary=summary, body=body, by=by, now=now)
    return note


def _untouched(account: Account, by: User) -> TaskQuerySet:
    return Task.objects.active().filter(account=account, assignee=by, touched_at=None)
