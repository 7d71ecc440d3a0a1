"""Ctrl-C and SIGTERM turned into one exception, so that every exit runs the same clean-up."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(KeyboardInterrupt):
    """Somebody asked the launcher, or a program that it runs, to stop; `number` is the signal."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


class _Door:
    """Holds a signal back while a child is being recorded; lets exactly one through."""

    def __init__(self) -> None:
        self.held = False
        self.waiting: int | None = None
        self.done = False

    def knock(self, number: int, _frame: FrameType | None) -> None:
        if self.done:
            return
        if self.held:
            self.waiting = number
            return
        self.done = True
        raise Stopped(number)


_door = _Door()


def install() -> None:
    """Install the handlers; call it before the first child is started."""
    for number in STOP_SIGNALS:
        signal.signal(number, _door.knock)


@contextmanager
def held_back() -> Iterator[None]:
    """Between a fork and its record in a list, a stop must wait, or the child would be forgotten."""
    _door.held = True
    try:
        yield
    finally:
        _door.held = False
        if _door.waiting is not None and not _door.done:
            _door.done = True
            raise Stopped(_door.waiting)
