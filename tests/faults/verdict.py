"""What must be true when all is quiet again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from core.bulk import fetch_all
from cx_ops.invariants import broken_invariants
from decisions.queries.replay import replay_decisions
from tests.faults.customers import POISON
from tests.faults.sending import COPIES, Log


@dataclass
class Verdict:
    """Violations by kind; every list is empty when all is well."""

    acknowledged: int = 0
    decisions: int = 0
    found: dict[str, list[str]] = field(default_factory=dict)

    @property
    def violations(self) -> int:
        return sum(map(len, self.found.values()))


RECORDS = """
SELECT s.slug, r.external_id, r.id::text, count(*) OVER (PARTITION BY r.source_id, r.kind, r.external_id)
FROM intake_record AS r JOIN intake_source AS s ON s.id = r.source_id WHERE r.kind = 'insights'
"""
UNDECIDED = """
SELECT r.external_id || ' ' || coalesce(x.stage || ': ' || x.error, 'no trace') FROM intake_record AS r
LEFT JOIN core_deadletter AS x ON x.record_id = r.id
WHERE r.kind = 'insights' AND r.external_id NOT LIKE %s
  AND NOT EXISTS (SELECT FROM decisions_decision AS d WHERE d.insight_id = r.id)
  AND NOT EXISTS (SELECT FROM accounts_parked AS p WHERE p.record_id = r.id AND p.value LIKE 'never-%%')
"""
UNDISPATCHED = "SELECT stage || ' ' || record_id || ': ' || error FROM core_deadletter WHERE stage <> 'believe'"
POISON_AT_LARGE = """
SELECT r.external_id FROM intake_record AS r
WHERE r.external_id LIKE %s AND (SELECT count(*) FROM core_deadletter AS x WHERE x.record_id = r.id) <> 1
"""
DOUBLED = {
    "tasks of an item": """
        SELECT item_id::text FROM playbooks_task WHERE item_id IS NOT NULL AND run_step_id IS NULL
          AND closed_at IS NULL GROUP BY item_id HAVING count(*) > 1""",
    "tasks of a decision": """
        SELECT decision_id::text FROM playbooks_task WHERE decision_id IS NOT NULL AND run_step_id IS NULL
        GROUP BY decision_id HAVING count(*) > 1""",
    "automated runs of an insight": """
        SELECT insight_id::text FROM playbooks_run GROUP BY insight_id, automated HAVING count(*) > 1""",
    "effects of a step": """
        SELECT run_step_id::text FROM playbooks_effect WHERE run_step_id IS NOT NULL
        GROUP BY run_step_id HAVING count(*) > 1""",
    "messages": "SELECT message_id FROM core_mail GROUP BY message_id HAVING count(*) > 1",
    "sends of an effect": """
        SELECT subject_id FROM core_act WHERE verb = 'sent' AND subject_type = 'effect'
        GROUP BY subject_id HAVING count(*) > 1""",
}
UNSENT = "SELECT id::text || ' ' || status FROM playbooks_effect WHERE status NOT IN ('sent', 'cancelled')"


def examine(log: Log, probes: int) -> Verdict:
    """Look at everything. Nothing may be running any more."""
    connection.close()  # the database has been stopped since
    verdict = Verdict(acknowledged=len(log.ids))
    verdict.found["lost"] = list(_lost(log))
    verdict.found["doubled"] = list(_doubled(log))
    verdict.found["undecided"] = [*_texts(UNDECIDED, [f"{POISON}%"]), *_texts(UNDISPATCHED)]
    verdict.found["poison not set aside"] = _texts(POISON_AT_LARGE, [f"{POISON}%"])
    verdict.found["effects not sent"] = _texts(UNSENT)
    verdict.found["wrong answers"] = log.wrong
    verdict.found["invariants broken"] = [
        f"{name}: {row}" for name, rows in broken_invariants().items() for row in rows
    ]
    verdict.found["not replayed"] = []
    for differences in replay_decisions():
        verdict.decisions += 1
        verdict.found["not replayed"] += map(str, differences)
    return verdict


def _lost(log: Log) -> Iterable[str]:
    """Acknowledged, and not there under the id that was told; or acknowledged fewer times than sent."""
    held = {(slug, external_id): id for slug, external_id, id, _ in fetch_all(RECORDS)}
    for key, ids in log.ids.items():
        if held.get(key) not in ids:
            yield f"{key} {ids}"
        if log.copies[key] != COPIES:
            yield f"{key} was acknowledged {log.copies[key]} times"


def _doubled(log: Log) -> Iterable[str]:
    yield from (f"{key} has ids {ids}" for key, ids in log.ids.items() if len(ids) > 1)
    yield from (f"record {slug} {name}" for slug, name, _, times in fetch_all(RECORDS) if times > 1)
    for what, query in DOUBLED.items():
        yield from (f"{what}: {row}" for row in _texts(query))


def _texts(query: str, params: Sequence[Any] = ()) -> list[str]:
    return [str(row[0]) for row in fetch_all(query, params)]
