"""Keeps processes running: what ends unasked is started again, until it ends too often."""

import time
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

from cx_ops.launch import processes
from cx_ops.launch.errors import LaunchError, say
from cx_ops.launch.processes import Child

LOOK_SECONDS = 0.2


@dataclass(frozen=True)
class Patience:
    """`deaths` of one process within `seconds` are one too many; the wait before a new start doubles with each."""

    deaths: int = 5
    seconds: float = 60.0
    first_wait: float = 0.5
    longest_wait: float = 8.0

    def wait_after(self, recent_deaths: int) -> float:
        return min(self.first_wait * 2.0 ** (recent_deaths - 1), self.longest_wait)


USUAL = Patience()


class Supervisor:
    """Looks after the children in `lists`.

    A new child takes the place of the dead one, so that whoever holds a list stops the right processes. A child that
    is stopped on purpose is taken out of its list first.
    """

    def __init__(
        self, *lists: list[Child], patience: Patience = USUAL, changed: Callable[[], None] = lambda: None
    ) -> None:
        self.lists = lists
        self.patience = patience
        self.changed = changed
        self.restarts: Counter[str] = Counter()
        self._deaths: dict[str, list[float]] = defaultdict(list)
        self._due: dict[Child, float] = {}

    def child(self, name: str) -> Child:
        return next(child for children in self.lists for child in children if child.plan.name == name)

    def look(self) -> None:
        """Look at every child once. Raises LaunchError when one has ended too often."""
        for children in self.lists:
            for child in [*children]:
                if child in self._due:
                    self._start_if_due(child, children)
                elif not child.is_alive():
                    self._mourn(child)

    def rest(self, seconds: float) -> None:
        """Look after them for so long."""
        ends = time.monotonic() + seconds
        self.look()
        while (left := ends - time.monotonic()) > 0:
            time.sleep(min(left, LOOK_SECONDS))
            self.look()

    def watch(self) -> NoReturn:
        """Until a signal stops the launcher, or LaunchError."""
        while True:
            self.rest(LOOK_SECONDS)

    def wait_until(self, ready: Callable[[], bool], *, what: str, seconds: float) -> None:
        """Look after them until `ready()`. Raises LaunchError when the time is over."""

        def is_ready() -> bool:
            self.look()
            return ready()

        processes.wait_until(is_ready, children=[], what=what, seconds=seconds)

    def _mourn(self, child: Child) -> None:
        """Say what ended, take away what it started itself, and put down when it is started again."""
        now, name = time.monotonic(), child.plan.name
        child.finish()
        recent = [then for then in self._deaths[name] if now - then < self.patience.seconds]
        self._deaths[name] = recent = [*recent, now]
        if len(recent) >= self.patience.deaths:
            raise LaunchError(
                f"{child.obituary()}\n"
                f"{name} has ended {len(recent)} times within {self.patience.seconds:.0f} s and is not started again. "
                f"Mend the cause first; the whole log is {child.plan.log}"
            )
        wait = self.patience.wait_after(len(recent))
        say(f"{name} ended with {child.ending()}; starting it again in {wait:g} s (log: {child.plan.log})")
        self._due[child] = now + wait

    def _start_if_due(self, child: Child, children: list[Child]) -> None:
        if time.monotonic() < self._due[child]:
            return
        processes.start_again(child, children)
        del self._due[child]
        self.restarts[child.plan.name] += 1
        self.changed()
