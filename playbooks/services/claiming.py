"""Who is at a task: seen on their screen, and working on it, which keeps others from doing the same."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from core.models import User
from core.services import record_act
from playbooks.models import Presence, Task, TaskNote
from playbooks.services.taking import LET_GO, TaskHeld, TaskRefused, as_was, check_may_act, leads, lock_task, store

LEASE = timedelta(minutes=15)


def see_task(*, task_id: UUID, by: User, now: datetime) -> None:
    """`by` has the task on their screen."""
    Presence.objects.bulk_create(
        [Presence(task_id=task_id, user=by, seen_at=now)],
        update_conflicts=True, unique_fields=["task_id", "user_id"], update_fields=["seen_at"],
    )  # fmt: skip


@transaction.atomic
def claim_task(*, task_id: UUID, by: User, now: datetime) -> None:
    """`by` works on the task: nobody else does until they have been idle for 15 minutes.

    No new version: what is typed while one works must not make one's own page out of date.
    Raises `TaskHeld`, `TaskRefused`, `Task.DoesNotExist`.
    """
    task = Task.objects.visible_to(by).active().select_related("account__team", "claimed_by").get(pk=task_id)
    check_may_act(by, task)
    free = Q(claimed_by=None) | Q(claimed_by=by) | Q(claimed_until__lte=now)
    if not Task.objects.filter(free, pk=task_id).update(claimed_by=by, claimed_until=now + LEASE):
        task.refresh_from_db(fields=[*LET_GO])
        raise TaskHeld(task)


@transaction.atomic
def take_over_task(*, task_id: UUID, by: User, note: str, now: datetime) -> Task:
    """A manager goes on where somebody else is working, and says why. Raises `TaskRefused`, `Task.DoesNotExist`."""
    task = lock_task(task_id, by=by)
    check_may_act(by, task)
    if not leads(by, task):
        raise TaskRefused(_("Only a manager can take over what somebody is working on."), forbidden=True)
    if not note.strip():
        raise TaskRefused(_("Say why you take it over: they will read it."), "note")
    data = {"from": str(task.claimed_by_id or "")}
    TaskNote.objects.create(task=task, by=by, text=_("Taken over: %(note)s") % {"note": note.strip()}, at=now)
    task.claimed_by, task.claimed_until = by, now + LEASE
    store(task, *LET_GO)
    record_act("taken_over", task, by=by, now=now, why=note.strip(), data=data)
    return task


@transaction.atomic
def skip_task(*, task_id: UUID, by: User, reason: str, now: datetime) -> Task:
    """Leave a task where it is for now, and say why: the reason stands on it. Raises `TaskRefused`."""
    task = lock_task(task_id, by=by)
    if not reason.strip():
        raise TaskRefused(_("Say in a few words why you skip it."), "reason")
    check_may_act(by, task)
    before = as_was(task, "claimed_by_id", "claimed_until")
    TaskNote.objects.create(task=task, by=by, text=_("Skipped: %(reason)s") % {"reason": reason.strip()}, at=now)
    if task.claimed_by_id == by.pk:
        Task.objects.filter(pk=task_id).update(claimed_by=None, claimed_until=None)
    record_act("skipped", task, by=by, now=now, why=reason.strip(), data={"before": before})
    return task
