"""Texts in every table: where words occur, and taking them out. For the erasure of a person, who asked for it.

It reads the tables from the database itself, so that a table of tomorrow is not forgotten.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec
from django.db import DatabaseError, transaction

from core.bulk import execute, fetch_all

# Tables of the frame and of colleagues: nothing about people at customers is written there.
SPARED = ("django_", "auth_", "axes_", "core_user", "core_team", "pghistory_context")
JSON, ARRAY, WRITTEN = "jsonb", "ARRAY", "json"

COLUMNS = """
SELECT c.table_name, c.column_name, c.data_type, c.character_maximum_length
FROM information_schema.columns AS c
JOIN pg_class AS k ON k.relname = c.table_name AND k.relnamespace = 'public'::regnamespace
WHERE c.table_schema = 'public' AND k.relkind IN ('r', 'p') AND NOT k.relispartition AND c.is_generated = 'NEVER'
  AND (c.data_type IN ('text', 'character varying', 'jsonb', 'json')
       OR (c.data_type = 'ARRAY' AND c.udt_name IN ('_text', '_varchar')))
ORDER BY c.table_name, c.ordinal_position
"""


@dataclass(frozen=True)
class Word:
    """What is looked for, whatever its case, and what stands in its place afterwards."""

    text: str
    token: str

    def written(self, kind: str) -> str:
        """As it stands in a column of this type: JSON and arrays escape quotes and backslashes."""
        return msgspec.json.encode(self.text).decode()[1:-1] if kind in (JSON, ARRAY, WRITTEN) else self.text

    def pattern(self, kind: str) -> str:
        """For ILIKE."""
        escaped = re.sub(r"([%_\\])", r"\\\1", self.written(kind))
        return f"%{escaped}%"

    def expression(self, kind: str) -> str:
        """For regexp_replace."""
        return re.sub(r"([^\w\s])", r"\\\1", self.written(kind))


class Found(NamedTuple):
    """A row that holds a word: its table, whose it is where that can be told, and the whole row as JSON has it."""

    table: str
    of: str
    row: dict[str, Any]

    def holding(self, words: Sequence[Word]) -> dict[str, Any]:
        """Of its columns those that hold one of `words`."""
        return {column: value for column, value in self.row.items() if leaves(value, words)}


@dataclass(frozen=True)
class _Table:
    name: str
    columns: list[tuple[str, str, int | None]]

    def condition(self, words: Sequence[Word]) -> tuple[str, list[str]]:
        parts, params = [], []
        for column, kind, _size in self.columns:
            for word in words:
                parts.append(f'"{column}"::text ILIKE %s')
                params.append(word.pattern(kind))
        return " OR ".join(parts), params

    def changes(self, words: Sequence[Word]) -> tuple[str, list[str]]:
        parts, params = [], []
        for column, kind, size in self.columns:
            text = f'"{column}"::text'
            for word in words:
                text = f"regexp_replace({text}, %s, %s, 'gi')"
                params += [word.expression(kind), word.token]
            text = f"left({text}, {size})" if size else text
            cast = {JSON: "::jsonb", ARRAY: "::text[]", WRITTEN: "::json"}.get(kind, "")
            parts.append(f'"{column}" = ({text}){cast}')
        return ", ".join(parts), params


def leaves(value: Any, words: Sequence[Word]) -> list[str]:
    """The strings in a value of JSON that hold one of `words`, keys of objects included."""
    if isinstance(value, dict):
        return [text for pair in value.items() for part in pair for text in leaves(part, words)]
    if isinstance(value, list):
        return [text for part in value for text in leaves(part, words)]
    is_one = isinstance(value, str) and any(word.text.lower() in value.lower() for word in words)
    return [value] if is_one else []


def find_texts(words: Sequence[Word], *, by: Mapping[str, str]) -> list[Found]:
    """Every row of every table that holds one of `words`; whose it is, says the expression that `by` has for its table.

    One query, which reads all tables whole.
    """
    parts, params = [], list[str]()
    for table in _known_tables() if words else ():
        where, given = table.condition(words)
        of = by.get(table.name, "NULL")
        said = f"'{table.name}', ({of})::text, to_jsonb(found)::text"
        parts.append(f'SELECT {said} FROM "{table.name}" AS found WHERE {where}')  # noqa: S608 - names of our own tables  # nosec B608
        params += given
    rows = fetch_all(" UNION ALL ".join(parts), params) if parts else []
    return [Found(table, of or "", msgspec.json.decode(row)) for table, of, row in rows]


def scrub_texts(words: Sequence[Word]) -> list[str]:
    """Put each word's token in its place, in the caller's transaction; the tables that refused.

    The caller has lifted what keeps tables append-only.
    """
    refused: list[str] = []
    for table in _tables():
        where, params = table.condition(words)
        changes, values = table.changes(words)
        try:
            with transaction.atomic():
                execute(f'UPDATE "{table.name}" SET {changes} WHERE {where}', [*values, *params])  # noqa: S608 - names of our own tables  # nosec B608
        except DatabaseError:
            refused.append(table.name)
    return refused


@lru_cache(maxsize=1)
def _known_tables() -> tuple[_Table, ...]:
    """Those of when this process first asked: what is taken out looks anew."""
    return tuple(_tables())


def _tables() -> Iterator[_Table]:
    columns: dict[str, list[tuple[str, str, int | None]]] = {}
    for table, column, kind, size in fetch_all(COLUMNS):
        if not table.startswith(SPARED):
            columns.setdefault(table, []).append((column, kind, size))
    for name, each in columns.items():
        yield _Table(name, each)
