"""What to bring next, as the composition root tells it: intake knows no kind by itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from django.utils.functional import Promise

from core.models import User
from intake.models import Import


class NextStep(NamedTuple):
    """What somebody does after a file: in a word, why, and where."""

    title: str | Promise
    text: str | Promise
    button: str | Promise
    url: str


_tellers: list[Callable[[User, Import], NextStep | None]] = []


def register_steps(tell: Callable[[User, Import], NextStep | None]) -> None:
    """Ask `tell` from now on."""
    _tellers[:] = [tell]


def next_step(user: User, of: Import) -> NextStep | None:
    """What `user` does after a file on the way to a working queue; None where that is behind them."""
    return next((step for tell in _tellers if (step := tell(user, of)) is not None), None)
