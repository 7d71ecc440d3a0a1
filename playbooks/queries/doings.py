"""What somebody did to tasks lately, and what of it can still be undone."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from django.utils.translation import gettext_lazy as _

from core.models import Act, User
from playbooks.enums import ACTIVE
from playbooks.models import Task
from playbooks.queries.deadlines import Deadline, next_deadline
from playbooks.queries.outcomes import label_of
from playbooks.queries.queue import title_beside
from playbooks.queries.strangers import STRANGER, whose_account

# The acts that have an inverse (playbooks.services.undoing), in words.
UNDOABLE = {
    "closed": _("Closed"),
    "merged": _("Merged"),
    "snoozed": _("Snoozed"),
    "waiting": _("Waiting on the customer"),
    "assigned": _("Handed over"),
    "skipped": _("Skipped"),
}
# What takes each back, as its button says it.
TAKE_BACK = {
    "closed": _("Reopen"),
    "merged": _("Undo the merge"),
    "snoozed": _("Undo the snooze"),
    "waiting": _("Undo the wait"),
    "assigned": _("Take it back"),
    "skipped": _("Undo the skip"),
}
# Those after which nobody works on the task any more.
CLOSES = ("closed", "merged")
# What changes nothing that an undo puts back.
HARMLESS = ("acknowledged", "noted", "taken_over")
MOST_ACTS = 200


class Doing(NamedTuple):
    """One act on a task: in words, with the outcome where it was a close; `undo`: what its button says.

    `step_of`: the playbook of which it is a step. `whose`: whose account it is on, where that is not the reader's.
    `late`: by how much, while it is put off.
    """

    task: Task
    title: str
    said: str
    outcome: str
    at: datetime
    may_undo: bool
    undo: str
    is_close: bool
    until: datetime | None = None
    step_of: str = ""
    whose: str = ""
    late: Deadline | None = None


def done_lately(user: User, *, since: datetime, now: datetime) -> list[Doing]:
    """What `user` did to tasks since then, the newest first, each task once."""
    mine = Act.objects.filter(by=user, subject_type="task", verb__in=UNDOABLE, at__gt=since)
    newest: dict[str, Act] = {}
    for act in mine.order_by("-at", "-id")[:MOST_ACTS]:
        newest.setdefault(act.subject_id, act)
    about = ("account", "source", "type", "run_step__step__version__playbook")
    found = Task.objects.filter(pk__in=newest).select_related(*about).annotate(stranger=STRANGER)
    tasks = {str(task.pk): task for task in found}
    last = last_acts(newest)
    return [
        Doing(
            task=tasks[id],
            title=title_beside(tasks[id].title, str(tasks[id].about)),
            said=str(UNDOABLE[act.verb]),
            outcome=label_of(tasks[id].outcome) if act.verb in CLOSES and tasks[id].outcome else "",
            at=act.at,
            may_undo=last.get(id) == act,
            undo=str(TAKE_BACK[act.verb]),
            is_close=act.verb in CLOSES,
            until=tasks[id].snoozed_until if act.verb == "snoozed" else None,
            step_of=_playbook_of(tasks[id]),
            whose=_whose(tasks[id], user),
            late=_late(tasks[id], now),
        )
        for id, act in newest.items()
        if id in tasks
    ]


def _playbook_of(task: Task) -> str:
    return task.run_step.step.version.playbook.name if task.run_step else ""


def _whose(task: Task, user: User) -> str:
    stranger = task.stranger  # type: ignore[attr-defined]
    return whose_account(stranger) if task.assignee_id == user.pk and stranger is not None else ""


def _late(task: Task, now: datetime) -> Deadline | None:
    deadline = next_deadline(task, now) if task.status in ACTIVE else None
    return deadline if deadline and deadline.state == "late" else None


def last_acts(task_ids: Collection[str]) -> dict[str, Act]:
    """The last act on each of these tasks, by the task's id."""
    acts = Act.objects.filter(subject_type="task", subject_id__in=task_ids).exclude(verb__in=HARMLESS)
    newest = acts.order_by("subject_id", "-at", "-id").distinct("subject_id").select_related("by")
    return {act.subject_id: act for act in newest}
