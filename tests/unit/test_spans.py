"""How long until a moment, in words: they agree with the dates beside them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from playbooks.queries.deadlines import span

NOW = datetime(2026, 11, 27, 17, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("end", "words"),
    [
        (NOW + timedelta(seconds=20), "1 minute"),
        (NOW + timedelta(minutes=59, seconds=59), "59 minutes"),
        (NOW + timedelta(hours=47, minutes=59), "47 hours"),
        (datetime(2026, 11, 29, 17, 30, tzinfo=UTC), "2 days"),
        (datetime(2026, 12, 1, 9, tzinfo=UTC), "4 days"),
        (datetime(2026, 12, 1, 23, 59, tzinfo=UTC), "4 days"),
    ],
)
def test_hours_are_exact_and_days_are_those_of_the_calendar(end: datetime, words: str) -> None:
    assert span(NOW, end) == words


@pytest.mark.parametrize(("zone", "words"), [("Europe/Lisbon", "4 days"), ("Asia/Singapore", "3 days")])
def test_the_calendar_is_the_readers(zone: str, words: str) -> None:
    """In Singapore it is the 28th already."""
    with timezone.override(ZoneInfo(zone)):
        assert span(NOW, datetime(2026, 12, 1, 9, tzinfo=UTC)) == words
