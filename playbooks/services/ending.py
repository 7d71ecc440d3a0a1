"""Ending tasks without a person: their cause went away, their horizon ended, somebody else took over."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from core.bulk import AnyId, Id, read_rows
from core.doorbell import ring_on_commit
from core.services import record_acts
from core.stages import leave
from decisions.enums import OutcomeKind
from playbooks.enums import TaskStatus
from playbooks.models import ClosedTask
from playbooks.services.grants import revoke_idle

STATUS_OF = {
    OutcomeKind.EXPIRED: TaskStatus.EXPIRED,
    OutcomeKind.HANDED_TO_HUMAN: TaskStatus.MERGED,
    OutcomeKind.DUPLICATE: TaskStatus.MERGED,
}
END = """
UPDATE playbooks_task SET status = %s, outcome = %s, closed_at = %s, snoozed_until = NULL, version = version + 1
WHERE id IN (SELECT id FROM playbooks_task WHERE item_id = ANY(%s) AND (run_step_id IS NOT NULL OR NOT %s)
             AND status IN ('open', 'claimed', 'snoozed', 'waiting') ORDER BY id FOR UPDATE)
RETURNING id, account_id
"""


class Ended(NamedTuple):
    id: Id
    account_id: Id


def end_tasks(
    items: Collection[AnyId], *, outcome: OutcomeKind, now: datetime, steps_only: bool = False, actor: str = "dispatch"
) -> list[Ended]:
    """Close the active tasks of items with `outcome`, by nobody; those that were. The items' rows are locked.

    steps_only: only tasks that a run's step made.
    """
    status = STATUS_OF.get(outcome, TaskStatus.CLOSED)
    ended = [Ended(*row) for row in read_rows(END, [status.value, outcome.value, now, list(items), steps_only])]
    if ended:
        record_acts("closed", "task", ((task.id, outcome.value, {}) for task in ended), actor=actor, now=now)
        leave_for_measure([task.id for task in ended])
        revoke_idle({task.account_id for task in ended})
    return ended


def leave_for_measure(tasks: Collection[AnyId]) -> None:
    """Leave closed tasks for the measure stage."""
    leave(ClosedTask, [], [(id,) for id in tasks], stage="measure")
    ring_on_commit()
