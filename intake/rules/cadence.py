"""When a feed is expected, late, or silent. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

# Past its time by so much of a cadence a feed is late: a job that takes a few minutes longer is not.
GRACE = 0.1
# So many cadences without anything, and a feed is no longer late but silent.
SILENT_AFTER = 2


class Arrival(StrEnum):
    """How a feed keeps its time. UNKNOWN: no cadence is set, or nothing has arrived yet and none is due."""

    UNKNOWN = "unknown"
    ON_TIME = "on_time"
    LATE = "late"
    SILENT = "silent"


def due_at(last: datetime, cadence_hours: int) -> datetime:
    """When the next delivery is due."""
    return last + timedelta(hours=cadence_hours)


def arrival_of(*, last: datetime | None, since: datetime | None, cadence_hours: int | None, now: datetime) -> Arrival:
    """How a feed stands at `now`.

    last: its last delivery. since: from when on it was expected (its source was made, or switched on), which counts
    where nothing ever arrived.
    """
    start = last or since
    if not cadence_hours or start is None:
        return Arrival.UNKNOWN
    cadence = timedelta(hours=cadence_hours)
    waited = now - start
    if waited >= SILENT_AFTER * cadence:
        return Arrival.SILENT
    if waited > (1 + GRACE) * cadence:
        return Arrival.LATE
    return Arrival.ON_TIME if last else Arrival.UNKNOWN
