"""Taking back what one did to a task: the inverse of the last act, at any time, until somebody goes on from there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Field
from django.utils.translation import gettext as _

from core.models import Act, User
from core.services import record_act
from decisions.services import untouch_item
from playbooks.models import Task, TaskNote
from playbooks.queries.doings import last_acts
from playbooks.services.assigning import give_task
from playbooks.services.closing import reopen_task
from playbooks.services.taking import (
    VERBS,
    TaskChanged,
    TaskRefused,
    check_can_take,
    check_may_act,
    is_held,
    lock_task,
    store,
)


@transaction.atomic
def undo_task(*, task_id: UUID, by: User, version: int, now: datetime) -> Task:
    """Put a task back to what it was before `by` closed, merged, snoozed, parked or handed it over.

    Raises `TaskChanged`, `TaskRefused` when something else came after it, `Task.DoesNotExist`.
    """
    act = last_acts([str(task_id)]).get(str(task_id))
    mine = act is not None and act.by_id == by.pk
    if not mine and not Task.objects.visible_to(by).filter(pk=task_id).exists():
        raise Task.DoesNotExist
    if act is None or not mine or act.verb not in UNDO:
        raise TaskRefused(_("There is nothing of yours to undo here: %(what)s.") % {"what": _said(act)})
    return UNDO[act.verb](act, task_id, by, version, now)


def _said(act: Act | None) -> str:
    if act is None:
        return _("nobody has done anything")
    words = {"who": act.by or _("the system"), "what": VERBS.get(act.verb, act.verb)}
    return _("last, it was %(what)s by %(who)s") % words


def _reopen(act: Act, task_id: UUID, by: User, version: int, now: datetime) -> Task:
    return reopen_task(task_id=task_id, by=by, version=version, now=now)


def _put_back(act: Act, task_id: UUID, by: User, version: int, now: datetime) -> Task:
    task = _locked(task_id, by, version, now)
    _restore(task, act)
    if act.data.get("touched") and task.item_id:
        untouch_item(item_id=task.item_id)
    store(task, *act.data["before"])
    record_act("undone", task, by=by, now=now, why=act.verb)
    return task


def _give_back(act: Act, task_id: UUID, by: User, version: int, now: datetime) -> Task:
    task = _locked(task_id, by, version, now)
    before = act.data.get("from")
    owner = User.objects.filter(pk=before).first() if before else None
    if owner is not None:
        check_can_take(owner, now, of_source=task.source_id is not None)
    give_task(task, owner, by=by, why=_("taken back"), now=now, verb="undone")
    if act.data.get("before"):
        _restore(task, act)
        store(task, *act.data["before"])
    return task


def _unskip(act: Act, task_id: UUID, by: User, version: int, now: datetime) -> Task:
    """Back in hand, if nobody else has it meanwhile; that it was skipped stays on the task, taken back."""
    task = _locked(task_id, by, version, now)
    check_may_act(by, task)
    TaskNote.objects.create(task=task, by=by, text=_("Taken back: it is not skipped."), at=now)
    if act.data["before"]["claimed_by_id"] == str(by.pk) and not is_held(task, by, now):
        _restore(task, act)
        Task.objects.filter(pk=task_id).update(claimed_by=task.claimed_by_id, claimed_until=task.claimed_until)
    record_act("undone", task, by=by, now=now, why=act.verb)
    return task


def _locked(task_id: UUID, by: User, version: int, now: datetime) -> Task:
    task = lock_task(task_id)
    if task.version != version:
        raise TaskChanged(task, by, now)
    return task


def _restore(task: Task, act: Act) -> None:
    for name, value in act.data["before"].items():
        column = Task._meta.get_field(name.removesuffix("_id"))
        if isinstance(column, Field):
            setattr(task, name, None if value is None else column.to_python(value))


UNDO: dict[str, Callable[[Act, UUID, User, int, datetime], Task]] = {
    "closed": _reopen,
    "merged": _reopen,
    "snoozed": _put_back,
    "waiting": _put_back,
    "assigned": _give_back,
    "skipped": _unskip,
}
