"""What a timeline is made of."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple
from uuid import UUID


class Entry(NamedTuple):
    """One thing on the timeline (templates/_components/timeline.html). `tone`: "good", "bad" or "minor"."""

    at: datetime
    icon: str
    title: str
    text: str = ""
    meta: str = ""
    url: str = ""
    tone: str = ""
    folded: tuple[Entry, ...] = ()


class Position(NamedTuple):
    """Where an entry stands: by time, then by its reader's place in `READERS`, then by id."""

    at: datetime
    place: int
    id: UUID

    def __str__(self) -> str:
        return f"{self.at.isoformat()}~{self.place}~{self.id}"
