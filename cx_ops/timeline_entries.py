"""What a timeline is made of."""

from __future__ import annotations

import re
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.utils.translation import gettext as _


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


# What erasing puts where somebody's name or key stood, by `cx_ops.erasure.person.Person.words`, and for a whole text.
TOKEN = re.compile(r"erased-[0-9a-f]{8}-\d+")
ERASED = "Erased"


def without_tokens(entry: Entry) -> Entry:
    """In words, where it named a person who was erased."""
    if entry.title == ERASED:
        return entry._replace(title=_("Text erased: it named a person who was erased"))
    said = (TOKEN.sub(_("an erased person"), words) for words in (entry.title, entry.text, entry.meta))
    title, text, meta = said
    return entry._replace(title=title, text=text, meta=meta)


class Position(NamedTuple):
    """Where an entry stands: by time, then by its reader's place in `READERS`, then by id."""

    at: datetime
    place: int
    id: UUID

    def __str__(self) -> str:
        return f"{self.at.isoformat()}~{self.place}~{self.id}"
