"""Everything that is kept about a person, as data and to be read."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from cx_ops.erasure.person import Person
from cx_ops.erasure.place import Place
from cx_ops.erasure.places import PLACES, read_rows


class Section(NamedTuple):
    """The rows of one place: headings, and a value under each."""

    name: str
    label: str
    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]


def sections_of(person: Person) -> list[Section]:
    """Every place with at least one row."""
    found = read_rows(person)
    return [
        Section(place.name, str(place.label), place.shown, [_row(place, row, person) for row in rows])
        for place in PLACES
        if (rows := found.get(place.name))
    ]


def _row(place: Place, row: dict[str, Any], person: Person) -> tuple[Any, ...]:
    """A row as it is shown, with its days as days."""
    fields = {field.attname: field for field in place.rows(person).model._meta.concrete_fields}
    return tuple(fields[name].to_python(row[name]) if name in fields else row[name] for name in place.shown)


def as_json(person: Person) -> bytes:
    """The same as one JSON document."""
    places = {
        section.name: [dict(zip(section.columns, row, strict=True)) for row in section.rows]
        for section in sections_of(person)
    }
    return msgspec.json.format(msgspec.json.encode(places, enc_hook=str))
