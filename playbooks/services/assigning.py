"""Giving work to people: made by hand, handed over, taken over from somebody who leaves or is away."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Account
from core.models import User
from core.services import record_act
from decisions.services import assign_item
from playbooks.enums import RunStatus
from playbooks.models import Run, Task, TaskNote
from playbooks.rules.lanes import lane_for
from playbooks.services.grants import grant_sight, revoke_idle
from playbooks.services.taking import (
    READERS,
    TaskRefused,
    as_was,
    check_can_take,
    let_go,
    store,
    take_active,
)

HANDED = ("acknowledged_at", "claimed_by_id", "claimed_until")


@transaction.atomic
def create_task(
    *, account: Account, title: str, by: User, assignee: User, due_at: datetime, text: str = "", now: datetime
) -> Task:
    """Make a task by hand on an account that `by` may see. Raises `TaskRefused` naming the field."""
    if not Account.objects.visible_to(by).filter(pk=account.pk).exists():
        raise Account.DoesNotExist
    if by.role in READERS and not by.is_superuser:
        raise TaskRefused(str(READERS[by.role]), forbidden=True)  # type: ignore[index]
    return add_task(account=account, title=title, assignee=assignee, due_at=due_at, text=text, by=by, actor="", now=now)


@transaction.atomic
def add_task(
    *, account: Account, title: str, assignee: User, due_at: datetime, text: str = "",
    by: User | None, actor: str, now: datetime,
) -> Task:  # fmt: skip
    """A task by hand, for a person (`by`) or a source (`actor`) that was allowed to already."""
    if not title.strip():
        raise TaskRefused(_("Say in a few words what is to be done."), "title")
    if len(title.strip()) > 200:
        raise TaskRefused(_("Keep the title to 200 characters; the rest goes into the text."), "title")
    if due_at <= now:
        raise TaskRefused(_("Choose a due date in the future."), "due_at")
    try:
        check_can_take(assignee, now)
    except TaskRefused as refusal:
        raise TaskRefused(str(refusal), "assignee") from refusal
    task = Task.objects.create(
        account=account, title=title.strip(), text=text.strip(), assignee=assignee, team=account.team,
        due_at=due_at, opened_at=now, created_by=by, lane=lane_for(due_at, now, assignee.timezone),
    )  # fmt: skip
    grant_sight([(account.pk, assignee.pk)])
    record_act("opened", task, by=by, actor=actor, now=now, why="by hand")
    return task


@transaction.atomic
def assign_task(*, task_id: UUID, by: User, version: int, to: User, note: str = "", now: datetime) -> Task:
    """Hand a task over to `to`, with its item and its run; never to somebody who left or is away.

    Raises `TaskRefused`, `TaskChanged`, `Task.DoesNotExist`.
    """
    task = take_active(task_id, by=by, version=version, now=now, passing_on=True)
    check_can_take(to, now, of_source=task.source_id is not None)
    if to.pk == task.assignee_id:
        raise TaskRefused(_("%(who)s has this task already.") % {"who": to}, "to")
    if note.strip():
        text = _("Handed to %(who)s: %(note)s") % {"who": to, "note": note.strip()}
        TaskNote.objects.create(task=task, by=by, text=text, at=now)
    return give_task(task, to, by=by, why=note.strip(), now=now)


def give_task(task: Task, to: User | None, *, by: User, why: str, now: datetime, verb: str = "assigned") -> Task:
    """Make a locked task somebody's, with its item and its run; nobody works on it any more."""
    data = {"from": str(task.assignee_id or ""), "to": str(to.pk if to else ""), "before": as_was(task, *HANDED)}
    task.assignee = to
    if task.touched_at is None:  # what was begun needs nobody to say again that they have seen it
        task.acknowledged_at = None
    let_go(task)
    store(task, "assignee", *HANDED)
    if task.item_id:
        assign_item(item_id=task.item_id, owner_id=to.pk if to else None, now=now)
        Run.objects.filter(item=task.item_id, status=RunStatus.LIVE).update(owner=to)
    if to:
        grant_sight([(task.account_id, to.pk)])
    revoke_idle([task.account_id])
    record_act(verb, task, by=by, now=now, why=why, data=data)
    return task
