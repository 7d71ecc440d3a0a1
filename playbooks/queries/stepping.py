"""Steps of runs that are due, each with everything that doing it needs, read for a whole batch at once."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from core.bulk import AnyId, Id, read_rows
from playbooks.enums import StepKind
from playbooks.queries.dispatching import ids_of


class Due(NamedTuple):
    """One due step and what it is about.

    `next_wait`: business hours until the following step begins, None where it begins at once. `person_id`: who does
    what is a person's: the run's owner, else the team's lead, else the catch-all; the first of them who is active.
    """

    id: Id
    run_id: Id
    kind: StepKind
    title: str
    text: str
    business_hours: int
    next_id: Id | None
    next_wait: int | None
    automated: bool
    playbook: str
    account_id: Id
    account: str
    team_id: Id | None
    item_id: Id
    type_id: str
    type: str
    evidence_count: int
    expires_at: datetime
    source: str
    insight_id: Id
    confidence: Decimal
    priority: Decimal
    parts: str
    owner_id: Id | None
    person_id: Id | None


# Whoever holds an account works on it: its steps are left to them and found again by the next sweep.
CLAIM = """
SELECT id FROM accounts_account WHERE id IN (
    SELECT run.account_id FROM playbooks_runstep step JOIN playbooks_run run ON run.id = step.run_id
    WHERE step.status = 'due' AND step.due_at <= %s AND run.status = 'live' ORDER BY step.due_at LIMIT %s)
ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
"""
LOCK_ITEMS = """
SELECT id FROM decisions_item WHERE id IN (
    SELECT run.item_id FROM playbooks_runstep step JOIN playbooks_run run ON run.id = step.run_id
    WHERE step.status = 'due' AND step.due_at <= %s AND run.status = 'live' AND run.account_id = ANY(%s))
ORDER BY id FOR NO KEY UPDATE
"""
DUE = """
SELECT step.id, run.id, s.kind, s.title, s.text, s.business_hours, following.id, following.wait,
       run.automated, v.playbook_id, a.id, a.name, a.team_id,
       item.id, item.type_id, t.name, item.evidence_count, item.expires_at,
       source.slug, ins.id, ins.confidence, coalesce((d.priority ->> 'value')::numeric, 0),
       coalesce(d.priority -> 'parts', '[]')::text, run.owner_id,
       coalesce(owner.id, lead.id, (SELECT u.id FROM core_organisation o JOIN core_user u ON u.id = o.catch_all_id
                                    WHERE u.is_active LIMIT 1))
FROM playbooks_runstep step
JOIN playbooks_run run ON run.id = step.run_id
JOIN playbooks_step s ON s.id = step.step_id
JOIN playbooks_playbookversion v ON v.id = run.version_id
JOIN accounts_account a ON a.id = run.account_id
JOIN decisions_item item ON item.id = run.item_id
JOIN insights_insighttype t ON t.slug = item.type_id
JOIN insights_insight ins ON ins.id = run.insight_id
JOIN intake_source source ON source.id = ins.source_id
LEFT JOIN decisions_decision d ON d.insight_id = run.insight_id
LEFT JOIN core_user owner ON owner.id = run.owner_id AND owner.is_active
LEFT JOIN core_team team ON team.id = a.team_id
LEFT JOIN core_user lead ON lead.id = team.lead_id AND lead.is_active
LEFT JOIN LATERAL (
    SELECT later.id, CASE WHEN later.kind = 'wait' THEN later.business_hours END AS wait FROM playbooks_step later
    WHERE later.version_id = run.version_id AND later.position > s.position ORDER BY later.position LIMIT 1
) AS following ON true
WHERE step.status = 'due' AND step.due_at <= %s AND run.status = 'live' AND run.account_id = ANY(%s)
ORDER BY step.due_at, step.id LIMIT %s FOR NO KEY UPDATE OF run, step
"""
AT_WORK = """
SELECT item_id FROM playbooks_task WHERE item_id = ANY(%s) AND status IN ('open', 'claimed', 'snoozed', 'waiting')
"""


def claim_due(now: datetime, limit: int) -> list[Due]:
    """Up to `limit` steps due at `now`, the oldest first; account, item, run and step are locked, in this order."""
    accounts = [id for (id,) in read_rows(CLAIM, [now, limit])]
    if not accounts:
        return []
    read_rows(LOCK_ITEMS, [now, accounts])
    rows = read_rows(DUE, [now, accounts, limit])
    return [Due._make((*row[:2], StepKind(row[2]), *row[3:])) for row in rows]


def items_at_work(items: Collection[AnyId]) -> set[Id]:
    """Those of the items for which somebody has an active task."""
    return ids_of(AT_WORK, [list(items)])
