"""The kinds of record that are taken: each room defines its own, the composition root registers them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from intake.enums import Scope
from intake.rules import Arrival, Kind, Problem

Screen = Callable[[Kind, Sequence[Any], Sequence[bytes], Arrival], Mapping[int, Problem]]
"""Which items of a call must not be taken, whatever they say otherwise, and why."""

_kinds: dict[str, Kind] = {}
_screens: list[Screen] = []


class UnknownKind(Exception):
    """No kind has this name; says which there are."""


def register(kind: Kind) -> None:
    """Take records of `kind` from now on. The same name twice is a mistake of ours."""
    if _kinds.setdefault(kind.name, kind) is not kind:
        raise ValueError(f"two kinds are called {kind.name}")


def register_screen(screen: Screen) -> None:
    """Ask `screen` about every item, of whatever kind, before it is taken."""
    if screen not in _screens:
        _screens.append(screen)


def screened(kind: Kind, items: Sequence[Any], raw: Sequence[bytes], arrival: Arrival) -> dict[int, Problem]:
    """What the screens of other rooms stop."""
    return {at: problem for screen in _screens for at, problem in screen(kind, items, raw, arrival).items()}


def find(name: str) -> Kind:
    """The kind of that name. Raises `UnknownKind`."""
    try:
        return _kinds[name]
    except KeyError:
        raise UnknownKind(_("kind must be one of: %s.") % ", ".join(file_kinds())) from None


def all_kinds() -> list[Kind]:
    """Every kind, by name."""
    return [kind for _name, kind in sorted(_kinds.items())]


def scope_choices() -> list[tuple[str, str]]:
    """What a token may do, with the kinds of record that each scope lets in, where its own words do not name them."""
    return [(scope.value, f"{scope.label}{_let_in(scope)}") for scope in Scope]


def _let_in(scope: Scope) -> str:
    kinds = [str(kind.called) or kind.label.lower() for kind in all_kinds() if kind.scope == scope]
    return "" if all(kind in scope.label for kind in kinds) else f": {', '.join(kinds)}"


def file_kinds() -> list[str]:
    """Names of the kinds that can come in a file."""
    return sorted(name for name, kind in _kinds.items() if kind.columns)
