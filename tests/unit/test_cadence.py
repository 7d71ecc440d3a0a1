"""When a feed is on time, late, silent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from intake.rules.cadence import Arrival, arrival_of, due_at

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("hours_ago", "expected"),
    [
        (0, Arrival.ON_TIME),
        (24, Arrival.ON_TIME),
        (26.4, Arrival.ON_TIME),
        (26.5, Arrival.LATE),
        (47.9, Arrival.LATE),
        (48, Arrival.SILENT),
        (900, Arrival.SILENT),
    ],
)
def test_by_the_hours_since_the_last_one(hours_ago: float, expected: Arrival) -> None:
    last = NOW - timedelta(hours=hours_ago)
    assert arrival_of(last=last, since=None, cadence_hours=24, now=NOW) == expected


def test_a_feed_that_never_came_counts_from_when_it_was_expected() -> None:
    made = NOW - timedelta(hours=10)
    assert arrival_of(last=None, since=made, cadence_hours=24, now=NOW) == Arrival.UNKNOWN
    assert arrival_of(last=None, since=made, cadence_hours=6, now=NOW) == Arrival.LATE
    assert arrival_of(last=None, since=made, cadence_hours=4, now=NOW) == Arrival.SILENT


@pytest.mark.parametrize("cadence", [None, 0])
def test_without_a_cadence_nothing_is_late(cadence: int | None) -> None:
    last = NOW - timedelta(days=900)
    assert arrival_of(last=last, since=last, cadence_hours=cadence, now=NOW) == Arrival.UNKNOWN


def test_the_next_one_is_due_a_cadence_after_the_last() -> None:
    assert due_at(NOW, 168) == NOW + timedelta(days=7)
