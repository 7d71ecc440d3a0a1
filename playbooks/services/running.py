"""Runs of playbooks: started, stopped and taken back, step by step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from core.bulk import execute
from core.business_time import Hours, add_business_hours
from core.enums import Role
from core.models import User
from core.services import record_act
from decisions.enums import OutcomeKind, PolicyState
from decisions.models import Item
from decisions.queries.facts import lock_accounts
from decisions.services import close_item, reopen_item, touch_item
from playbooks.enums import EffectStatus, RunStatus, RunStepStatus, StepKind
from playbooks.models import Effect, PlaybookVersion, Run, RunStep, Step, Task
from playbooks.queries.dispatching import organisation_hours, owners


class RunRefused(Exception):
    """This cannot be done to the run; the message says what can."""


# ── Start and stop ────────────────────────────────────────────────────────────────────────────────────────────────


@transaction.atomic
def start_run(*, item_id: UUID, playbook: str, by: User, now: datetime) -> Run:
    """Start a playbook on an open item as its owner's check-list. Raises `RunRefused`."""
    item = lock_item(item_id)
    version = (
        PlaybookVersion.objects.filter(playbook=playbook, playbook__is_active=True, state=PolicyState.PUBLISHED)
        .order_by("-number")
        .first()
    )
    if version is None:
        raise RunRefused(_("This playbook has no published version: publish one first."))
    if item.closed_at or item.runs.filter(status=RunStatus.LIVE).exists():
        raise RunRefused(_("The item is closed or has a playbook already."))
    insight = item.decisions.order_by("-insight").values_list("insight_id", flat=True).first()
    if insight is None:
        raise RunRefused(_("The item has no insight that a playbook could be about."))
    run = Run.objects.create(
        version=version, item=item, account_id=item.account_id, insight_id=insight, owner=item.owner,
        automated=False, started_at=now,
    )  # fmt: skip
    hours = _hours_of(item.owner_id)
    RunStep.objects.bulk_create(
        RunStep(
            run=run, step=step, status=RunStepStatus.OPEN, due_at=add_business_hours(now, step.business_hours, hours)
        )
        for step in version.steps.filter(kind=StepKind.TASK)
    )
    Task.objects.active().filter(item=item, run_step=None).update(run=run)
    record_act("started", run, by=by, now=now, why=playbook)
    return run


@transaction.atomic
def stop_run(*, run_id: UUID, by: User, why: str, now: datetime) -> Run:
    """Stop a live run, with the reason; its item and tasks stay with their owner. Raises `RunRefused`."""
    run = Run.objects.select_related("account").get(pk=run_id)
    if run.account not in type(run.account).objects.visible_to(by) or by.role in (Role.LEADER, Role.OPS):
        raise RunRefused(_("You may look at this run but not stop it: ask the account's manager."))
    if not why.strip():
        raise RunRefused(_("Say why: it is what people read where the playbook ended."))
    lock_item(run.item_id)
    if stop_run_of_item(run.item_id, why=why.strip(), now=now) is None:
        raise RunRefused(_("This run has ended already."))
    run.refresh_from_db()
    record_act("stopped", run, by=by, now=now, why=why.strip())
    return run


def lock_item(item_id: UUID) -> Item:
    """The item, locked after its account."""
    lock_accounts([Item.objects.values_list("account_id", flat=True).get(pk=item_id)])
    return Item.objects.select_for_update(no_key=True).get(pk=item_id)


def stop_run_of_item(item_id: UUID, *, why: str, now: datetime) -> dict[str, Any] | None:
    """End the item's live run: finished if nothing was left to do, else stopped. What `restart_run` needs, or None."""
    run = Run.objects.select_for_update().filter(item=item_id, status=RunStatus.LIVE).first()
    if run is None:
        return None
    steps = dict(run.steps.filter(status__in=[RunStepStatus.DUE, RunStepStatus.OPEN]).values_list("id", "status"))
    RunStep.objects.filter(pk__in=steps).update(status=RunStepStatus.SKIPPED, done_at=now)
    waiting = Effect.objects.filter(run_step__run=run, status=EffectStatus.DUE)
    effects = [str(id) for id in waiting.values_list("id", flat=True)]
    waiting.update(status=EffectStatus.CANCELLED, last_error=why[:200])
    run.status = RunStatus.STOPPED if steps else RunStatus.DONE
    run.ended_at, run.ended_why = now, why[:200]
    run.save(update_fields=["status", "ended_at", "ended_why"])
    return {"id": str(run.pk), "steps": {str(id): status for id, status in steps.items()}, "effects": effects}


def restart_run(run_id: UUID, *, steps: Mapping[str, str], effects: Sequence[str]) -> None:
    """Take `stop_run_of_item` back."""
    Run.objects.filter(pk=run_id).update(status=RunStatus.LIVE, ended_at=None, ended_why="")
    for id, status in steps.items():
        RunStep.objects.filter(pk=id).update(status=status, done_at=None)
    Effect.objects.filter(pk__in=effects, status=EffectStatus.CANCELLED).update(status=EffectStatus.DUE, last_error="")


# ── Steps ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@transaction.atomic
def complete_step(*, run_step_id: UUID, by: User, now: datetime) -> RunStep:
    """Tick a step of a person's plan. Ticking twice changes nothing. Raises `RunRefused`."""
    step = _step_of_plan(run_step_id, by)
    if step.status == RunStepStatus.OPEN:
        _tick(step, by=by, now=now)
        record_act("step_done", step, by=by, now=now, why=step.step.title)
    return step


@transaction.atomic
def uncomplete_step(*, run_step_id: UUID, by: User, now: datetime) -> RunStep:
    """Untick a step of a person's plan. Raises `RunRefused`."""
    step = _step_of_plan(run_step_id, by)
    if step.status == RunStepStatus.DONE:
        RunStep.objects.filter(pk=step.pk).update(status=RunStepStatus.OPEN, done_at=None, done_by=None)
        record_act("step_undone", step, by=by, now=now, why=step.step.title)
        step.refresh_from_db()
    return step


def _step_of_plan(run_step_id: UUID, by: User) -> RunStep:
    """The step, locked, if it is one that `by` may tick."""
    from playbooks.services.taking import TaskRefused, check_may_act

    item_id = RunStep.objects.values_list("run__item_id", flat=True).get(pk=run_step_id)
    lock_item(item_id)
    step = RunStep.objects.select_for_update(of=("self",)).select_related("run__account", "step").get(pk=run_step_id)
    task = Task.objects.active().filter(item=item_id, run=step.run_id).select_related("account__team").first()
    if task is None or step.run.status != RunStatus.LIVE:
        raise RunRefused(_("This playbook has ended: reopen its task first."))
    try:
        check_may_act(by, task)
    except TaskRefused as refusal:
        raise RunRefused(str(refusal)) from refusal
    if step.run.automated:
        raise RunRefused(_("This step has a task of its own: close that."))
    return step


def _tick(step: RunStep, *, by: User, now: datetime) -> None:
    RunStep.objects.filter(pk=step.pk).update(status=RunStepStatus.DONE, done_at=now, done_by=by)
    execute(
        "UPDATE playbooks_task SET touched_at = coalesce(touched_at, %(now)s), version = version + 1,"
        " acknowledged_at = coalesce(acknowledged_at, %(now)s),"
        " status = CASE status WHEN 'open' THEN 'claimed' ELSE status END"
        " WHERE item_id = %(item)s AND run_id = %(run)s AND run_step_id IS NULL"
        " AND status IN ('open', 'claimed', 'snoozed', 'waiting')",
        {"now": now, "item": step.run.item_id, "run": step.run_id},
    )
    touch_item(item_id=step.run.item_id, now=now)
    step.refresh_from_db()


def finish_step(run_step_id: UUID, *, by: User, now: datetime) -> None:
    """A person's step is done: the next one begins, or the run ends. The item's rows are locked."""
    step = RunStep.objects.select_related("run", "step").get(pk=run_step_id)
    RunStep.objects.filter(pk=step.pk).update(status=RunStepStatus.DONE, done_at=now, done_by=by)
    if step.run.status != RunStatus.LIVE:
        return
    later = Step.objects.filter(version=step.run.version_id, position__gt=step.step.position)
    following = later.order_by("position").first()
    if following is not None:
        wait = following.business_hours if following.kind == StepKind.WAIT else None
        due = now if wait is None else add_business_hours(now, wait, _hours_of(step.run.owner_id))
        RunStep.objects.bulk_create([RunStep(run=step.run, step=following, due_at=due)], ignore_conflicts=True)
    else:
        _finish_run(step.run, now)


def _finish_run(run: Run, now: datetime) -> None:
    Run.objects.filter(pk=run.pk).update(status=RunStatus.DONE, ended_at=now, ended_why="all steps done")
    record_act("finished", run, actor="playbooks", now=now)
    if not Task.objects.active().filter(item=run.item_id).exists():
        close_item(item_id=run.item_id, outcome=OutcomeKind.COMPLETED, now=now)


def unfinish_step(run_step_id: UUID, *, now: datetime) -> None:
    """A step is not done after all, because its task was reopened: what came after it is taken back.

    Raises `RunRefused` when the playbook has gone on: a later step is with a person or done.
    """
    step = RunStep.objects.select_related("run", "step").get(pk=run_step_id)
    later = step.run.steps.filter(step__position__gt=step.step.position)
    if later.exclude(status=RunStepStatus.DUE).exists():
        raise RunRefused(_("The playbook has gone on since: work on its next step."))
    later.delete()
    RunStep.objects.filter(pk=step.pk).update(status=RunStepStatus.OPEN, done_at=None, done_by=None)
    if step.run.status == RunStatus.DONE:
        Run.objects.filter(pk=step.run_id).update(status=RunStatus.LIVE, ended_at=None, ended_why="")
    if Item.objects.filter(pk=step.run.item_id, closed_at__isnull=False).exists():
        reopen_item(item_id=step.run.item_id, now=now)


def _hours_of(owner_id: UUID | None) -> Hours:
    owner = owners([str(owner_id)]).get(str(owner_id)) if owner_id else None
    return owner.hours if owner else organisation_hours()
