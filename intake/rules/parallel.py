"""Running a new feed beside an old one. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

# So long a switch can be undone: what was held is kept for it.
UNDO_WITHIN = timedelta(days=30)
# Of a kind of which more is held the comparison is kept: counting it takes longer than a page may.
COUNTED_AT_ONCE = 5_000
# What came since is counted so soon; what changed otherwise (a merge, an undo, a value typed here) so late.
SOON, LATE = timedelta(minutes=1), timedelta(hours=1)


def is_stale(as_of: datetime, now: datetime, *, came: bool) -> bool:
    """Whether it is time to compare anew. came: rows of either feed since then."""
    return now - as_of >= (SOON if came else LATE)
