"""One place where somebody stands: which rows are about them, what of those is exported, and what is put instead."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db.models import Q, QuerySet

from cx_ops.erasure.person import Person

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise

ERASED_NAME = "Erased person"


@dataclass(frozen=True)
class Place:
    """Rows about a person, what of them is exported, and what is put in its place; None: the rows are deleted.

    hashed: the column whose hash the receipt keeps.
    """

    name: str
    label: _StrOrPromise
    rows: Callable[[Person], QuerySet[Any]]
    shown: tuple[str, ...]
    blank: Mapping[str, Any] | None = field(default_factory=dict)
    hashed: str = ""


def any_of(column: str, values: list[str], how: str = "icontains") -> Q:
    """Rows whose `column` holds one of `values`; none where there are no values."""
    found = Q(pk__in=[])
    for value in values:
        found |= Q(**{f"{column}__{how}": value})
    return found


def pairs_of(first: str, second: str, pairs: Iterable[tuple[Any, str]]) -> Q:
    found = Q(pk__in=[])
    for one, other in pairs:
        found |= Q(**{first: one, second: other})
    return found
