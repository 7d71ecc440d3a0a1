"""Everything that is kept about a person, as data and to be read."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from itertools import groupby
from typing import Any, NamedTuple

import msgspec
from django.utils import formats, timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from accounts.queries.people import FEELINGS, WRITTEN
from cx_ops.erasure.kept import find_kept, named_files
from cx_ops.erasure.person import Person
from cx_ops.erasure.place import Place
from cx_ops.erasure.places import PLACES
from cx_ops.erasure.texts import Text

SAID = {"sentiment": lambda value: FEELINGS.get(value, value), "influence": WRITTEN["influence"]}


class Section(NamedTuple):
    """The rows of one place: headings, and a value under each."""

    name: str
    label: str
    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]


def sections_of(person: Person, *, in_words: bool = False) -> list[Section]:
    """Every place with at least one row, the texts elsewhere by their table, and the files; in_words: as it is read,
    not as it is kept."""
    kept = find_kept(person, person.words(""))
    return [
        *(
            Section(
                place.name, str(place.label), place.shown, [_row(place, row, person, in_words=in_words) for row in rows]
            )
            for place in PLACES
            if (rows := kept.rows[place.name])
        ),
        *_sections_of_texts(kept.texts, in_words=in_words),
        *_section_of_files([name for name, _import in named_files(kept.files)]),
    ]


def _sections_of_texts(texts: Iterable[Text], *, in_words: bool) -> Iterable[Section]:
    for (table, label), alike in groupby(texts, key=lambda text: (text.table, text.label)):
        rows: list[tuple[Any, ...]] = [(text.at, text.columns) for text in alike]
        if in_words:
            rows = [tuple(_words("", value, None) for value in row) for row in rows]
        yield Section(table, _("Also names them: %(where)s") % {"where": label}, ("at", "text"), rows)


def _section_of_files(names: list[str]) -> Iterable[Section]:
    if names:
        yield Section("files", _("Stored files that name them"), ("name",), [(name,) for name in names])


def _row(place: Place, row: dict[str, Any], person: Person, *, in_words: bool) -> tuple[Any, ...]:
    """A row as it is shown, with its days as days."""
    fields = {field.attname: field for field in place.rows(person).model._meta.concrete_fields}
    cells = {name: fields[name].to_python(row[name]) if name in fields else row[name] for name in place.shown}
    return tuple(_words(name, value, fields.get(name)) if in_words else value for name, value in cells.items())


def _words(name: str, value: Any, field: Any) -> Any:
    """A value as a page says it: a choice by its label, a feeling in words, a moment in the reader's zone, also in what
    arrived."""
    if isinstance(value, dict):
        return {key: _words(key, held, None) for key, held in value.items()}
    if field is not None and field.choices:
        return dict(field.flatchoices).get(value, value)
    if name in SAID and isinstance(value, int):
        return SAID[name](value)
    return _moment(value)


def _moment(value: Any) -> Any:
    """A moment or a day as it is written elsewhere, whether it is one or is written as one; else the value."""
    if isinstance(value, str) and len(value) > len("2026-03-09T") and value[:4].isdigit():
        with_time = parse_datetime(value) if value[10:11] in ("T", " ") else None
        value = with_time if with_time and timezone.is_aware(with_time) else value
    if isinstance(value, datetime):
        return formats.date_format(timezone.localtime(value), "j M Y, H:i")
    return formats.date_format(value, "j M Y") if isinstance(value, date) else value


def as_json(person: Person) -> bytes:
    """The same as one JSON document."""
    places = {
        section.name: [dict(zip(section.columns, row, strict=True)) for row in section.rows]
        for section in sections_of(person)
    }
    return msgspec.json.format(msgspec.json.encode(places, enc_hook=str))
