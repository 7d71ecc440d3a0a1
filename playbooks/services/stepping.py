"""The engine: does the steps that are due, in short batches, and never the same one for ever."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from django.db import DataError, IntegrityError, transaction
from django.utils.translation import gettext as _

from core.bulk import fetch_all
from core.business_time import NoWorkingDay, add_business_hours
from core.models import User
from core.services import raise_alert, record_act
from decisions.enums import OutcomeKind
from decisions.queries.policies import switches_thrown
from decisions.services import close_item
from playbooks.enums import Lane, RunStepStatus, StepKind
from playbooks.models import Effect, RunStep, Task
from playbooks.queries.dispatching import organisation_hours, owners
from playbooks.rules.steps import fill, may_run_alone, per_cent
from playbooks.services.grants import grant_sight
from playbooks.services.resolving import lead_of
from playbooks.services.running import go_on, stop_run_of_item
from playbooks.services.starting import switch_for, tell_of_switch

log = logging.getLogger(__name__)
BATCH = 200
# Hours until a step's task is due where the playbook does not say.
A_DAY = 8

# Whoever holds an account works on it: its steps are left to them and found again by the next sweep.
CLAIM = """
SELECT id FROM accounts_account WHERE id IN (
    SELECT run.account_id FROM playbooks_runstep step JOIN playbooks_run run ON run.id = step.run_id
    WHERE step.status = 'due' AND step.due_at <= %s AND run.status = 'live' ORDER BY step.due_at LIMIT %s)
ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
"""
DUE = """
SELECT step.id FROM playbooks_runstep step JOIN playbooks_run run ON run.id = step.run_id
WHERE step.status = 'due' AND step.due_at <= %s AND run.status = 'live' AND run.account_id = ANY(%s)
ORDER BY step.due_at, step.id LIMIT %s FOR UPDATE OF step
"""


class StepFailed(Exception):
    """A step cannot be done; the message says why and goes to the people concerned."""


def advance_runs(now: datetime) -> int:
    """Do all steps that are due at `now`, batch by batch; how many were done."""
    done = 0
    while count := _advance_batch(now):
        done += count
    return done


@transaction.atomic
def _advance_batch(now: datetime) -> int:
    accounts = [id for (id,) in fetch_all(CLAIM, [now, BATCH])]
    ids = [id for (id,) in fetch_all(DUE, [now, accounts, BATCH])]
    if not ids:
        return 0
    thrown = switches_thrown()
    steps = RunStep.objects.filter(pk__in=ids).select_related(
        "step", "run__version", "run__account__team", "run__item__type", "run__insight__source", "run__owner"
    )
    switched_off: Counter[UUID | None] = Counter()
    for step in sorted(steps, key=lambda row: ids.index(row.pk)):
        run = step.run
        switch = switch_for(run.item.type_id, run.version.playbook_id, run.insight.source.slug, thrown)
        if switch and run.automated:
            _switched_off(step, switch, now)
            switched_off[run.account.team_id] += 1
        else:
            _do(step, now)
    tell_of_switch(switched_off, now)
    return len(ids)


def _do(step: RunStep, now: datetime) -> None:
    """Do one step in a savepoint; one that cannot be done stops its run and goes to a person."""
    kind = StepKind(step.step.kind)
    try:
        with transaction.atomic():
            _check_may_run(kind)
            DO[kind](step, now)
    except (StepFailed, NoWorkingDay, IntegrityError, DataError) as error:
        log.warning("step %s stopped its run: %s", step.pk, type(error).__name__)
        _stop(step, str(error), now)


def _check_may_run(kind: StepKind) -> None:
    if not may_run_alone(kind):
        raise StepFailed(_("It needs a person's approval."))


def _make_task(step: RunStep, now: datetime) -> None:
    """The step is a person's: they get a task, and the run waits until it is closed."""
    run, words = step.run, _words(step)
    owner = run.owner if run.owner and run.owner.is_active else lead_of(run.account)
    hours = owners([owner.pk])[owner.pk].hours if owner else organisation_hours()
    RunStep.objects.filter(pk=step.pk).update(status=RunStepStatus.OPEN)
    task = Task.objects.create(
        account=run.account, type=run.item.type, item=run.item, decision_id=run.insight_id, run=run, run_step=step,
        title=fill(step.step.title, words)[:200], text=fill(step.step.text, words), lane=Lane.TODAY, assignee=owner,
        team=run.account.team, due_at=add_business_hours(now, step.step.business_hours or A_DAY, hours), opened_at=now,
        expires_at=run.item.expires_at, evidence_count=run.item.evidence_count, **_priority(run.insight_id),
    )  # fmt: skip
    if owner:
        grant_sight([(run.account_id, owner.pk)])
    else:
        text = _("A playbook's step on %(account)s has no owner. Assign it.") % {"account": run.account.name}
        raise_alert("unassigned", text, on_day=now.date(), now=now, team_id=run.account.team_id)
    record_act("opened", task, actor="playbooks", now=now, why=step.step.title, data={"run": str(run.pk)})


def _send_email(step: RunStep, now: datetime) -> None:
    """An e-mail to the item's owner leaves through the outbox, once: its key is the step of the run."""
    owner = step.run.owner if step.run.owner and step.run.owner.is_active else lead_of(step.run.account)
    if owner is None:
        raise StepFailed(_("Nobody owns the account, so there is nobody to write to."))
    words = _words(step)
    effect = Effect.objects.create(
        key=str(step.pk), run_step=step, to=owner, address=owner.email, not_before=now,
        subject=" ".join(fill(step.step.title, words).split())[:200], body=fill(step.step.text, words),
    )  # fmt: skip
    record_act("wrote", effect, actor="playbooks", now=now, why=step.step.title, data={"run": str(step.run_id)})
    go_on(step, by=None, now=now)


def _end_wait(step: RunStep, now: datetime) -> None:
    go_on(step, by=None, now=now)


DO: dict[StepKind, Callable[[RunStep, datetime], None]] = {
    StepKind.TASK: _make_task,
    StepKind.EMAIL: _send_email,
    StepKind.WAIT: _end_wait,
}


def _words(step: RunStep) -> dict[str, str]:
    run = step.run
    return {
        "account": run.account.name,
        "type": run.item.type.name,
        "confidence": per_cent(run.insight.confidence),
        "owner": str(run.owner or ""),
    }


def _priority(decision: UUID) -> dict[str, object]:
    """Priority and its parts, as the decision that started the run gave them."""
    rows = fetch_all(
        "SELECT coalesce((priority ->> 'value')::numeric, 0) FROM decisions_decision WHERE insight_id = %s", [decision]
    )
    return {"priority": rows[0][0] if rows else 0}


def _switched_off(step: RunStep, switch: str, now: datetime) -> None:
    """A kill switch was thrown: the run stops before its next step; its team is told."""
    why = f"switched off: {switch}"
    stop_run_of_item(step.run.item_id, why=why, now=now)
    if not Task.objects.active().filter(item=step.run.item_id).exists():
        close_item(item_id=step.run.item_id, outcome=OutcomeKind.HANDED_TO_HUMAN, now=now)
    record_act("stopped", step.run, actor="playbooks", now=now, why=why)


def _stop(step: RunStep, why: str, now: datetime) -> None:
    """The run cannot go on: it ends with the reason, and its owner gets a task to decide what to do."""
    run = step.run
    stop_run_of_item(run.item_id, why=why, now=now)
    record_act("stopped", run, actor="playbooks", now=now, why=why)
    text = _("A playbook stopped on %(account)s: %(why)s") % {"account": run.account.name, "why": why}
    raise_alert("run_stopped", text, on_day=now.date(), now=now, team_id=run.account.team_id, data={"run": str(run.pk)})
    if Task.objects.active().filter(item=run.item_id).exists():
        return
    owner: User | None = run.owner if run.owner and run.owner.is_active else lead_of(run.account)
    Task.objects.create(
        account=run.account, type=run.item.type, item=run.item, decision_id=run.insight_id,
        title=f"{run.item.type.name}: {run.account.name}"[:200], text=text, assignee=owner, team=run.account.team,
        flag=_("Its playbook stopped: go on by hand.")[:200], due_at=now, opened_at=now, expires_at=run.item.expires_at,
        evidence_count=run.item.evidence_count, lane=Lane.TODAY, **_priority(run.insight_id),
    )  # fmt: skip
    if owner:
        grant_sight([(run.account_id, owner.pk)])


def finish_idle_runs(now: datetime) -> int:
    """Items whose automated run ended and that nothing is open for: closed as completed; how many."""
    rows = fetch_all(IDLE)
    for (item,) in rows:
        close_item(item_id=item, outcome=OutcomeKind.COMPLETED, now=now)
    return len(rows)


IDLE = """
SELECT item.id FROM decisions_item item WHERE item.closed_at IS NULL
    AND EXISTS (SELECT 1 FROM playbooks_run r WHERE r.item_id = item.id AND r.automated AND r.status = 'done')
    AND NOT EXISTS (SELECT 1 FROM playbooks_run r WHERE r.item_id = item.id AND r.status = 'live')
    AND NOT EXISTS (SELECT 1 FROM playbooks_task t WHERE t.item_id = item.id
                    AND t.status IN ('open', 'claimed', 'snoozed', 'waiting'))
"""
