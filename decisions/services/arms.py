"""Who is held out: drawn as claims are decided, and released as soon as something speaks against it (ADR 0024)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import msgspec

from accounts.queries.escalations import open_escalations
from core.bulk import AnyId, Id, copy_rows, execute, read_rows
from core.ids import uuid7_text
from core.models import User
from core.services import record_acts
from decisions.enums import Release
from decisions.models import Allocation
from decisions.queries.arms import Arm, ArmKey, arms_of, hold_and_count, running_hold_outs, sources_of_people
from decisions.queries.facts import ItemKey, PendingInsight
from decisions.rules.allotting import (
    Slot,
    Standing,
    Terms,
    draw,
    has_risen,
    stratum_of,
    why_excluded,
    why_released,
)
from decisions.rules.decide import Act, Facts, ItemState, Verdict

OPENING = (Act.TASK, Act.RUN)
COLUMNS = [
    "id", "hold_out_id", "account_id", "type_id", "insight_id", "held", "chance", "stratum", "block", "slot",
    "allotted_at", "released_why", "released_for",
]  # fmt: skip
DREW = """
UPDATE decisions_holdout AS h SET drawn = h.drawn || new.drawn::jsonb
FROM unnest(%s::uuid[], %s::text[]) AS new (id, drawn) WHERE h.id = new.id
"""
RELEASE = """
UPDATE decisions_allocation AS a SET released_at = %(now)s, released_why = new.why, released_for = new.words,
       released_by_id = new.person
FROM unnest(%(ids)s::uuid[], %(why)s::text[], %(for)s::text[], %(by)s::uuid[]) AS new (id, why, words, person)
WHERE a.id = new.id AND a.held AND a.released_at IS NULL
RETURNING a.id, new.why, new.words, new.person
"""


class Freed(msgspec.Struct, frozen=True):
    """A release: of which allocation, why, for which red line or exclusion, and by whose concern."""

    id: Id
    why: Release
    words: str = ""
    by: Id | None = None


@dataclass
class Arms:
    """The arms of a batch's accounts, in the hold-outs that run; those drawn and released are kept until `write`.

    persons: sources that are people. at_work: where work of a type is open. counts: what was drawn so far, once held.
    """

    terms: Mapping[str, Terms]
    arms: dict[ArmKey, Arm]
    persons: Mapping[Id, Id]
    escalated: frozenset[Id]
    at_work: set[ArmKey]
    now: datetime
    drawn: list[tuple[PendingInsight, Terms, Id, Slot]] = field(default_factory=list)
    freed: list[Freed] = field(default_factory=list)
    counts: dict[Id, dict[str, int]] | None = None

    def is_held_out(self, insight: PendingInsight, facts: Facts, verdict: Verdict) -> bool:
        """Whether nobody is to act on this claim, after drawing or releasing its account where that is due.

        verdict: what comes of it if its account is not held out.
        """
        terms, key = self.terms.get(facts.claim.type), (insight.account_id, facts.claim.type)
        if terms is None:
            return False
        arm, standing = self.arms.get(key), self._standing(key, facts)
        if arm is None:
            held_out = self._draw(key, terms, insight, facts, verdict, standing)
        else:
            held_out = arm.held_out and not self._release(key, arm, terms, insight, verdict, standing)
        if verdict.act in OPENING and not held_out:
            self.at_work.add(key)
        return held_out

    def write(self) -> None:
        """Write who was drawn, then who was released."""
        if self.drawn:
            assert self.counts is not None  # noqa: S101 - whoever drew has counted
            copy_rows(Allocation._meta.db_table, COLUMNS, map(self._row, self.drawn))
            each = {terms.id: self.counts[terms.id] for _, terms, _, _ in self.drawn}
            execute(DREW, [list(each), [msgspec.json.encode(counts).decode() for counts in each.values()]])
        release(self.freed, now=self.now, actor="decide")

    def _standing(self, key: ArmKey, facts: Facts) -> Standing:
        place, stake = facts.place, facts.stake
        return Standing(
            tier=place.tier,
            stage=place.stage,
            notice_days=stake.days_left if stake.days_left_to == "notice date" else None,
            red_lines=facts.red_lines,
            has_escalation=key[0] in self.escalated,
            has_open_item=key in self.at_work,
        )

    def _release(
        self, key: ArmKey, arm: Arm, terms: Terms, insight: PendingInsight, verdict: Verdict, standing: Standing
    ) -> bool:
        """Whether something speaks against holding the account out any longer; then it is released."""
        if person := self.persons.get(insight.stream_key[2]):
            freed = Freed(arm.id, Release.PERSON, by=person)
        elif found := why_released(standing, terms):
            freed = Freed(arm.id, *found)
        elif has_risen(arm.stratum, verdict.response):
            freed = Freed(arm.id, Release.RISEN)
        else:
            return False
        self.freed.append(freed)
        self.arms[key] = arm._replace(held_out=False)
        return True

    def _draw(
        self, key: ArmKey, terms: Terms, insight: PendingInsight, facts: Facts, verdict: Verdict, standing: Standing
    ) -> bool:
        """The arm of an account that one of its claims is about to open something for; a person's own is not drawn."""
        if verdict.act not in OPENING or not terms.shares[verdict.response]:
            return False
        if insight.stream_key[2] in self.persons or why_excluded(standing, terms):
            return False
        if self.counts is None:
            self.counts = hold_and_count([each.id for each in self.terms.values()])
        if (counts := self.counts.get(terms.id)) is None:
            return False  # stopped meanwhile
        stratum = stratum_of(verdict.response, facts.place.tier, facts.stake.revenue)
        position = counts.get(stratum, 0)
        counts[stratum] = position + 1
        slot = draw(terms, verdict.response, stratum, position)
        id = uuid7_text()
        self.drawn.append((insight, terms, id, slot))
        self.arms[key] = Arm(id, slot.held, stratum)
        return slot.held

    def _row(self, drawn: tuple[PendingInsight, Terms, Id, Slot]) -> tuple[object, ...]:
        insight, terms, id, slot = drawn
        return (
            id, terms.id, insight.account_id, terms.type, insight.id, slot.held, slot.chance, slot.stratum, slot.block,
            slot.slot, self.now, "", "",
        )  # fmt: skip


def read_arms(account_ids: Sequence[AnyId], items: Mapping[ItemKey, ItemState], now: datetime) -> Arms | None:
    """The arms of these accounts, which the caller holds; None where no hold-out runs, after one query."""
    terms = running_hold_outs(now)
    if not terms:
        return None
    return Arms(
        terms=terms,
        arms=arms_of([each.id for each in terms.values()], account_ids),
        persons=sources_of_people(),
        escalated=open_escalations(account_ids, now),
        at_work={key[:2] for key, item in items.items() if item.is_open},
        now=now,
    )


def release(freed: Sequence[Freed], *, now: datetime, actor: str = "", by: User | None = None) -> int:
    """Let these be held out no longer, each once, with an act on its account; how many were."""
    if not freed:
        return 0
    done = read_rows(
        RELEASE,
        {
            "now": now, "ids": [one.id for one in freed], "why": [one.why.value for one in freed],
            "for": [one.words for one in freed], "by": [one.by for one in freed],
        },
    )  # fmt: skip
    acts: dict[Id | None, list[tuple[Id, str, dict[str, str]]]] = defaultdict(list)
    for id, why, words, person in done:
        acts[person].append((id, "", {"because": why, "for": words}))
    for person, told in acts.items():
        who = User(id=UUID(person)) if person else by
        record_acts("released", "allocation", told, now=now, by=who, actor="" if who else actor)
    return len(done)
