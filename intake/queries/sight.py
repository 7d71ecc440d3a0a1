"""What of one file somebody may not read: cells of restricted fields, and what is told of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Protocol

from django.utils.translation import gettext as _
from msgspec.structs import replace

from core.models import User
from intake.models import Import
from intake.queries.privacy import hidden_fields
from intake.rules import FieldChange, Kind
from intake.rules.mapping import uses_from
from intake.rules.warned import Warned

# As long as the name of a column is kept with a row.
COLUMN_LENGTH = 120


class Example(Protocol):
    """What is told of one cell."""

    @property
    def column(self) -> str: ...

    @property
    def value(self) -> str: ...


@dataclass(frozen=True)
class FileSight:
    """The fields of a file's kind that are closed to a reader, and those of its columns that fill one.

    Whoever sent a file may read its cells; what others had said before stays closed to them too. `instead` stands where
    a value was. is_named: the names of who it is about may be read.
    """

    fields: frozenset[str] = frozenset()
    columns: frozenset[str] = frozenset()
    instead: str | None = None
    is_named: bool = True

    def hides(self, field: str) -> bool:
        """Whether the values of a field are closed: `arr.amount` with `arr`."""
        return bool({field, field.partition(".")[0]} & self.fields)

    def changes(self, changes: Iterable[FieldChange]) -> list[FieldChange]:
        """What a file changes, without the values of closed fields."""
        instead = self.instead
        seen = (replace(one, before=instead, after=instead) if self.hides(one.field) else one for one in changes)
        return [*seen] if self.is_named else [replace(one, name="", of="") for one in seen]

    def warnings(self, found: Iterable[Warned]) -> list[Warned]:
        """What rows were taken without, with no cell of a closed column."""
        return [replace(one, values={}, more=0) if one.column in self.columns else one for one in found]

    def value(self, told: Example) -> str:
        """The cell that something is told of; `""` in a closed column."""
        return "" if told.column in self.columns else told.value


# Somebody who sees the file whole.
WHOLE = FileSight()


def sight_of(of: Import, kind: Kind, closed: Collection[str], *, is_own: bool, instead: str | None = None) -> FileSight:
    """What of a file is closed. closed: fields that the reader may not see, of all kinds. is_own: it is theirs."""
    prefix = f"{of.kind}."
    fields = frozenset(name.removeprefix(prefix) for name in closed if name.startswith(prefix))
    is_named = not any(name.endswith(".name") for name in closed)
    every = FileSight(fields, instead=instead, is_named=is_named)
    if is_own or not fields:
        return every
    read_as = {name: kind.field_of(use.to) for name, use in uses_from(of.mapping).items()}
    columns = frozenset(name[:COLUMN_LENGTH] for name, field in read_as.items() if every.hides(field))
    return FileSight(fields, columns, instead, is_named)


def sight_for(of: Import, kind: Kind, user: User) -> FileSight:
    """What of a file is closed to somebody who is signed in. One query."""
    is_own = of.created_by_id == user.pk
    return sight_of(of, kind, hidden_fields(user), is_own=is_own, instead=_("not shown to you"))
