"""What each shipment held: counts of calls, and of files each column's blanks and spread of values (`days`: of calls).

A file is profiled chunk by chunk in the transaction that lands it, so that a worker that dies loses nothing and
counts nothing twice. Values that are nearly all different (names, ids) are not kept at all.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from math import frexp, isfinite
from uuid import UUID

import msgspec
from django.db import transaction

from core.bulk import execute, fetch_all
from core.ids import uuid7
from intake.enums import Landing
from intake.models import Import
from intake.rules import Arrival
from intake.rules.warned import is_mended

# So many different values are still compared one by one; what has more is compared by size, if it is numbers.
MOST_VALUES = 40
# While a file is read, a few more are kept; beyond, the column is one of names or ids.
MOST_WHILE_READ = 400
# Each value has to stand on so many rows on average: a column of names in a small file is not kept.
ROWS_A_VALUE = 3
LONGEST_VALUE = 60
NUMBERS = 0.9

NOTE = """
INSERT INTO intake_shipment (id, source_id, kind, at, rows, rejected, parked, columns, is_summed)
VALUES (%s, %s, %s, %s, %s, %s, %s, '{}', false)
"""
OF_FILE = """
INSERT INTO intake_shipment (id, source_id, kind, of_id, at, rows, rejected, parked, columns, is_summed)
VALUES (%(id)s, %(source)s, %(kind)s, %(of)s, %(at)s, %(rows)s, %(rejected)s, %(parked)s, %(columns)s, true)
ON CONFLICT (of_id) DO UPDATE SET rows = excluded.rows, rejected = excluded.rejected, parked = excluded.parked
RETURNING id
"""
FIELDS = """
INSERT INTO intake_fieldprofile (shipment_id, field, rows, blanks, spread)
SELECT %s, new.field, new.rows, new.blanks, new.spread::jsonb
FROM unnest(%s::text[], %s::int[], %s::int[], %s::text[]) AS new (field, rows, blanks, spread)
ON CONFLICT (shipment_id, field) DO UPDATE
SET rows = excluded.rows, blanks = excluded.blanks, spread = excluded.spread
"""
_DATE = re.compile(r"\s*(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{4})")
# Calls of an hour that is long over become one row.
SUM_UP = """
WITH gone AS (
    DELETE FROM intake_shipment WHERE NOT is_summed AND at < %(before)s
    RETURNING id, source_id, kind, date_trunc('hour', at) AS hour, rows, rejected, parked
)
INSERT INTO intake_shipment AS d
    (id, source_id, kind, at, rows, rejected, parked, columns, is_summed, first_id, last_id)
SELECT gen_random_uuid(), source_id, kind, hour, sum(rows), sum(rejected), sum(parked), '{}', true,
    min(id::text)::uuid, max(id::text)::uuid
FROM gone GROUP BY source_id, kind, hour
ON CONFLICT (source_id, kind, at) WHERE of_id IS NULL AND is_summed DO UPDATE
SET rows = d.rows + excluded.rows, rejected = d.rejected + excluded.rejected, parked = d.parked + excluded.parked,
    first_id = least(d.first_id, excluded.first_id), last_id = greatest(d.last_id, excluded.last_id)
"""
encode = msgspec.json.Encoder().encode


def note_shipment(arrival: Arrival, kind: str, counts: Mapping[str, int]) -> None:
    """A call brought so many rows of `kind`, counted by `Landing` status; one narrow row, in its transaction."""
    rows = sum(counts.values())
    if rows:
        refused = (counts.get(Landing.REJECTED, 0), counts.get(Landing.PARKED, 0))
        execute(NOTE, [uuid7(), arrival.source_id, kind, arrival.now, rows, *refused])


def sum_up_calls(before: datetime) -> int:
    """Add up the calls before that moment by the hour; how many rows came of it."""
    return execute(SUM_UP, {"before": before})


@dataclass
class Column:
    """One column while a file is read. `values` is None once there are too many different ones."""

    rows: int = 0
    blanks: int = 0
    numbers: int = 0
    values: Counter[str] | None = field(default_factory=Counter)
    bins: Counter[str] = field(default_factory=Counter)

    def add(self, cells: Sequence[str]) -> None:
        counts = Counter(cells)
        self.rows += len(cells)
        for blank in [cell for cell in counts if not cell.strip()]:
            self.blanks += counts.pop(blank)
        sized = [(bin_of(cell), count) for cell, count in counts.items()]
        for size, count in sized:
            if size is not None:
                self.numbers += count
                self.bins[size] += count
        if self.values is not None:
            for cell, count in counts.items():
                self.values[cell[:LONGEST_VALUE]] += count
            if len(self.values) > MOST_WHILE_READ:
                self.values = None

    @property
    def spread(self) -> dict[str, int]:
        """What may be compared: the values, else the sizes of numbers, else nothing."""
        filled = self.rows - self.blanks
        if self.values is not None and len(self.values) <= MOST_VALUES and len(self.values) * ROWS_A_VALUE <= filled:
            if all(map(_DATE.match, self.values)):
                return {}  # a day's moments are never those of the day before
            return {f"={value}": count for value, count in self.values.items()}
        if filled and self.numbers >= NUMBERS * filled:
            return dict(self.bins)
        return {}


def bin_of(cell: str) -> str | None:
    """The size of a number to a power of two, such as "~2^10"; None where it is no number."""
    text = cell.strip().replace(",", "") if cell[:1] in "-+.0123456789 " else ""
    try:
        number = float(text)
    except ValueError:
        return None
    if not isfinite(number):
        return None
    if not number:
        return "~0"
    return f"~{'-' if number < 0 else ''}2^{frexp(number)[1]}"


class FileProfile:
    """The profile of a file under way: begun anew with each worker, from where the last one got to."""

    def __init__(self, of: Import, header: Sequence[str]) -> None:
        self.of, self.header = of, list(dict.fromkeys(name for name in header if name))
        self._is_mended = is_mended(header)
        self._at = [header.index(name) for name in self.header]
        self._columns = [Column() for _name in self.header]
        self._resume()

    def add(self, chunk: Sequence[Sequence[str]], counts: Mapping[str, int]) -> None:
        """Count rows that were just landed, and write what is known so far; `counts` are the file's, so far.

        Mended rows that came back are no delivery of the feed: they say nothing of what is usual.
        """
        if self._is_mended:
            return
        for place, column in zip(self._at, self._columns, strict=True):
            column.add([row[place] if place < len(row) else "" for row in chunk])
        of = self.of
        names = {
            "id": uuid7(), "source": of.source_id, "kind": of.kind, "of": of.id, "at": of.created_at,
            "columns": self.header,
            "rows": sum(counts.values()), "rejected": counts.get(Landing.REJECTED, 0),
            "parked": counts.get(Landing.PARKED, 0),
        }  # fmt: skip
        with transaction.atomic():
            [(shipment,)] = fetch_all(OF_FILE, names)
            write_profiles(shipment, dict(zip(self.header, self._columns, strict=True)))

    def _resume(self) -> None:
        known = {name: (rows, blanks, spread) for name, rows, blanks, spread in fetch_all(KNOWN, [self.of.id])}
        for name, column in zip(self.header, self._columns, strict=True):
            if name[:120] in known:
                column.rows, column.blanks, spread = known[name[:120]]
                spread = msgspec.json.decode(spread) if isinstance(spread, str) else spread
                _restore(column, spread)


def write_profiles(shipment: UUID, columns: Mapping[str, Column]) -> None:
    """Keep what the columns of a shipment held."""
    spreads = [encode(_kept(column)).decode() for column in columns.values()]
    rows, blanks = [column.rows for column in columns.values()], [column.blanks for column in columns.values()]
    execute(FIELDS, [shipment, [name[:120] for name in columns], rows, blanks, spreads])


KNOWN = """
SELECT f.field, f.rows, f.blanks, f.spread FROM intake_fieldprofile f JOIN intake_shipment d ON d.id = f.shipment_id
WHERE d.of_id = %s
"""


def _kept(column: Column) -> dict[str, int]:
    """What is written of a column: what may be compared, and the sizes of its numbers, to go on from."""
    return {**column.bins, **column.spread} if column.spread else {}


def _restore(column: Column, kept: Mapping[str, int]) -> None:
    column.bins = Counter({size: count for size, count in kept.items() if size.startswith("~")})
    column.numbers = sum(column.bins.values())
    values = {value[1:]: count for value, count in kept.items() if value.startswith("=")}
    column.values = Counter(values) if values or column.rows == column.blanks else None
