"""What the calls of a day brought: its fields, how many rows lack one, how values spread. Read from what landed.

Nothing of this is counted while a call is answered. When a day is over, and its calls are added up, a sample of what
they brought is looked at, and kept with the last hour of the day as the columns of a file are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from core.bulk import fetch_all
from core.models import Heartbeat
from intake.models import Shipment
from intake.rules.health import COMMON, FEWEST_VALUES
from intake.services.kinds import UnknownKind, find
from intake.services.profiling import Column, write_profiles

DONE = "feed_days"
DAY = timedelta(days=1)
# After a standstill so many days are made up for.
MOST_DAYS = 8
# So many records say enough of a day.
SAMPLED = 4000
MOST_FIELDS = 100
# A call's records have ids a little older than its own, or of the same moment.
BEFORE, AFTER = timedelta(minutes=10), timedelta(seconds=1)

OF_DAY = """
SELECT source_id, kind, sum(rows) - sum(rejected), min(first_id::text)::uuid, max(last_id::text)::uuid,
       (array_agg(id ORDER BY at DESC))[1]
FROM intake_shipment
WHERE of_id IS NULL AND is_summed AND first_id IS NOT NULL AND at >= %(since)s AND at < %(until)s
GROUP BY source_id, kind HAVING sum(rows) - sum(rejected) >= %(fewest)s ORDER BY source_id, kind
"""
# By the ids, which are ordered by time, only that part of the log is read; `landed_at` is domain time.
FROM_LOG = """
SELECT payload::text FROM intake_record
WHERE id BETWEEN %(first)s AND %(last)s AND source_id = %(source)s AND kind = %(kind)s AND import_id IS NULL
  AND landed_at >= %(since)s AND landed_at < %(until)s AND hashtext(id::text) %% %(every)s = 0
LIMIT %(most)s
"""
decode = msgspec.json.decode


class Brought(NamedTuple):
    """What came of one kind from one source on a day; `shipment`: its last hour."""

    source_id: UUID
    kind: str
    rows: int
    first_id: UUID
    last_id: UUID
    shipment: UUID


def profile_days(until: datetime) -> int:
    """Look at the calls of each whole day (UTC) before `until` that was not looked at yet; how many profiles it made.

    All calls before `until` are added up already.
    """
    end = until.replace(hour=0, minute=0, second=0, microsecond=0)
    seen = Heartbeat.objects.filter(name=DONE).values_list("at", flat=True).first()
    begin = seen if seen and end - MOST_DAYS * DAY <= seen <= end else end - DAY
    made = 0
    while begin < end:
        made += sum(_profile(brought, begin) for brought in _brought(begin))
        begin += DAY
    if seen != end:
        Heartbeat.objects.update_or_create(name=DONE, defaults={"at": end})
    return made


def _brought(day: datetime) -> list[Brought]:
    names = {"since": day, "until": day + DAY, "fewest": FEWEST_VALUES}
    return [Brought(*row) for row in fetch_all(OF_DAY, names)]


def _profile(brought: Brought, day: datetime) -> bool:
    """Keep what a sample of it held; False where too little is left to say anything."""
    every = max(1, brought.rows // SAMPLED)
    rows = _sample(brought, day, every)
    if every > 1 and len(rows) < FEWEST_VALUES:  # most of them had come before, and did not land again
        rows = _sample(brought, day, 1)
    if len(rows) < FEWEST_VALUES:
        return False
    cells: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        for name, cell in cells_of(row):
            cells[name].append(cell)
    most = sorted(cells, key=lambda name: (-len(cells[name]), name))[:MOST_FIELDS]
    columns = {name: _column(cells[name], len(rows)) for name in sorted(most)}
    common = [name for name, column in columns.items() if column.rows - column.blanks >= COMMON * column.rows]
    Shipment.objects.filter(pk=brought.shipment).update(columns=common)
    write_profiles(brought.shipment, columns)
    return True


def _sample(brought: Brought, day: datetime, every: int) -> list[Mapping[str, Any]]:
    try:
        query = find(brought.kind).came or FROM_LOG
    except UnknownKind:
        return []
    names = {
        "source": brought.source_id, "kind": brought.kind, "since": day, "until": day + DAY,
        "first": id_near(brought.first_id, -BEFORE), "last": id_near(brought.last_id, AFTER),
        "every": every, "most": 2 * SAMPLED,
    }  # fmt: skip
    return [found for (text,) in fetch_all(query, names) if isinstance(found := decode(text), dict)]


def _column(cells: Sequence[str], rows: int) -> Column:
    column = Column()
    column.add([*cells, *[""] * (rows - len(cells))])
    return column


def cells_of(row: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The fields of a record as cells: those of an object in it by dotted names, what is deeper only as being there."""
    for name, value in row.items():
        if isinstance(value, dict):
            yield from ((f"{name}.{part}", _cell(inner)) for part, inner in value.items())
        else:
            yield name, _cell(value)


def _cell(value: Any) -> str:
    if value is None or value in ([], {}):
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "…" if isinstance(value, list | dict) else str(value)


def id_near(id: UUID, by: timedelta) -> UUID:
    """The first id that can have been made so long after, or before; an id begins with its milliseconds."""
    moment = (id.int >> 80) + int(by.total_seconds() * 1000)
    return UUID(int=max(0, moment) << 80)
