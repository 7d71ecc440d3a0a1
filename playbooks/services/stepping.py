"""The engine: does the steps that are due, in short batches, and never the same one for ever."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime

from django.db import DataError, IntegrityError, transaction

from core.business_time import NoWorkingDay
from decisions.enums import OutcomeKind
from decisions.queries.policies import switches_thrown
from decisions.services import close_items
from playbooks.queries.dispatching import ids_of
from playbooks.queries.stepping import Due, claim_due
from playbooks.services.doing import Deed, Staff, StepFailed, decide, write
from playbooks.services.starting import switch_for
from playbooks.services.stopping import give_up, switch_off

log = logging.getLogger(__name__)
BATCH = 1000


def advance_runs(now: datetime) -> int:
    """Do all steps that are due at `now`, batch by batch, and those that become due by it; how many were done."""
    done = 0
    while count := _advance_batch(now):
        done += count
    return done


@transaction.atomic
def _advance_batch(now: datetime) -> int:
    steps = claim_due(now, BATCH)
    if not steps:
        return 0
    thrown = switches_thrown()
    switched_off = {
        step: switch
        for step in steps
        if step.automated and (switch := switch_for(step.type_id, step.playbook, step.source, thrown))
    }
    switch_off(switched_off, now)
    _do([step for step in steps if step not in switched_off], now)
    return len(steps)


def _do(steps: Sequence[Due], now: datetime) -> None:
    """Do steps; one that cannot be done stops its run and goes to a person."""
    staff = Staff.of(steps, now)
    deeds: list[Deed] = []
    failed: dict[Due, str] = {}
    for step in steps:
        try:
            deeds.append(decide(step, staff))
        except (StepFailed, NoWorkingDay) as error:
            failed[step] = str(error)
            log.warning("step %s stopped its run: %s", step.id, type(error).__name__)
    give_up(failed | _write(deeds, now), now)


def _write(deeds: Sequence[Deed], now: datetime) -> dict[Due, str]:
    """Write what was decided in a savepoint, halving what the database refuses; the steps that remain, with why."""
    try:
        with transaction.atomic():
            write(deeds, now)
    except (IntegrityError, DataError) as error:
        if len(deeds) > 1:
            middle = len(deeds) // 2
            return _write(deeds[:middle], now) | _write(deeds[middle:], now)
        log.warning("step %s stopped its run: %s", deeds[0].step.id, type(error).__name__)
        return {deeds[0].step: str(error)}
    return {}


def finish_idle_runs(now: datetime) -> int:
    """Items whose automated run ended and that nothing is open for: closed as completed; how many."""
    return close_items(item_ids=ids_of(IDLE, []), outcome=OutcomeKind.COMPLETED, now=now)


IDLE = """
SELECT item.id FROM decisions_item item WHERE item.closed_at IS NULL
    AND EXISTS (SELECT 1 FROM playbooks_run r WHERE r.item_id = item.id AND r.automated AND r.status = 'done')
    AND NOT EXISTS (SELECT 1 FROM playbooks_run r WHERE r.item_id = item.id AND r.status = 'live')
    AND NOT EXISTS (SELECT 1 FROM playbooks_task t WHERE t.item_id = item.id
                    AND t.status IN ('open', 'claimed', 'snoozed', 'waiting'))
"""
