"""What one stage hands to the next within one transaction, so that it need not be written down in between.

A stage leaves its rows as ever. Where its `then` goes on at once, they are kept here instead of in their table: nobody
else sees them before they are done. What fails is undone by itself and stands in its table after all, for the next
worker: halved, retried and buried there as everything is (`core.stages`).
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any

from core.models import Pending

Left = tuple[Sequence[str], Sequence[Sequence[Any]]]


class Handed(Sequence[Any]):
    """Rows left for `stage` in this transaction, in the order in which they were left, as its table would give them.

    Whoever left them held the accounts that they are about, and still does.
    """

    def __init__(self, stage: str, pending: type[Pending]) -> None:
        self.stage, self.pending = stage, pending
        self.left: list[Left] = []
        self._rows: list[Any] = []

    def take(self, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """Keep what would have been written."""
        make = row_of(self.pending)
        at = {name: place for place, name in enumerate(("id", *columns))}
        places = [at.get(name) for name in make._fields]
        self.left.append((columns, rows))
        self._rows += [make._make([None if place is None else row[place] for place in places]) for row in rows]

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._rows)

    def __getitem__(self, at: Any) -> Any:
        return self._rows[at]


_taking: ContextVar[Handed | None] = ContextVar("taking", default=None)


@contextmanager
def handing(to: Handed) -> Iterator[None]:
    """Within, what is left for the stage of `to` is kept there."""
    token = _taking.set(to)
    try:
        yield
    finally:
        _taking.reset(token)


def taker_of(stage: str) -> Handed | None:
    """Who takes what is left for `stage` now, or None: its table does."""
    taking = _taking.get()
    return taking if taking is not None and taking.stage == stage else None


@cache
def row_of(pending: type[Pending]) -> type[Any]:
    """A named tuple with the columns of a pending table."""
    return namedtuple(pending.__name__, [field.column for field in pending._meta.concrete_fields])  # type: ignore[misc]
