"""Pulls: when the next one is due, and a JSON answer as the rows of a file. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

MOST_DEPTH = 4
FIRST_WAIT = timedelta(minutes=5)


class JsonRefused(ValueError):
    """The answer is no JSON, or holds no list of objects where one was expected; says which."""


def next_due(*, every_hours: int | None, at_time: time | None, zone: str, now: datetime) -> datetime:
    """When the next pull is due after one at `now`: so many hours later, or at the next such time in `zone`."""
    if at_time is None:
        return now + timedelta(hours=every_hours or 24)
    local = now.astimezone(ZoneInfo(zone))
    due: datetime = local.replace(hour=at_time.hour, minute=at_time.minute, second=0, microsecond=0)
    if due <= local:
        return due + timedelta(days=1)  # of the wall clock: the same hour on the day when clocks change
    return due


def retry_due(*, failures: int, regular: datetime, now: datetime) -> datetime:
    """When a pull that failed so often in a row is tried again: soon, then later, never later than usual."""
    return min(regular, now + FIRST_WAIT * (1 << min(failures - 1, 10)))


def look_up(document: Any, pointer: str) -> Any:
    """The value at a JSON pointer (RFC 6901), `""` being the whole. Raises `LookupError` where there is none."""
    if pointer and not pointer.startswith("/"):
        raise LookupError(pointer)
    found = document
    for part in pointer.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(found, list) and key.isascii() and key.isdigit() and int(key) < len(found):
            found = found[int(key)]
        elif isinstance(found, Mapping) and key in found:
            found = found[key]
        else:
            raise LookupError(pointer)
    return found


def csv_of_json(raw: bytes, pointer: str) -> bytes:
    """The list of objects at `pointer` as CSV: one column a field, nested ones dotted. Raises `JsonRefused`."""
    try:
        rows = look_up(msgspec.json.decode(raw), pointer)
    except msgspec.DecodeError as error:
        raise JsonRefused(f"This is not JSON: {error}.") from None
    except LookupError:
        raise JsonRefused(f"The JSON holds nothing at “{pointer}”.") from None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise JsonRefused(f"There is no list of objects at “{pointer or '/'}”.")
    flat = [dict(_flat(row)) for row in rows]
    header = list(dict.fromkeys(name for row in flat for name in row))
    if not header:
        raise JsonRefused("The list holds no object with a field.")
    return _csv(header, flat)


def _csv(header: Sequence[str], rows: Sequence[Mapping[str, str]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, header, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def _flat(value: Mapping[str, Any], before: str = "", depth: int = 1) -> Iterator[tuple[str, str]]:
    for key, each in value.items():
        if isinstance(each, Mapping) and depth < MOST_DEPTH:
            yield from _flat(each, f"{before}{key}.", depth + 1)
        else:
            yield f"{before}{key}", _cell(each)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
