"""Touches: a note, a call or a meeting that somebody logs, with what it means for the work that is open."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from accounts.enums import ActivityKind
from accounts.models import Account, Activity
from accounts.services import log_activity
from core.models import User
from playbooks.enums import ACTIVE
from playbooks.models import Task
from playbooks.models.task import TaskQuerySet
from playbooks.services.runs import complete_step
from playbooks.services.taking import lock_task
from playbooks.services.working import touch_task


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


def _untouched(account: Account, by: User) -> TaskQuerySet:
    return Task.objects.active().filter(account=account, assignee=by, touched_at=None)
