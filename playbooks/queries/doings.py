"""What somebody did to tasks lately, and what of it can still be undone."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from django.utils.translation import gettext_lazy as _

from core.models import Act, User
from decisions.enums import OutcomeKind
from playbooks.enums import ACTIVE, TaskStatus
from playbooks.models import Task
from playbooks.queries.deadlines import Deadline, next_deadline
from playbooks.queries.outcomes import label_of
from playbooks.queries.queue import title_beside
from playbooks.queries.strangers import stranger, whose_account

# The acts that have an inverse (playbooks.services.undoing), in words.
UNDOABLE = {
    "closed": _("Closed"),
    "merged": _("Merged"),
    "snoozed": _("Snoozed"),
    "waiting": _("Waiting on the customer"),
    "assigned": _("Handed over"),
    "skipped": _("Skipped"),
}
STEP_DONE, PLAYBOOK_ENDED = _("Step done"), _("Playbook ended")
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
# What takes an act back.
TAKES_BACK = ("undone", "reopened")
# As what a task stands while it is put off; taken up again, it is listed no more.
PUT_OFF = {"snoozed": TaskStatus.SNOOZED, "waiting": TaskStatus.WAITING}
# What changes nothing that an undo puts back.
HARMLESS = ("acknowledged", "noted", "taken_over")
MOST_ACTS = 200


class Doing(NamedTuple):
    """One act on a task: in words, with the outcome where it was a close; `undo`: what its button says.

    `step_of`: the playbook of which it is a step. `whose`: whose account it is on, where that is not the reader's.
    `deadline`: what is due next, while it is put off.
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
    deadline: Deadline | None = None


def done_lately(user: User, *, since: datetime, now: datetime) -> list[Doing]:
    """What `user` did to tasks since then and was not taken back, the newest first, each task once."""
    mine = Act.objects.filter(by=user, subject_type="task", verb__in=UNDOABLE, at__gt=since)
    newest: dict[str, Act] = {}
    for act in mine.order_by("-at", "-id")[:MOST_ACTS]:
        newest.setdefault(act.subject_id, act)
    about = ("account", "source", "type", "run_step__step__version__playbook")
    found = Task.objects.filter(pk__in=newest).select_related(*about).annotate(stranger=stranger(now))
    tasks = {str(task.pk): task for task in found}
    last = last_acts(newest)
    return [
        Doing(
            task=tasks[id],
            title=title_beside(tasks[id].title, str(tasks[id].about)),
            said=_said(tasks[id], act.verb),
            outcome=_outcome(tasks[id], act.verb),
            at=act.at,
            may_undo=last.get(id) == act,
            undo=str(TAKE_BACK[act.verb]),
            is_close=act.verb in CLOSES,
            until=tasks[id].snoozed_until if act.verb == "snoozed" else None,
            step_of=_playbook_of(tasks[id]),
            whose=_whose(tasks[id], user),
            deadline=next_deadline(tasks[id], now) if tasks[id].status in ACTIVE else None,
        )
        for id, act in newest.items()
        if id in tasks and not (id in last and last[id].verb in TAKES_BACK)
        if tasks[id].status == PUT_OFF.get(act.verb, tasks[id].status)
    ]


def _said(task: Task, verb: str) -> str:
    """What was done; of a step whether that is done, or all that its playbook is for is over."""
    if verb != "closed" or not task.run_step_id:
        return str(UNDOABLE[verb])
    return str(STEP_DONE if task.outcome == OutcomeKind.COMPLETED else PLAYBOOK_ENDED)


def _outcome(task: Task, verb: str) -> str:
    """What came of what is closed; that a step is done says it already."""
    if verb not in CLOSES or not task.outcome or (task.run_step_id and task.outcome == OutcomeKind.COMPLETED):
        return ""
    return label_of(task.outcome)


def _playbook_of(task: Task) -> str:
    return task.run_step.step.version.playbook.name if task.run_step else ""


def _whose(task: Task, user: User) -> str:
    stranger = task.stranger  # type: ignore[attr-defined]
    return whose_account(stranger) if task.assignee_id == user.pk and stranger is not None else ""


def last_acts(task_ids: Collection[str]) -> dict[str, Act]:
    """The last act on each of these tasks, by the task's id."""
    acts = Act.objects.filter(subject_type="task", subject_id__in=task_ids).exclude(verb__in=HARMLESS)
    newest = acts.order_by("subject_id", "-at", "-id").distinct("subject_id").select_related("by")
    return {act.subject_id: act for act in newest}
