"""The decide stage: one verdict for every insight that waits, account by account, oldest score first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

import msgspec

from core.bulk import NULL, Id, array_text, copy_json, copy_lines, copy_text, execute, moment_text
from core.handing import Handed
from core.ids import uuid7_text
from core.stages import leave
from core.version import CODE_VERSION
from decisions.enums import Suppression
from decisions.models import Decided
from decisions.queries.facts import (
    ItemKey,
    PendingInsight,
    Situation,
    StreamKey,
    pending_insights,
    situation_of,
)
from decisions.queries.policies import policy_at, switches_thrown
from decisions.rules.decide import RANK, Act, Band, Facts, ItemState, Person, Policy, StreamState, Verdict, decide
from decisions.services.arms import Arms, read_arms
from insights.models import Believed
from intake.enums import Happening
from intake.services import announce

encode_lines = msgspec.json.Encoder(decimal_format="string").encode_lines


def decide_insights(rows: Sequence[Believed], now: datetime) -> None:
    """Decide all waiting insights of these rows' accounts, and leave what is to be done for dispatch.

    The accounts are locked as they are read, and what waits is read after that: insights that another worker decided in
    the meantime are gone, and those that arrived in another batch are decided here, in order.
    """
    accounts = list({row.account_id for row in rows})
    switches = switches_thrown()
    policy = policy_at(now)
    ledger = Ledger(situation_of(accounts, switches, now, matrices=[policy.ownership]), policy, now)
    ledger.arms = read_arms(accounts, ledger.situation.items, now)
    insights = pending_insights(accounts, [row.id for row in rows] if isinstance(rows, Handed) else ())
    for insight in insights:
        ledger.decide(insight)
    ledger.write()
    ids = [insight.id for insight in insights]
    announce(ids, Happening.INSIGHT_ACCEPTED, Happening.DECISION_MADE, now=now)
    _take_along(rows, insights)


def _take_along(rows: Sequence[Believed], insights: Sequence[PendingInsight]) -> None:
    """Let those wait no longer that were in batches of others; one's own are taken away with their batch."""
    own = {row.id for row in rows}
    if others := [insight for insight in insights if insight.id not in own]:
        names = {"ids": [row.id for row in others], "accounts": list({row.account_id for row in others})}
        execute("DELETE FROM insights_believed WHERE account_id = ANY(%(accounts)s) AND id = ANY(%(ids)s)", names)


@dataclass
class ItemChange:
    """What this batch makes of one item: its new values, and whether it is new."""

    key: ItemKey
    state: ItemState
    owner: Id | None
    opened_at: datetime
    expires_at: datetime
    confidence: Decimal
    is_new: bool
    evidence: int


@dataclass
class Ledger:
    """Decides one insight after another and keeps what has to be written, until `write` writes it all at once."""

    situation: Situation
    policy: Policy
    now: datetime
    decisions: list[tuple[PendingInsight, Facts, Verdict, Id | None]] = field(default_factory=list)
    acts: list[tuple[Id, str]] = field(default_factory=list)
    streams: dict[StreamKey, StreamState] = field(default_factory=dict)
    items: dict[ItemKey, ItemChange] = field(default_factory=dict)
    arms: Arms | None = None

    def __post_init__(self) -> None:
        self.known_streams = frozenset(self.situation.streams)

    def decide(self, insight: PendingInsight) -> None:
        """Decide one insight and remember what it changes, so that the next one sees it."""
        facts = self.situation.facts_of(insight)
        verdict = decide(facts=facts, policy=self.policy, now=self.now)
        if self.arms is not None and self.arms.is_held_out(insight, facts, verdict):
            facts = msgspec.structs.replace(facts, held_out=True)
            verdict = decide(facts=facts, policy=self.policy, now=self.now)
        if verdict.stream is not None:
            self.streams[insight.stream_key] = verdict.stream
            self.situation.remember_stream(insight.stream_key, verdict.stream)
        item = EFFECTS[verdict.act](self, insight, facts, verdict)
        self.decisions.append((insight, facts, verdict, item))
        if verdict.act != Act.NOTHING:
            self.acts.append((insight.id, verdict.act))

    def open_item(self, insight: PendingInsight, facts: Facts, verdict: Verdict) -> Id:
        """A new open item, owned by whom the verdict found."""
        reason = facts.claim.reason
        state = ItemState(
            id=uuid7_text(),
            is_open=True,
            response=verdict.response,
            reasons=(reason,) if reason else (),
            red_lines=facts.red_lines,
        )
        self.situation.people.took(verdict.owner)
        self._remember(insight, facts, state, is_new=True, owner=verdict.owner)
        return state.id

    def add_to_item(self, insight: PendingInsight, facts: Facts, verdict: Verdict) -> Id | None:
        """The open item with this insight as evidence: its response, reasons and red lines only grow."""
        item = facts.item
        if item is None or not item.is_open:
            return None
        reason = facts.claim.reason
        state = msgspec.structs.replace(
            item,
            response=max(item.response, verdict.response, key=RANK.__getitem__),
            reasons=item.reasons if not reason or reason in item.reasons else (*item.reasons, reason),
            red_lines=(*item.red_lines, *(line for line in facts.red_lines if line not in item.red_lines)),
        )
        self._remember(insight, facts, state, is_new=False)
        return item.id

    def no_item(self, insight: PendingInsight, facts: Facts, verdict: Verdict) -> Id | None:
        """Nothing is open and nothing opens; the item that keeps it quiet, if any, is named."""
        kept_quiet = verdict.suppressed_by and verdict.suppressed_by is not Suppression.HOLD_OUT
        return facts.item.id if facts.item and kept_quiet else None

    def write(self) -> None:
        """Write streams, items, decisions, who is held out and what is left for dispatch."""
        self._write_streams()
        self._write_items()
        if self.decisions:
            copy_lines("decisions_decision", DECISION_COLUMNS, self._decision_lines())
        if self.arms is not None:
            self.arms.write()
        leave_for_dispatch(self.acts)

    def _remember(
        self, insight: PendingInsight, facts: Facts, state: ItemState, *, is_new: bool, owner: Person | None = None
    ) -> None:
        self.situation.items[insight.item_key] = state
        claim, known = facts.claim, self.items.get(insight.item_key)
        if known is None or known.state.id != state.id:
            self.items[insight.item_key] = ItemChange(
                key=insight.item_key,
                state=state,
                owner=owner.id if owner else None,
                opened_at=self.now,
                expires_at=claim.expires_at,
                confidence=claim.confidence,
                is_new=is_new,
                evidence=0 if is_new else 1,
            )
            return
        known.state = state
        known.expires_at = max(known.expires_at, claim.expires_at)
        known.confidence = max(known.confidence, claim.confidence)
        known.evidence += 1

    def _decision_lines(self) -> Iterator[str]:
        """Each decision as a line of `DECISION_COLUMNS`; a whole column of JSON is written at once."""
        verdicts = [verdict for _, _, verdict, _ in self.decisions]
        columns = zip(
            self.decisions,
            _json_cells([verdict.owner_path for verdict in verdicts]),
            _json_cells([verdict.reasons for verdict in verdicts]),
            _json_cells([verdict.priority for verdict in verdicts]),
            _json_cells([facts for _, facts, _, _ in self.decisions]),
            strict=True,
        )
        versions = f"{self.policy.authority.version}\t{self.policy.ownership.version}"
        end = f"{CODE_VERSION}\t{moment_text(self.now)}"
        for (insight, facts, verdict, item), path, reasons, priority, inputs in columns:
            claim, owner = facts.claim, verdict.owner
            yield "\t".join(
                (
                    insight.id, insight.account_id, claim.type, str(claim.confidence), _band_cells(verdict.band),
                    verdict.response, verdict.suppressed_by or "", versions, owner.id if owner else NULL, path, reasons,
                    priority if verdict.priority else NULL, item or NULL, verdict.playbook, inputs, end,
                )
            )  # fmt: skip

    def _write_streams(self) -> None:
        """The accounts are held, so a stream that was not there is new; the others are changed by way of a table."""
        fresh: list[str] = []
        changed: list[str] = []
        for key, stream in self.streams.items():
            (changed if key in self.known_streams else fresh).append(_stream_line(key, stream))
        copy_lines("decisions_stream", STREAM_COLUMNS, fresh)
        if not changed:
            return
        execute("CREATE TEMP TABLE IF NOT EXISTS staged_streams (LIKE decisions_stream) ON COMMIT DELETE ROWS")
        execute("TRUNCATE staged_streams")
        copy_lines("staged_streams", STREAM_COLUMNS, changed)
        execute(CHANGE_STREAMS)

    def _write_items(self) -> None:
        fresh = [_item_line(change) for change in self.items.values() if change.is_new]
        copy_lines("decisions_item", ITEM_COLUMNS, fresh)
        grown = [change for change in self.items.values() if not change.is_new]
        if grown:
            execute(GROW_ITEMS, _columns(_grown_item(change) for change in grown))


def leave_for_dispatch(acts: Sequence[tuple[Id, str]]) -> None:
    """Leave the acts for the next stage, in the order in which they were decided."""
    leave(Decided, ["act"], acts, stage="dispatch")


DECISION_COLUMNS = [
    "insight_id", "account_id", "type_id", "confidence", "band_lower", "band_upper", "band_response", "response",
    "suppressed_by", "authority_version", "ownership_version", "owner_id", "owner_path", "reasons", "priority",
    "item_id", "playbook", "inputs", "code_version", "decided_at",
]  # fmt: skip
STREAM_COLUMNS = [
    "account_id", "type_id", "source_id", "model",
    "band", "response", "bound", "entered_at", "lower_scores", "scored_at", "expires_at",
]  # fmt: skip
CHANGE_STREAMS = """
UPDATE decisions_stream AS s SET
    band = new.band, response = new.response, bound = new.bound, entered_at = new.entered_at,
    lower_scores = new.lower_scores, scored_at = new.scored_at, expires_at = new.expires_at
FROM staged_streams AS new
WHERE (s.account_id, s.type_id, s.source_id, s.model) = (new.account_id, new.type_id, new.source_id, new.model)
"""
ITEM_COLUMNS = [
    "id", "account_id", "type_id", "slot", "response", "confidence", "owner_id", "reasons", "red_lines",
    "evidence_count", "opened_at", "expires_at", "outcome", "quiet",
]  # fmt: skip
GROW_ITEMS = """
UPDATE decisions_item AS item SET
    response = new.response, confidence = greatest(item.confidence, new.confidence),
    reasons = new.reasons::text[], red_lines = new.red_lines::text[],
    evidence_count = item.evidence_count + new.evidence, expires_at = greatest(item.expires_at, new.expires_at)
FROM unnest(%s::uuid[], %s::text[], %s::numeric[], %s::text[], %s::text[], %s::int[], %s::timestamptz[])
    AS new (id, response, confidence, reasons, red_lines, evidence, expires_at)
WHERE item.id = new.id
"""


def _json_cells(values: Sequence[object]) -> list[str]:
    """Each as a cell of JSON, for `copy_lines`."""
    return copy_json(encode_lines(values).decode()).removesuffix("\n").split("\n")


@lru_cache(maxsize=1024)
def _band_cells(band: Band) -> str:
    return f"{band.lower}\t{band.upper}\t{band.response}"


def _stream_line(key: StreamKey, stream: StreamState) -> str:
    account, type, source, model = key
    return "\t".join(
        (
            account, type, source, copy_text(model), stream.band, stream.response, str(stream.bound),
            moment_text(stream.entered_at), str(stream.lower_scores), moment_text(stream.scored_at),
            moment_text(stream.expires_at),
        )
    )  # fmt: skip


def _item_line(change: ItemChange) -> str:
    """A new item as a line of `ITEM_COLUMNS`."""
    state, (account, type, slot) = change.state, change.key
    return "\t".join(
        (
            state.id, account, type, copy_text(slot), state.response, str(change.confidence), change.owner or NULL,
            copy_text(array_text(state.reasons)), copy_text(array_text(state.red_lines)), str(1 + change.evidence),
            moment_text(change.opened_at), moment_text(change.expires_at), "", "f",
        )
    )  # fmt: skip


def _grown_item(change: ItemChange) -> tuple[Any, ...]:
    state = change.state
    return (
        state.id, state.response.value, change.confidence, array_text(state.reasons), array_text(state.red_lines),
        change.evidence, change.expires_at,
    )  # fmt: skip


def _columns(rows: Any) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]


# What each act makes of the item: a new one, one that grew, or none.
EFFECTS = {
    Act.TASK: Ledger.open_item,
    Act.RUN: Ledger.open_item,
    Act.UPGRADE: Ledger.add_to_item,
    Act.EVIDENCE: Ledger.add_to_item,
    Act.WAKE: Ledger.add_to_item,
    Act.CLEAR: Ledger.add_to_item,
    Act.WATCH: Ledger.no_item,
    Act.NOTHING: Ledger.no_item,
}
