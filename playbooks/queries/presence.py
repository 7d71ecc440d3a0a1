"""Who is at a task."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from core.models import User
from playbooks.models import Presence, Task

# A page tells it every 20 seconds; twice missed is gone.
SEEN_FOR = timedelta(seconds=60)


class AtTask(NamedTuple):
    """Who else has it open, and who works on it until when ("" and None where nobody does, or oneself)."""

    watching: list[str]
    working: str
    until: datetime | None


def others_at(task_id: UUID, *, user: User, now: datetime) -> AtTask:
    """Everybody but `user` who is at the task."""
    task = Task.objects.select_related("claimed_by").get(pk=task_id)
    seen = Presence.objects.filter(task=task_id, seen_at__gt=now - SEEN_FOR).exclude(user=user)
    held = task.claimed_by_id not in (None, user.pk) and task.claimed_until is not None and task.claimed_until > now
    return AtTask(
        watching=[str(one.user) for one in seen.exclude(user=task.claimed_by if held else None).select_related("user")],
        working=str(task.claimed_by) if held else "",
        until=task.claimed_until if held else None,
    )
