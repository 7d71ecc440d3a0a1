"""Writing and reading many rows at once: COPY into a table, and the database's clock."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, TypedDict
from uuid import UUID

import msgspec
from django.core.exceptions import EmptyResultSet
from django.db import connection, models
from psycopg import adapters
from psycopg.pq import Format
from psycopg.types.string import TextLoader

Params = Sequence[Any] | Mapping[str, Any]
# An id as text: batches only compare ids and write them again, and text is much the quicker at both.
Id = str
AnyId = UUID | Id
TIMESTAMPTZ = 1184  # its type id in every PostgreSQL


class BulkReference(TypedDict):
    """Keyword arguments of a ForeignKey that is not checked row by row."""

    db_index: bool
    db_constraint: bool


# References to rows that are never deleted, from tables written by the hundred thousand: the check per row would cost
# more than the row. `verify_invariants` looks after them. BULK are those that nobody asks from the other side, or for
# which a wider index serves.
UNCHECKED: BulkReference = {"db_index": True, "db_constraint": False}
BULK: BulkReference = {"db_index": False, "db_constraint": False}


class KeptJSONField(models.JSONField):
    """JSON that is kept as it was written, and only read whole: taking it apart at every write would cost more."""

    def db_type(self, connection: object) -> str:
        return "json"

    def from_db_value(self, value: Any, expression: object, connection: object) -> Any:
        return value  # psycopg has read it


def database_now() -> datetime:
    """The database's clock, read anew (not the start of the transaction)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (now,) = cursor.fetchone()
    assert isinstance(now, datetime)  # noqa: S101 - narrows the type
    return now


def copy_rows(table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """COPY `rows` into `table`. JSON columns take `str` that is JSON already, array columns `array_text`.

    The cells are written here, since psycopg's own way costs three times as much an id. Raises TypeError for a value
    of a type that is not in `CELLS`.
    """
    copy_lines(table, columns, ("\t".join([_cell(value) for value in row]) for row in rows))


NULL = "\\N"


def copy_text(text: str) -> str:
    """`text` as a cell of a line for `copy_lines`."""
    if "\\" in text:
        text = text.replace("\\", "\\\\")
    if "\n" in text or "\r" in text or "\t" in text:  # in a long text fifty times as quick as `isprintable`
        return text.replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")
    return text


def copy_json(text: str) -> str:
    """JSON without line breaks, as encoders write it, as a cell of a line for `copy_lines`."""
    return text.replace("\\", "\\\\")


def copy_lines(table: str, columns: Sequence[str], lines: Iterable[str]) -> None:
    """COPY lines in PostgreSQL's text format, cells apart by tabs: quicker than `copy_rows` where types are known.

    Texts go through `copy_text`; no value is `NULL`.
    """
    names = ", ".join(f'"{column}"' for column in columns)
    lines = list(lines)
    if not lines:
        return
    # Django hands psycopg's `copy` through as it is: without this its errors would not be Django's.
    copying = f'COPY "{table}" ({names}) FROM STDIN'
    with connection.wrap_database_errors, connection.cursor() as cursor, cursor.copy(copying) as copy:
        copy.write("\n".join(lines))
        copy.write("\n")


# Whole batches share few moments, and writing one is dear.
moment_text = lru_cache(maxsize=4096)(datetime.isoformat)
_encode = msgspec.json.Encoder().encode


def moment_texts(moments: Sequence[datetime]) -> list[str]:
    """Each as a cell of a line for `copy_lines`: where they differ, ten times as quick as one by one."""
    return _encode(moments).decode()[2:-2].split('","') if moments else []


CELLS: dict[type, Callable[[Any], str]] = {
    type(None): lambda _: NULL,
    bool: lambda value: "t" if value else "f",
    bytes: lambda value: f"\\\\x{value.hex()}",
    str: copy_text,
    datetime: moment_text,
    **dict.fromkeys((UUID, int, float, Decimal, date), str),
}


def _cell(value: Any) -> str:
    write = CELLS.get(type(value))
    if write is not None:
        return write(value)
    if isinstance(value, str):  # a member of an enumeration
        return copy_text(str(value))
    raise TypeError(f"{type(value).__name__} cannot be copied: {value!r}")


def fetch_all(sql: str, params: Params = ()) -> list[tuple[Any, ...]]:
    """All rows of one query."""
    with connection.cursor() as cursor:
        _load_times_quickly(cursor)
        cursor.execute(sql, _quick(params))
        return list(cursor.fetchall())


def ids_of(rows: models.QuerySet[Any]) -> tuple[str, tuple[Any, ...]]:
    """The query of the ids of `rows` with its parameters, to stand inside another; also where Django needs none."""
    try:
        return rows.order_by().values("id").query.sql_with_params()
    except EmptyResultSet:
        return "SELECT NULL::uuid AS id WHERE false", ()


def read_rows(sql: str, params: Params = ()) -> list[tuple[Any, ...]]:
    """All rows of one query, with every id as an `Id`."""
    with connection.cursor() as cursor:
        _load_times_quickly(cursor)
        cursor.cursor.adapters.register_loader("uuid", TextLoader)
        cursor.execute(sql, _quick(params))
        return list(cursor.fetchall())


def execute(sql: str, params: Params = ()) -> int:
    """Run one statement; the number of rows it touched."""
    with connection.cursor() as cursor:
        cursor.execute(sql, _quick(params))
        return int(cursor.rowcount)


def array_text(values: Iterable[object]) -> str:
    """PostgreSQL's text form of a one-dimensional array; None is its NULL."""
    values = list(values)
    if values and set(map(type, values)) == {str}:
        joined = '","'.join(values)  # type: ignore[arg-type]
        if "\\" not in joined and joined.count('"') == 2 * len(values) - 2:
            return f'{{"{joined}"}}'
    return "{" + ",".join([_element(value) for value in values]) + "}"


def _element(value: object) -> str:
    if value is None:
        return "NULL"
    text = str(value)
    if "\\" in text or '"' in text:
        text = text.replace("\\", r"\\").replace('"', r"\"")
    return f'"{text}"'


def _quick(params: Params) -> Params:
    """Lists of ids and texts as one text: psycopg's own way of writing a list costs ten times as much an element."""
    if isinstance(params, Mapping):
        return {name: _array(value) for name, value in params.items()}
    return [_array(value) for value in params]


def _array(value: Any) -> Any:
    if not isinstance(value, list) or not value:
        return value
    kinds = set(map(type, value))
    if kinds == {UUID}:
        return "{" + ",".join(map(str, value)) + "}"
    return array_text(value) if kinds <= {str, type(None)} else value


def _load_times_quickly(cursor: Any) -> None:
    """Django reads times with a loader in Python; the session is in UTC, so psycopg's own in C reads the same."""
    loader = adapters.get_loader(TIMESTAMPTZ, Format.TEXT)
    if loader is not None:
        cursor.cursor.adapters.register_loader(TIMESTAMPTZ, loader)
