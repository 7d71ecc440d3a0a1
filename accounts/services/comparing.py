"""Counting what two feeds say of the same accounts, where a page would take long: the page shows what was counted."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from accounts.queries.comparing import count_sides, kept_of
from core.bulk import fetch_all
from intake.models import Compared, ParallelRun
from intake.queries.parallel import KindLine, kind_lines
from intake.rules.parallel import COUNTED_AT_ONCE, is_stale
from intake.services.kinds import find

# Shared, as for what is held: the run does not end before it is counted.
ON = "SELECT FROM intake_parallelrun WHERE id = %s AND status = 'running' FOR SHARE"


def keep_comparisons(now: datetime) -> int:
    """Count anew, of every run, the kinds of which much is held and something may have changed; how many."""
    return sum(compare_anew(run_id=run.pk, now=now, stale_only=True) for run in ParallelRun.objects.running())


@transaction.atomic
def compare_anew(*, run_id: UUID, now: datetime, stale_only: bool = False) -> int:
    """Count the kinds of a run of which much is held; how many. stale_only: those for which it is time."""
    if not fetch_all(ON, [run_id]):
        return 0
    run = ParallelRun.objects.get(pk=run_id)
    kept = kept_of(run)
    lines = [line for line in kind_lines(run) if line.held > COUNTED_AT_ONCE and find(line.kind).said]
    if stale_only:
        lines = [line for line in lines if _is_due(line, kept.get(line.kind), now)]
    for line in lines:
        counts, first = count_sides(run, find(line.kind))
        told = {"as_of": now, "rows": line.brought, "counts": counts, "first": first}
        Compared.objects.update_or_create(run=run, kind=line.kind, defaults=told)
    return len(lines)


def _is_due(line: KindLine, kept: Compared | None, now: datetime) -> bool:
    return kept is None or is_stale(kept.as_of, now, came=line.brought != kept.rows)
