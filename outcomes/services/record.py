"""The measure stage: every close becomes an outcome, once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from core.bulk import execute
from core.ids import uuid7
from intake.enums import Happening
from intake.services import announce
from outcomes.enums import Certainty
from playbooks.models import ClosedTask

RECORD = """
INSERT INTO outcomes_outcome
    (id, task_id, account_id, type_id, decision_id, kind, reason, certainty, by_id, happened_at)
SELECT new.id, t.id, t.account_id, t.type_id, t.decision_id, t.outcome, t.outcome_reason, %s, t.closed_by_id,
       t.closed_at
FROM unnest(%s::uuid[], %s::uuid[]) AS new (id, task_id)
JOIN playbooks_task t ON t.id = new.task_id
WHERE t.closed_at IS NOT NULL
ORDER BY new.task_id
ON CONFLICT (task_id, happened_at) DO NOTHING
"""


def record_outcomes(rows: Sequence[ClosedTask], now: datetime) -> None:
    """Record how these tasks ended: provisional, as it was reported. One that was reopened meanwhile has no outcome."""
    ids = [uuid7() for _row in rows]
    execute(RECORD, [Certainty.PROVISIONAL.value, ids, [row.id for row in rows]])
    announce(ids, Happening.OUTCOME_RECORDED, now=now)
