"""Query sets that Django writes once in a process and PostgreSQL plans once in a connection, for what every key asks.

To write a query of a page's task takes Django longer than PostgreSQL needs to answer it, and PostgreSQL takes longer
to plan it than to run it. Who asks, and for what, is all that differs from one time to the next.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Hashable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, Generic, NamedTuple, TypeVar, cast
from uuid import UUID

import psycopg
from django.core.exceptions import EmptyResultSet
from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.models import QuerySet
from psycopg.sql import Literal

from core.models import User

Row = TypeVar("Row")
# What stands in a query for a value while it is written; the values that come later are of the same type.
BLANKS: dict[type, Callable[[int], Any]] = {
    UUID: lambda n: UUID(int=(0xB1A << 112) + n),
    date: lambda n: date(1, 1, 1 + n),
    datetime: lambda n: datetime(1, 1, 1 + n, tzinfo=UTC),
    list: lambda n: [UUID(int=(0xB1A << 112) + n)],
}
OF_READER = ("reader", "reader_team")
MARK = re.compile(r"(?<!%)%s")


class Written(Generic[Row]):
    """`write` makes a query set from a reader (None where it needs none) and values by name; each stands for itself.

    What it does with the reader may hang on their role and on whether they have a team, not on who they are; with the
    values nothing but to look for them. A list is of ids, for `= ANY(…)`. What comes of a call is to be read as it is:
    whatever is added to it is left out.
    """

    def __init__(self, write: Callable[..., QuerySet[Any, Row]]) -> None:
        self._write = write
        self._known: dict[Hashable, _Statement] = {}

    def __call__(self, reader: User | None = None, **values: Any) -> QuerySet[Any, Row]:
        shape = _shape(reader)
        statement = self._known.get(shape)
        if statement is None:
            statement = self._known[shape] = _statement(self._write, reader, values)
        if reader is not None:
            values |= {"reader": reader.pk, "reader_team": reader.team_id}
        return statement.filled(values)

    def one(self, reader: User | None = None, **values: Any) -> Row:
        """The only row; raises the model's DoesNotExist where there is none."""
        found = self(reader, **values)
        for row in found:
            return row
        raise found.model.DoesNotExist(f"no such {found.model._meta.verbose_name}")


def _shape(reader: User | None) -> Hashable:
    if reader is None:
        return None
    return reader.role, reader.is_active, reader.is_superuser, reader.team_id is None


class _Statement(NamedTuple):
    """A query as it was written, with the names of the values that its parameters are; "" where it finds nothing."""

    rows: QuerySet[Any, Any]
    compiler: Any
    sql: str = ""
    names: Sequence[str] = ()

    def filled(self, values: Mapping[str, Any]) -> QuerySet[Any, Any]:
        if not self.sql:
            return self.rows.none()
        params = [values[name] for name in self.names]
        compiler = copy.copy(self.compiler)
        compiler.connection = connections[DEFAULT_DB_ALIAS]
        compiler.execute_sql = lambda *args, **kwargs: [fetch_planned(self.sql, params)]
        query = copy.copy(self.rows.query)
        query.get_compiler = lambda *args, **kwargs: compiler  # type: ignore[method-assign]
        found = type(self.rows)(self.rows.model, query)
        # To clone it, which does this too, takes as long as all the rest here.
        for kept in ("_iterable_class", "_fields"):
            setattr(found, kept, getattr(self.rows, kept))
        return found


def _statement(write: Callable[..., Any], reader: User | None, values: Mapping[str, Any]) -> _Statement:
    blanks = {name: BLANKS[_kind(value)](n) for n, (name, value) in enumerate(values.items(), start=len(OF_READER))}
    given = dict(blanks)
    if reader is not None:
        who, team = (BLANKS[UUID](n) for n in range(len(OF_READER)))
        stand_in = User(pk=who, team_id=reader.team_id and team, role=reader.role, is_active=reader.is_active)
        stand_in.is_superuser = reader.is_superuser
        given |= {"reader": who, "reader_team": stand_in.team_id}
        rows = write(stand_in, **blanks)
    else:
        rows = write(**blanks)
    connection.ensure_connection()
    compiler = rows.query.get_compiler(DEFAULT_DB_ALIAS)
    try:
        sql, params = compiler.as_sql()
    except EmptyResultSet:
        return _Statement(rows, compiler)
    named = [next((name for name, blank in given.items() if _same(param, blank)), "") for param in params]
    if missing := set(blanks) - set(named):
        raise ValueError(f"not a plain value of this query: {', '.join(sorted(missing))}")
    constants = ("%s" if name else _literal(param) for name, param in zip(named, params, strict=True))
    return _Statement(rows, compiler, MARK.sub(lambda _: next(constants), sql), list(filter(None, named)))


def _literal(param: object) -> str:
    """A value that never differs, as SQL: PostgreSQL has to know it to choose an index of some rows only."""
    return Literal(param).as_string(cast("psycopg.Connection[Any]", connection.connection)).replace("%", "%%")


def _kind(value: object) -> type:
    return next(kind for kind in (datetime, *BLANKS) if isinstance(value, kind))


def _same(param: object, blank: object) -> bool:
    return type(param) is type(blank) and param == blank


class _Planned(psycopg.Cursor[Any]):
    """Leaves the values to PostgreSQL, and lets it keep its plan for as long as the connection is there."""

    def execute(self, query: Any, params: Any = None, **kwargs: Any) -> Any:
        return super().execute(query, params, prepare=True)


def fetch_planned(sql: str, params: Sequence[Any] | Mapping[str, Any] = ()) -> list[tuple[Any, ...]]:
    """All rows of one query that is asked again and again, of which PostgreSQL keeps the plan."""
    connection.ensure_connection()
    planned = _Planned(cast("psycopg.Connection[Any]", connection.connection))
    # Counted, guarded and wrapped as `connection.cursor()` is.
    with connection._prepare_cursor(planned) as cursor:  # type: ignore[attr-defined]  # noqa: SLF001
        cursor.execute(sql, params)
        return list(cursor.fetchall())
