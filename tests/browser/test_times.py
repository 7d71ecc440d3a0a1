"""Times in a browser: hours are exact, days are those of the reader's calendar, and from a week on it is the day."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils.formats import date_format

from core.bulk import database_now
from tests.browser.conftest import Desks
from tests.factories import make_activity
from tests.floor import Floor

ZONE = ZoneInfo("Pacific/Auckland")


def test_how_long_ago_agrees_with_the_date(floor: Floor, desks: Desks) -> None:
    """Also for whoever is half a day ahead of the server, and whose browser is not."""
    floor.ana.timezone = ZONE.key
    floor.ana.save()
    now = database_now()
    expected: dict[str, str] = {}
    for hours in (3, 25, 49, 73, 6 * 24 + 1, 8 * 24):
        at = now - timedelta(hours=hours)
        make_activity(floor.account, "call", summary=f"{hours} hours", happened_at=at)
        expected[f"{hours} hours"] = _words(at, now)
    desk = desks.of(floor.ana)
    desk.open(f"/accounts/{floor.account.pk}/")
    shown = {
        entry.locator("strong").inner_text(): entry.locator("time").last.inner_text()
        for entry in desk.page.locator(".timeline > li").all()
    }
    assert shown == expected


def _words(at: datetime, now: datetime) -> str:
    if now - at < timedelta(days=1):
        return f"{(now - at) // timedelta(hours=1)} hours ago"
    days = (now.astimezone(ZONE).date() - at.astimezone(ZONE).date()).days
    if days >= 7:
        return date_format(at.astimezone(ZONE), "j M Y")
    return "yesterday" if days == 1 else f"{days} days ago"
