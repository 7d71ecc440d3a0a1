"""How many urgent tasks somebody is given at once: the cap, and the guard against floods."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from msgspec import Struct

# A flood is more than the teams take in this many days.
FLOOD_DAYS = 2


class Urgent(Struct, frozen=True):
    """An urgent task on its way to somebody. `passes`: neither cap nor flood guard holds it back."""

    id: str
    priority: Decimal
    passes: bool


class Room(Struct, frozen=True):
    """What somebody has today: the cap, urgent tasks given today, and those still in Now."""

    cap: int
    taken: int
    in_now: int

    @property
    def left(self) -> int:
        return max(0, self.cap - max(self.taken, self.in_now))


def those_released(urgent: Iterable[Urgent], room: Room) -> set[str]:
    """Which of `urgent` stand in Now: all that pass the cap, then by priority while there is room.

    Those that pass take room too: the day of their owner is not longer because they are important.
    """
    tasks = list(urgent)
    passing = {task.id for task in tasks if task.passes}
    waiting = sorted((task for task in tasks if not task.passes), key=lambda task: (-task.priority, task.id))
    left = max(0, room.left - len(passing))
    return passing | {task.id for task in waiting[:left]}


def is_flood(opened: int, daily_caps: Sequence[int]) -> bool:
    """Whether one import or source opened more than its teams take in two days; teams without people take nothing."""
    return bool(daily_caps) and opened > FLOOD_DAYS * sum(daily_caps)


def band_that_fits(histogram: Mapping[str, int], capacity: int) -> Decimal | None:
    """The lowest confidence (a whole per cent) from which up no more than `capacity` were opened; None: none is."""
    total, fits = 0, None
    for per_cent in sorted(map(int, histogram), reverse=True):
        total += histogram[str(per_cent)]
        if total > capacity:
            break
        fits = Decimal(per_cent) / 100
    return fits
