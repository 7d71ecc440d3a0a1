"""Writing and reading many rows at once: COPY into a table, and the database's clock."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, TypedDict

from django.db import connection


class BulkReference(TypedDict):
    """Keyword arguments of a ForeignKey that is neither indexed nor checked row by row."""

    db_index: bool
    db_constraint: bool


# A reference to a row that is never deleted, from a table written by the hundred thousand: the check per row would
# cost more than the row. `verify_invariants` looks after these.
BULK: BulkReference = {"db_index": False, "db_constraint": False}


def database_now() -> datetime:
    """The database's clock, read anew (not the start of the transaction)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (now,) = cursor.fetchone()
    assert isinstance(now, datetime)
    return now


def copy_rows(table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """COPY `rows` into `table`. JSON columns take `str` or `bytes` that are JSON already."""
    names = ", ".join(f'"{column}"' for column in columns)
    with connection.cursor() as cursor, cursor.copy(f'COPY "{table}" ({names}) FROM STDIN') as copy:
        for row in rows:
            copy.write_row(row)


def fetch_all(sql: str, params: Sequence[Any] | dict[str, Any] = ()) -> list[tuple[Any, ...]]:
    """All rows of one query."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall())


def execute(sql: str, params: Sequence[Any] | dict[str, Any] = ()) -> int:
    """Run one statement; the number of rows it touched."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return int(cursor.rowcount)
