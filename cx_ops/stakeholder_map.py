"""Who matters at an account and how they feel, as points of a small chart: sentiment across, influence upwards."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from accounts.enums import Stakeholder
from accounts.models import Contact
from core.templatetags.cx import initials

WIDTH, HEIGHT = 320, 196
LEFT, TOP, COLUMN, ROW = 44, 8, 54, 32
# Between dots of one place; their radius is in the template.
STEP = 20
# So many fit side by side; the last of more becomes "+3".
PER_CELL = 3


class Dot(NamedTuple):
    """One contact, or how many more there are in its place."""

    x: int
    y: int
    text: str
    title: str


def has_place(contact: Contact) -> bool:
    """Whether somebody is on the map: still there, and it is known how they feel and what they can move."""
    return contact.left_on is None and contact.influence is not None and contact.sentiment is not None


def draw_dots(contacts: Iterable[Contact]) -> list[Dot]:
    """A dot for everybody who is still there and whose sentiment and influence are known."""
    cells: dict[tuple[int, int], list[Contact]] = defaultdict(list)
    for contact in contacts:
        if contact.sentiment is not None and contact.influence is not None and has_place(contact):
            cells[contact.sentiment, contact.influence].append(contact)
    return [dot for (sentiment, influence), here in cells.items() for dot in _cell(sentiment, influence, here)]


def _cell(sentiment: int, influence: int, contacts: Sequence[Contact]) -> Iterable[Dot]:
    middle, y = LEFT + COLUMN * (sentiment + 2) + COLUMN // 2, TOP + ROW * (5 - influence) + ROW // 2
    shown = contacts if len(contacts) <= PER_CELL else contacts[: PER_CELL - 1]
    places = len(shown) + (len(shown) < len(contacts))
    for place, contact in enumerate(shown):
        x = middle + round(STEP * (place - (places - 1) / 2))
        title = f"{contact.name}, {Stakeholder(contact.stakeholder).label}"
        yield Dot(x, y, initials(contact.name), title)
    if len(shown) < len(contacts):
        names = ", ".join(contact.name for contact in contacts[len(shown) :])
        yield Dot(middle + round(STEP * (places - 1) / 2), y, f"+{len(contacts) - len(shown)}", names)
