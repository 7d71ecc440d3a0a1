"""Values that are looked up live: where they stand in an answer, and how often one asks. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from intake.enums import ValueFormat
from intake.rules.pulling import look_up

PLACE = "{external_id}"
MOST_FIELDS = 20
LONGEST_VALUE = 200
# So many failures in a row open the circuit: nobody asks for a while.
TOLERATED = 3
FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=1)
NAME = re.compile(r"[a-z0-9_]{1,40}")


class FieldsRefused(ValueError):
    """A line does not say which value is shown; says which."""


@dataclass(frozen=True)
class Field:
    """One value: where it stands, what it is called (and is `lookups.<name>` to its class of privacy), its form."""

    pointer: str
    name: str
    format: ValueFormat = ValueFormat.TEXT


def url_for(template: str, external_id: str) -> str:
    """The address that answers about one account; the id cannot leave its place in it."""
    return template.replace(PLACE, quote(external_id, safe=""))


def read_fields(text: str) -> list[Field]:
    """Lines such as `/plan/name plan text`: pointer, name, form. Raises `FieldsRefused`."""
    fields = [_field(line, number) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    if not fields or len(fields) > MOST_FIELDS:
        raise FieldsRefused(f"Give 1 to {MOST_FIELDS} values, a line each.")
    if len({field.name for field in fields}) < len(fields):
        raise FieldsRefused("Two values have one name.")
    return fields


def _field(line: str, number: int) -> Field:
    parts = line.split()
    if len(parts) not in (2, 3) or not parts[0].startswith("/") or not NAME.fullmatch(parts[1]):
        raise FieldsRefused(f"Line {number}: write a path, a name in small letters, and a form: /plan/name plan text")
    form = parts[2] if len(parts) == 3 else ValueFormat.TEXT.value
    if form not in ValueFormat.values:
        raise FieldsRefused(f"Line {number}: “{form}” is none of {', '.join(ValueFormat.values)}.")
    return Field(parts[0], parts[1], ValueFormat(form))


def values_in(document: Any, fields: Sequence[Field]) -> dict[str, str | None]:
    """What an answer says under each name; None where it says nothing."""
    return {field.name: _said(document, field.pointer) for field in fields}


def _said(document: Any, pointer: str) -> str | None:
    try:
        value = look_up(document, pointer)
    except LookupError:
        return None
    if value is None or isinstance(value, (dict, list)):
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)[:LONGEST_VALUE]


def pause_after(failures: int) -> timedelta | None:
    """How long nobody asks after so many failures in a row; None: asked as ever."""
    if failures < TOLERATED:
        return None
    return min(FIRST_PAUSE * (1 << min(failures - TOLERATED, 10)), LONGEST_PAUSE)


def is_fresh(fetched_at: datetime | None, minutes: int, now: datetime) -> bool:
    return fetched_at is not None and fetched_at > now - timedelta(minutes=minutes)
