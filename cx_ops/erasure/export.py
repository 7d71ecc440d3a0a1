"""Everything that is kept about a person, as data and to be read."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from accounts.queries.people import FEELINGS, WRITTEN
from cx_ops.erasure.person import Person
from cx_ops.erasure.place import Place
from cx_ops.erasure.places import PLACES, read_rows

SAID = {"sentiment": lambda value: FEELINGS.get(value, value), "influence": WRITTEN["influence"]}


class Section(NamedTuple):
    """The rows of one place: headings, and a value under each."""

    name: str
    label: str
    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]


def sections_of(person: Person, *, in_words: bool = False) -> list[Section]:
    """Every place with at least one row; in_words: as it is read, not as it is kept."""
    found = read_rows(person)
    return [
        Section(
            place.name, str(place.label), place.shown, [_row(place, row, person, in_words=in_words) for row in rows]
        )
        for place in PLACES
        if (rows := found.get(place.name))
    ]


def _row(place: Place, row: dict[str, Any], person: Person, *, in_words: bool) -> tuple[Any, ...]:
    """A row as it is shown, with its days as days."""
    fields = {field.attname: field for field in place.rows(person).model._meta.concrete_fields}
    cells = {name: fields[name].to_python(row[name]) if name in fields else row[name] for name in place.shown}
    return tuple(_words(name, value, fields.get(name)) if in_words else value for name, value in cells.items())


def _words(name: str, value: Any, field: Any) -> Any:
    """A value as a page says it: a choice by its label, a feeling in words, also in what arrived."""
    if isinstance(value, dict):
        return {key: _words(key, held, None) for key, held in value.items()}
    if field is not None and field.choices:
        return dict(field.flatchoices).get(value, value)
    if name in SAID and isinstance(value, int):
        return SAID[name](value)
    return value


def as_json(person: Person) -> bytes:
    """The same as one JSON document."""
    places = {
        section.name: [dict(zip(section.columns, row, strict=True)) for row in section.rows]
        for section in sections_of(person)
    }
    return msgspec.json.format(msgspec.json.encode(places, enc_hook=str))
