"""What one kind of house rule is: where its rows are, how they are shown, checked, and what a change of one touches."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db.models import Model, QuerySet

from core.enums import Role
from core.export import Column
from core.services.house import Check

if TYPE_CHECKING:
    from cx_ops.forms.house import RuleForm

Touches = Callable[[datetime], Mapping[Any, str]]


def any_row_may(row: Any, now: datetime) -> None:
    """Nothing speaks against it."""


@dataclass(frozen=True)
class RuleKind:
    """One kind. `fields` are the columns that the form may change, `fixed` those that only a new row is given.

    `counted`: how many rows, in words, such as "%(n)d teams". `touches`: what hangs on each row, in words, by the row's
    key. `later`: from when on a change holds. `may_add`: whether there is room for one more.
    `check_removal`: None where rows are never removed; `instead`: what holds once one is.
    `editors`: who may change it; all leads may look.
    `called`: what one is called at the head of its form, where the first column alone does not say it.
    `beside`: what is settled elsewhere, and the name of the address where.
    """

    slug: str
    title: Any
    text: Any
    one: Any
    counted: Any
    rows: Callable[[], QuerySet[Any]]
    form: type[RuleForm]
    fields: tuple[str, ...]
    columns: tuple[Column[Any], ...]
    touches: Touches
    later: Any
    fixed: tuple[str, ...] = ()
    check: Check = any_row_may
    may_add: Callable[[], bool] = lambda: True
    check_removal: Check | None = None
    instead: Any = ""
    editors: tuple[Role, ...] = (Role.MANAGER,)
    beside: tuple[tuple[Any, str], ...] = ()
    called: Callable[[Any], str] | None = None
    may_change: Callable[[Any], bool] = field(default=lambda row: True)

    @property
    def model(self) -> type[Model]:
        return self.rows().model

    @property
    def written(self) -> tuple[str, ...]:
        """The columns of a new row."""
        return (*self.fixed, *self.fields)
