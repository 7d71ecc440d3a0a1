"""In which lane a task stands: a lane says when it needs somebody.

Now: a signal until its first touch, and whatever is late or due within `SOON`. Today: due by the end of its owner's
day. Later: due on a later day, or urgent and above what its owner is given in a day. Waiting: snoozed or paused. Time
only moves a task up; what moves it down is a later due date that somebody sets.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from playbooks.enums import Lane

SOON = timedelta(hours=4)


def lane_for(due_at: datetime, now: datetime, zone: str) -> Lane:
    """The lane of a task that nobody keeps waiting, by when it is due; `zone` is its owner's."""
    if due_at - now <= SOON:
        return Lane.NOW
    local = ZoneInfo(zone)
    return Lane.TODAY if due_at.astimezone(local).date() <= now.astimezone(local).date() else Lane.LATER
