"""How long events are kept: partitions are made ahead, and dropped whole when their month is over."""

from __future__ import annotations

import logging
from datetime import datetime

from django.conf import settings
from django.db import OperationalError, transaction

from core.bulk import execute, fetch_all

log = logging.getLogger(__name__)
KEYS_AT_ONCE = 20_000

MAKE = """
SELECT count(*) FILTER (WHERE cx_add_event_partition((%s::date + make_interval(months => n))::date))
FROM generate_series(0, 2) AS n
"""
OLD_ROWS = """
DELETE FROM accounts_event_default WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM accounts_event_default WHERE at < %s LIMIT %s))
"""
OLD_KEYS = (
    "DELETE FROM accounts_eventkey WHERE ctid = ANY(ARRAY(SELECT ctid FROM accounts_eventkey WHERE at < %s LIMIT %s))"
)


def kept_since(now: datetime) -> datetime:
    """The beginning of the first month whose events are kept."""
    months = now.year * 12 + now.month - 1 - settings.CX_EVENT_MONTHS
    return now.replace(year=months // 12, month=months % 12 + 1, day=1, hour=0, minute=0, second=0, microsecond=0)


def keep_events(now: datetime) -> None:
    """Make the partitions of this month and the next two, and drop what is older than is kept.

    Where somebody reads what is to go, the next tick tries again instead of making everybody wait.
    """
    since = kept_since(now)
    try:
        with transaction.atomic():
            execute("SET LOCAL lock_timeout = '2s'")
            fetch_all(MAKE, [now.date().replace(day=1)])
            [(dropped,)] = fetch_all("SELECT cx_drop_event_partitions(%s)", [since])
    except OperationalError:
        log.warning("the partitions of events are busy; the next tick tries again")
        return
    if dropped:
        log.info("dropped %d months of events before %s", dropped, since.date())
    execute(OLD_ROWS, [since, KEYS_AT_ONCE])
    execute(OLD_KEYS, [since, KEYS_AT_ONCE])
