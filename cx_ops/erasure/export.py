"""Everything that is kept about a person, as data and to be read."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from cx_ops.erasure.person import Person
from cx_ops.erasure.places import PLACES, count_rows


class Section(NamedTuple):
    """The rows of one place: headings, and a value under each."""

    name: str
    label: str
    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]


def sections_of(person: Person) -> list[Section]:
    """Every place with at least one row."""
    counts = count_rows(person)
    return [
        Section(place.name, str(place.label), place.shown, list(place.rows(person).values_list(*place.shown)))
        for place in PLACES
        if counts[place.name]
    ]


def as_json(person: Person) -> bytes:
    """The same as one JSON document."""
    places = {
        section.name: [dict(zip(section.columns, row, strict=True)) for row in section.rows]
        for section in sections_of(person)
    }
    return msgspec.json.format(msgspec.json.encode(places, enc_hook=str))
