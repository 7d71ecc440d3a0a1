"""Records and their accounts: what is known of a call's records, what the ladder says of the rest, and writing it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from accounts.enums import Evidence, Matching
from accounts.models import Link, MatchingMode, Pair
from accounts.rules.alike import parts_of
from accounts.rules.keys import MAKERS, NAMES, Keys, keys_of
from accounts.rules.matching import Doubt, Index, Match, Sighted, match_all
from accounts.rules.projection import Values
from accounts.services.board import Held
from accounts.services.priors import keep_priors
from accounts.services.values import decode, encode
from core.bulk import copy_rows, execute, fetch_all
from core.ids import uuid7
from intake.rules import Arrival

# The links of every live account that holds one of these keys: the ladder needs all that is known of a holder.
HOLDING = " UNION ".join(
    f"SELECT account_id FROM accounts_link WHERE {key} = ANY(%({key})s) AND {key} <> '' AND revoked_at IS NULL"  # noqa: S608 - our columns  # nosec B608
    for key in NAMES
)
HOLDERS = f"""
WITH holding AS ({HOLDING})
SELECT l.account_id, l.namespace_id, l.values, {", ".join(f"l.{key}" for key in NAMES)}
FROM holding h JOIN accounts_account a ON a.id = h.account_id AND a.archived_at IS NULL
JOIN accounts_link l ON l.account_id = h.account_id AND l.revoked_at IS NULL AND l.namespace_id IS NOT NULL
ORDER BY l.account_id, l.id
"""  # noqa: S608  # nosec B608 - our own names
SAY = f"""
UPDATE accounts_link l SET values = w.values::jsonb, {", ".join(f"{key} = w.{key}" for key in NAMES)}
FROM unnest(%s::uuid[], %s::text[]{", %s::text[]" * len(NAMES)}) AS w(id, values, {", ".join(NAMES)})
WHERE l.id = w.id
"""  # noqa: S608  # nosec B608 - our own names
COLUMNS = [
    "id", "account_id", "source_id", "namespace_id", "external_id", "rule", "evidence", "confidence", "import_id",
    "actor", "created_at", "values", *NAMES, "revoked_why",
]  # fmt: skip


@dataclass
class Sayings:
    """What a call's records say: links that are new, links that say something else, and what it was before.

    absent: accounts that records would have made which were refused. revived: those that are made once more.
    """

    arrival: Arrival
    matches: Mapping[str, Match] = field(default_factory=dict)
    absent: set[UUID] = field(default_factory=set)
    revived: set[UUID] = field(default_factory=set)
    new: dict[UUID, Held] = field(default_factory=dict)
    changed: dict[UUID, Held] = field(default_factory=dict)
    priors: dict[UUID, dict[str, list[Any]]] = field(default_factory=dict)

    def say(self, link: Held, field: str, entry: list[Any]) -> None:
        """Keep that the record says `entry` of `field` now."""
        if self.arrival.import_id:
            prior = self.priors.setdefault(link.id, {}).setdefault(field, [link.values.get(field), None])
            prior[1] = entry
        link.values[field] = entry
        if link.id not in self.new:
            self.changed[link.id] = link

    def note(self, link: Held, field: str, before: UUID | None, after: UUID | None) -> None:
        """Keep for an undo what followed from what the record said."""
        if self.arrival.import_id:
            was = self.priors.setdefault(link.id, {}).setdefault(field, [[before and str(before)], None])
            was[1] = [after and str(after)]

    def write(self) -> None:
        """Write links, what was there before an import, and the pairs that the ladder leaves to a person."""
        copy_rows(Link._meta.db_table, COLUMNS, (self._row(link) for link in self.new.values()))
        write_sayings(list(self.changed.values()))
        if self.arrival.import_id:
            self._write_priors()
        doubts = (match.doubt for match in self.matches.values() if match.doubt)
        add_pairs((doubt for doubt in doubts if doubt.other not in self.absent), self.arrival)

    def _row(self, link: Held) -> list[Any]:
        arrival, match = self.arrival, self.matches.get(link.external_id)
        rule, confidence, evidence = (match.rule, match.confidence, match.evidence) if match else KNOWN
        return [
            link.id, link.account_id, link.source_id, link.namespace_id, link.external_id, rule.value,
            encode(evidence).decode(), confidence, arrival.import_id, arrival.actor, arrival.now,
            encode(link.values).decode(), *_keys(link.values), "",
        ]  # fmt: skip

    def _write_priors(self) -> None:
        links = {**self.new, **self.changed}
        rows = ((id, links[id].external_id, id in self.new, fields) for id, fields in self.priors.items())
        keep_priors("accounts", rows, self.arrival)


def write_sayings(links: Sequence[Held]) -> None:
    """Keep what these records say now, and by what they may be matched."""
    if links:
        rows = [(link.id, encode(link.values).decode(), *_keys(link.values)) for link in links]
        execute(SAY, [list(column) for column in zip(*rows, strict=True)])


# A record whose id was known to the namespace already.
KNOWN: tuple[Evidence, float, Mapping[str, object]] = (Evidence.ACCOUNT_ID, 1.0, {})


def said_in(values: Values) -> dict[str, Any]:
    return {field: entry[0] for field, entry in values.items()}


def _keys(values: Values) -> list[str]:
    found = keys_of(said_in(values))
    return [found.get(rule, "") for rule in MAKERS]


def match_records(
    said: Mapping[str, Mapping[str, Any]], arrival: Arrival, again: Mapping[str, UUID]
) -> dict[str, Match]:
    """External id → which account the record is about, for records that the namespace does not know yet.

    again: the account that a record makes which had made it before (`reviving`); any other makes a new one.
    """
    sighted = {
        external_id: Sighted(again.get(external_id) or uuid7(), arrival.namespace_id, parts_of(values), keys_of(values))
        for external_id, values in said.items()
    }
    index = index_of([record.keys for record in sighted.values()])
    matches = match_all(sighted.values(), index, mode_of(arrival.source_id))
    return dict(zip(sighted, matches, strict=True))


def mode_of(source_id: UUID) -> Matching:
    mode = MatchingMode.objects.filter(source_id=source_id).values_list("mode", flat=True).first()
    return Matching(mode) if mode else Matching.STRICT


def index_of(wanted: Sequence[Keys]) -> Index:
    index = Index()
    keys = {rule.value: sorted({some[rule] for some in wanted if rule in some}) for rule in MAKERS}
    if any(keys.values()):
        for account, namespace, values, *held in fetch_all(HOLDERS, keys):
            parts = parts_of(said_in(decode(values)))
            index.add(account, namespace, parts, {rule: key for rule, key in zip(MAKERS, held, strict=True) if key})
    return index


def add_pairs(doubts: Iterable[Doubt], arrival: Arrival) -> None:
    """Leave pairs for a person; two that were asked about before are not asked about again."""
    pairs = []
    for doubt in doubts:
        first, second = sorted((doubt.account, doubt.other))
        pairs.append(
            Pair(
                first_id=first,
                second_id=second,
                rule=doubt.rule,
                evidence=dict(doubt.evidence),
                pattern=doubt.pattern,
                import_id=arrival.import_id,
                found_at=arrival.now,
            )
        )
    Pair.objects.bulk_create(pairs, ignore_conflicts=True, batch_size=2000)
