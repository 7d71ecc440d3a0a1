"""Replays decisions from their own rows, and says where the same facts would not give the same verdict."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

import msgspec

from decisions.models import AuthorityPolicy, Decision, OwnershipPolicy
from decisions.queries.policies import authority_of, ownership_of
from decisions.rules.decide import Facts, Policy, Priority, Verdict, decide


@dataclass(frozen=True)
class Difference:
    """A decision that does not replay: which column, what it says, what the rules say now."""

    insight_id: UUID
    column: str
    stored: Any
    replayed: Any


def replay_decisions(chunk: int = 2000) -> Iterator[list[Difference]]:
    """One list of differences per decision, empty where it replays identically. Memory is flat in their number."""

    @cache
    def policy(authority: int, ownership: int) -> Policy:
        return Policy(
            authority_of(AuthorityPolicy.objects.get(version=authority)),
            ownership_of(OwnershipPolicy.objects.get(version=ownership)),
        )

    for row in Decision.objects.order_by("insight_id").iterator(chunk_size=chunk):
        facts = msgspec.convert(row.inputs, Facts)
        verdict = decide(facts=facts, policy=policy(row.authority_version, row.ownership_version), now=row.decided_at)
        yield _differences(row, verdict)


def _differences(row: Decision, verdict: Verdict) -> list[Difference]:
    stored = {
        "band_lower": row.band_lower,
        "band_upper": row.band_upper,
        "band_response": row.band_response,
        "response": row.response,
        "suppressed_by": row.suppressed_by,
        "owner_id": str(row.owner_id) if row.owner_id else None,
        "owner_path": tuple(row.owner_path),
        "reasons": tuple(row.reasons),
        "playbook": row.playbook,
        "priority": msgspec.convert(row.priority, Priority | None),
    }
    replayed = {
        "band_lower": verdict.band.lower,
        "band_upper": verdict.band.upper,
        "band_response": verdict.band.response.value,
        "response": verdict.response.value,
        "suppressed_by": verdict.suppressed_by.value if verdict.suppressed_by else "",
        "owner_id": verdict.owner.id if verdict.owner else None,
        "owner_path": verdict.owner_path,
        "reasons": verdict.reasons,
        "playbook": verdict.playbook,
        "priority": verdict.priority,
    }
    return [
        Difference(row.insight_id, column, stored[column], replayed[column])
        for column in stored
        if stored[column] != replayed[column]
    ]
