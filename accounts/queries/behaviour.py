"""What an account's people did: lately by event, and day by day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.utils import timezone

from accounts.enums import BEHAVIOUR
from core.bulk import fetch_all

LATELY = timedelta(days=30)
SEEN_WITHIN = timedelta(days=90)
SHOWN = 8
# Events read for one page of days. A day that has more is told with as many.
READ = 5000

RECENT = """
SELECT name, contact_id, grouping(name) = 1 AS of_contact,
       count(*) FILTER (WHERE at > %(lately)s), count(*) FILTER (WHERE at > %(before)s AND at <= %(lately)s), max(at)
FROM accounts_event
WHERE account_id = %(account)s AND at > %(seen)s AND at <= %(now)s AND kind = ANY(%(kinds)s)
GROUP BY GROUPING SETS ((name), (contact_id))
"""
DAYS = """
SELECT day, name, count(*), max(at) FROM (
    SELECT at, name, (at AT TIME ZONE %(zone)s)::date AS day FROM accounts_event
    WHERE account_id = %(account)s AND at < %(until)s AND kind = ANY(%(kinds)s) ORDER BY at DESC LIMIT %(read)s) AS e
GROUP BY day, name
"""


class Used(NamedTuple):
    """One event by name: how often in the last 30 days, in the 30 before, and when last."""

    name: str
    times: int
    before: int
    last_at: datetime


@dataclass(frozen=True)
class Behaviour:
    """What an account's people did lately. `seen`: contact → when they did something last, in 90 days."""

    used: list[Used]
    seen: dict[UUID, datetime]

    @property
    def top(self) -> list[Used]:
        return self.used[:SHOWN]

    @property
    def rest(self) -> int:
        """How many more names there are."""
        return len(self.used) - len(self.top)

    @property
    def last_at(self) -> datetime | None:
        return max((one.last_at for one in self.used), default=None)

    @property
    def total(self) -> int:
        return sum(one.times for one in self.used)

    @property
    def before(self) -> int:
        return sum(one.before for one in self.used)


def recent_behaviour(account_id: UUID, now: datetime) -> Behaviour:
    """What was done on the account within 90 days, the most frequent first."""
    names = {
        "account": account_id, "now": now, "seen": now - SEEN_WITHIN, "lately": now - LATELY,
        "before": now - 2 * LATELY, "kinds": [*BEHAVIOUR],
    }  # fmt: skip
    rows = fetch_all(RECENT, names)
    used = [Used(name, count, before, at) for name, _contact, of_contact, count, before, at in rows if not of_contact]
    return Behaviour(
        used=sorted(used, key=lambda one: (-one.times, -one.before, one.name)),
        seen={contact: at for _name, contact, of_contact, _n, _before, at in rows if of_contact and contact},
    )


class DayOf(NamedTuple):
    """How often one event was on one day of the reader's, and when last."""

    day: date
    name: str
    times: int
    last_at: datetime


def days_of_behaviour(account_id: UUID, until: datetime) -> list[DayOf]:
    """Days with what was done on them before `until`, the latest first: as many whole days as `READ` events hold."""
    names = {
        "account": account_id, "until": until, "zone": timezone.get_current_timezone_name(), "kinds": [*BEHAVIOUR],
        "read": READ,
    }  # fmt: skip
    rows = [DayOf(*row) for row in fetch_all(DAYS, names)]
    first = min((row.day for row in rows), default=None)
    if sum(row.times for row in rows) == READ and any(row.day != first for row in rows):
        rows = [row for row in rows if row.day != first]  # it goes on where we stopped reading
    return sorted(rows, key=lambda row: (row.last_at, row.name), reverse=True)
