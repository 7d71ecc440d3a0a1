"""Closing a task with its outcome, and taking that back."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from core.bulk import execute
from core.models import Act, User
from core.services import raise_alert, record_act
from decisions.enums import OutcomeKind
from decisions.models import Item
from decisions.services import assign_item, close_item, reopen_item, touch_item
from intake.services.feeds import accept_trouble, take_acceptance_back
from playbooks.enums import ACTIVE, Lane, TaskStatus
from playbooks.models import ClosedTask, CloseReason, Task, TaskNote
from playbooks.queries.outcomes import outcomes_of
from playbooks.services.ending import leave_for_measure
from playbooks.services.grants import grant_sight, revoke_idle
from playbooks.services.resolving import lead_of
from playbooks.services.running import finish_step, restart_run, stop_run_of_item, unfinish_step
from playbooks.services.taking import LET_GO, TaskRefused, let_go, store, take, take_active

CLOSED_FIELDS = [
    "status", "closed_at", "closed_by", "outcome", "outcome_reason", "outcome_note", "acknowledged_at", "touched_at",
    "snoozed_until", "paused_at", *LET_GO,
]  # fmt: skip


@transaction.atomic
def close_task(
    *, task_id: UUID, by: User, version: int, outcome: str, reason: str = "", note: str = "", now: datetime
) -> Task:
    """Close a task with its outcome; its item closes with it and begins its cool-down, its run ends.

    "completed" on the task of a playbook's step only finishes the step. A second "no response" in a row does not
    close: the task goes to the team's lead, flagged.
    Raises `TaskRefused`, `TaskChanged`, `Task.DoesNotExist`.
    """
    task = take_active(task_id, by=by, version=version, now=now)
    kind = check_outcome(task, outcome, reason, note)
    if note.strip():
        TaskNote.objects.create(task=task, by=by, text=note.strip(), at=now)
    if kind is OutcomeKind.NO_RESPONSE and (lead := _whom_silence_goes_to(task)):
        return _to_the_lead(task, lead, by=by, now=now)
    return _close(task, kind, reason, note.strip(), by=by, now=now)


def reasons_for(outcome: str) -> list[CloseReason]:
    """The reasons that go with an outcome; "other" may always be given, with words."""
    return list(CloseReason.objects.filter(outcome=outcome, is_active=True))


def check_outcome(task: Task, outcome: str, reason: str, note: str) -> OutcomeKind:
    """The outcome, if the task may be closed with it like this; raises `TaskRefused` naming the field."""
    allowed = outcomes_of(task)
    if outcome not in allowed:
        names = ", ".join(kind.value for kind in allowed)
        raise TaskRefused(_("Choose one of the outcomes of this task: %(names)s.") % {"names": names}, "outcome")
    kind = OutcomeKind(outcome)
    if kind is OutcomeKind.OTHER and not note.strip():
        raise TaskRefused(_("Say in a few words what happened: “other” alone tells nobody anything."), "note")
    if reason or kind is OutcomeKind.INSIGHT_WRONG:
        _check_reason(kind, reason, note)
    return kind


def _check_reason(kind: OutcomeKind, reason: str, note: str) -> None:
    known = {row.slug for row in reasons_for(kind)}
    names = ", ".join([*sorted(known), "other"])
    if not reason:
        raise TaskRefused(_("Say why the insight was wrong: %(names)s.") % {"names": names}, "reason")
    if reason == "other" and not note.strip():
        raise TaskRefused(_("Say in a few words why."), "note")
    if reason != "other" and reason not in known:
        raise TaskRefused(_("This reason is not known here. Choose one of: %(names)s.") % {"names": names}, "reason")


def _close(
    task: Task, kind: OutcomeKind, reason: str, note: str, *, by: User, now: datetime, into: Task | None = None
) -> Task:
    """`into`: the task that goes on in its place, and with it the item, where they share one."""
    before = {"status": task.status, "lane": task.lane}
    task.status = TaskStatus.MERGED if kind is OutcomeKind.DUPLICATE else TaskStatus.CLOSED
    task.closed_at, task.closed_by = now, by
    task.outcome, task.outcome_reason, task.outcome_note = kind, reason, note
    task.acknowledged_at, task.touched_at = task.acknowledged_at or now, task.touched_at or now
    task.snoozed_until = task.paused_at = None
    let_go(task)
    store(task, *CLOSED_FIELDS)
    ended: dict[str, Any] = {"into": str(into.pk), "evidence": task.evidence_count} if into else {}
    if into is not None and into.item_id == task.item_id:
        pass  # its item goes on
    elif task.run_step_id and kind is OutcomeKind.COMPLETED:
        finish_step(task.run_step_id, by=by, now=now)
    elif task.item_id:
        ended |= _end_item(task, kind, by=by, now=now)
    revoke_idle([task.account_id])
    if task.account_id is not None:  # what a customer did is measured, not what a feed did
        leave_for_measure([task.id])
    if task.trouble_id is not None and kind is OutcomeKind.NOT_A_FAULT:
        accept_trouble(trouble_id=task.trouble_id, now=now)
    record_act(
        "closed", task, by=by, now=now, why=kind.value, data={"before": before, "ended": ended, "reason": reason}
    )
    return task


def _end_item(task: Task, kind: OutcomeKind, *, by: User, now: datetime) -> dict[str, Any]:
    """Close the task's item, its run and whatever else was open for it; what is needed to take that back."""
    assert task.item_id is not None  # noqa: S101 - narrows the type
    others = Task.objects.active().filter(item=task.item_id).exclude(pk=task.pk).order_by("id")
    merged = {str(other.pk): other.status for other in others}
    for other in others:
        other.status, other.outcome = TaskStatus.MERGED, OutcomeKind.DUPLICATE
        other.closed_at, other.closed_by, other.snoozed_until = now, by, None
        store(other, "status", "outcome", "closed_at", "closed_by", "snoozed_until")
    run = stop_run_of_item(task.item_id, why=f"{task.title}: {kind.value}", now=now)
    close_item(item_id=task.item_id, outcome=kind, now=now)
    return {"run": run, "merged": merged}


# ── No response, twice ────────────────────────────────────────────────────────────────────────────────────────────


def _whom_silence_goes_to(task: Task) -> User | None:
    """The lead, when the account's last item of this type ended in silence too; None when this may close."""
    if not task.item_id or not task.item or not task.account:
        return None
    before = (
        Item.objects.filter(account=task.account_id, type=task.type_id, closed_at__isnull=False)
        .exclude(pk=task.item_id)
        .order_by("-opened_at", "-id")
        .first()
    )
    if before is None or before.outcome != OutcomeKind.NO_RESPONSE:
        return None
    lead = lead_of(task.account)
    return lead if lead and lead.pk != task.assignee_id else None


def _to_the_lead(task: Task, lead: User, *, by: User, now: datetime) -> Task:
    assert task.item_id is not None  # noqa: S101 - narrows the type
    task.assignee, task.status, task.lane = lead, TaskStatus.OPEN, Lane.NOW
    task.acknowledged_at = task.snoozed_until = task.paused_at = None
    task.flag = _("No response for the second time in a row, says %(who)s: decide what to do.") % {"who": by}
    store(task, "assignee", "status", "lane", "acknowledged_at", "snoozed_until", "paused_at", "flag")
    assign_item(item_id=task.item_id, owner_id=lead.pk, now=now)
    touch_item(item_id=task.item_id, now=now)
    grant_sight([(task.account_id, lead.pk)])
    revoke_idle([task.account_id])
    record_act("assigned", task, by=by, now=now, why="second no response in a row", data={"to": str(lead.pk)})
    text = _("%(account)s: %(flag)s") % {"account": task.about, "flag": task.flag}
    data = {"task": str(task.pk)}
    raise_alert("second_no_response", text, on_day=now.date(), now=now, team_id=task.team_id, data=data)
    return task


# ── Back again ────────────────────────────────────────────────────────────────────────────────────────────────────


@transaction.atomic
def reopen_task(*, task_id: UUID, by: User, version: int, now: datetime) -> Task:
    """Take a close back: the task, its item, its run and what was closed with it are as they were before.

    Mail that has left stays sent. Raises `TaskRefused` when it is open, or something newer is open in its place.
    """
    task = take(task_id, by=by, version=version, now=now)
    if task.status in ACTIVE:
        raise TaskRefused(_("This task is open already."))
    _check_place_is_free(task)
    act = Act.objects.filter(subject_type="task", subject_id=str(task.pk), verb__in=["closed", "merged"]).first()
    data: dict[str, Any] = act.data if act else {}
    closed_as = task.outcome
    status = data.get("before", {}).get("status", TaskStatus.OPEN)
    task.status = status if status == TaskStatus.CLAIMED else TaskStatus.OPEN
    task.lane = Lane.TODAY if task.lane == Lane.WAITING else task.lane
    if task.trouble_id is not None:
        take_acceptance_back(trouble_id=task.trouble_id)
    task.closed_at = task.closed_by = None
    task.outcome = task.outcome_reason = task.outcome_note = ""
    store(task, *CLOSED_FIELDS, "lane")
    if task.assignee_id:
        grant_sight([(task.account_id, task.assignee_id)])
    if task.run_step_id and closed_as == OutcomeKind.COMPLETED:
        unfinish_step(task.run_step_id, now=now)
    elif task.item_id:
        _restore_item(task.item_id, data.get("ended", {}), now)
    _take_evidence_back(data.get("ended", {}))
    ClosedTask.objects.filter(id=task.pk).delete()
    record_act("reopened", task, by=by, now=now, data={"was": closed_as})
    return task


def _check_place_is_free(task: Task) -> None:
    if task.trouble_id and Task.objects.active().filter(trouble=task.trouble_id).exists():
        raise TaskRefused(_("Another task about the same trouble is open: work on that one."))
    if task.item is None:
        return
    taken = Item.objects.filter(account=task.item.account_id, type=task.item.type_id, slot=task.item.slot)
    if task.item.closed_at and taken.filter(closed_at=None).exists():
        raise TaskRefused(_("A newer item about the same thing is open on this account: work on that one."))
    if Task.objects.active().filter(item=task.item_id, run_step=None).exists() and not task.run_step_id:
        raise TaskRefused(_("Another task for the same item is open: work on that one."))


def _restore_item(item_id: UUID, ended: dict[str, Any], now: datetime) -> None:
    reopen_item(item_id=item_id, now=now)
    if run := ended.get("run"):
        restart_run(UUID(run["id"]), steps=run["steps"], effects=run["effects"])
    for id, status in ended.get("merged", {}).items():
        execute(
            "UPDATE playbooks_task SET status = %s, outcome = '', closed_at = NULL, closed_by_id = NULL,"
            " version = version + 1 WHERE id = %s AND status = 'merged'",
            ["open" if status == TaskStatus.SNOOZED else status, id],
        )


def _take_evidence_back(ended: dict[str, Any]) -> None:
    """What a merge added to the other task."""
    if into := ended.get("into"):
        less = F("evidence_count") - ended["evidence"]
        Task.objects.filter(pk=into).update(evidence_count=less, version=F("version") + 1)


@transaction.atomic
def dismiss_task(*, task_id: UUID, by: User, version: int, reason: str, now: datetime) -> Task:
    """Close a task that no longer matters. It says nothing about the insight, so it counts for no track record.

    Raises `TaskRefused`, `TaskChanged`, `Task.DoesNotExist`.
    """
    task = take_active(task_id, by=by, version=version, now=now)
    if not reason.strip():
        raise TaskRefused(_("Say in a few words why it no longer matters."), "reason")
    return _close(task, OutcomeKind.NOT_RELEVANT, "", reason.strip(), by=by, now=now)


@transaction.atomic
def merge_task(*, task_id: UUID, into: UUID, by: User, version: int, now: datetime) -> Task:
    """Close a task as a duplicate of `into`, a task on the same account, which keeps its evidence.

    Raises `TaskRefused`, `TaskChanged`, `Task.DoesNotExist`.
    """
    task = take_active(task_id, by=by, version=version, now=now)
    other = Task.objects.visible_to(by).active().filter(pk=into).exclude(pk=task.pk).first()
    if other is None or (other.account_id, other.source_id) != (task.account_id, task.source_id):
        raise TaskRefused(_("Choose an open task on the same account or source."), "into")
    Task.objects.filter(pk=other.pk).update(
        evidence_count=other.evidence_count + task.evidence_count, version=other.version + 1
    )
    TaskNote.objects.create(task=other, by=by, text=_("Merged with this: %(title)s") % {"title": task.title}, at=now)
    note = _("Merged with: %(title)s") % {"title": other.title}
    return _close(task, OutcomeKind.DUPLICATE, "", note, by=by, now=now, into=other)
