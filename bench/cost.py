"""What something costs: CPU seconds of all processes that took part, and wall seconds."""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from core.bulk import fetch_all

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Cost:
    """Seconds of CPU and of the clock, for `rows` rows."""

    cpu: float
    wall: float
    rows: int

    @property
    def per_row(self) -> float:
        """CPU seconds a row."""
        return self.cpu / self.rows

    @property
    def wall_per_row(self) -> float:
        """Seconds of the clock a row."""
        return self.wall / self.rows

    def __str__(self) -> str:
        rate = self.rows / self.cpu if self.cpu else 0
        return f"{self.rows:,} rows: {self.cpu:.2f} s CPU, {self.wall:.2f} s; {rate:,.0f} rows/CPU-s"


def measure(work: Callable[[], object], *, rows: int, processes: Collection[int]) -> Cost:
    """Do `work` and count its CPU: this process, PostgreSQL, and the trees of `processes`."""
    roots = [postmaster(), *processes]
    trees, own, wall = cpu_of(roots), time.process_time(), time.perf_counter()  # looking at the trees is not counted
    work()
    wall = time.perf_counter() - wall
    return Cost(time.process_time() - own + cpu_of(roots) - trees, wall, rows)


def typical(costs: Collection[Cost]) -> Cost:
    """The median of each figure."""
    return Cost(median(cost.cpu for cost in costs), median(cost.wall for cost in costs), next(iter(costs)).rows)


def postmaster() -> int:
    """PostgreSQL's first process, whose tree holds all of its backends. The server must be on this machine."""
    [(directory,)] = fetch_all("SHOW data_directory")
    return int((Path(directory) / "postmaster.pid").read_text().split("\n", 1)[0])


def cpu_of(roots: Collection[int]) -> float:
    """CPU seconds of these processes and all below them, those that have ended included."""
    children: dict[int, list[int]] = defaultdict(list)
    ticks: dict[int, int] = {}
    for path in Path("/proc").iterdir():
        if path.name.isdigit():
            _note(path, children, ticks)
    total, open_ends = 0, list(roots)
    while open_ends:
        pid = open_ends.pop()
        total += ticks.get(pid, 0)
        open_ends += children[pid]
    return total / TICKS


def memory_of(roots: Collection[int]) -> int:
    """Bytes of memory that these processes and all below them hold now."""
    children: dict[int, list[int]] = defaultdict(list)
    for path in Path("/proc").iterdir():
        if path.name.isdigit():
            _note(path, children, {})
    total, open_ends = 0, list(roots)
    while open_ends:
        pid = open_ends.pop()
        total += _held_by(pid)
        open_ends += children[pid]
    return total


def _held_by(pid: int) -> int:
    """Its own pages; those it shares with its parent would be counted twice."""
    try:
        words = (Path("/proc") / str(pid) / "statm").read_text().split()
    except OSError:
        return 0  # it ended while we looked
    return (int(words[1]) - int(words[2])) * os.sysconf("SC_PAGE_SIZE")


def _note(path: Path, children: dict[int, list[int]], ticks: dict[int, int]) -> None:
    try:
        words = (path / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return  # it ended while we looked
    children[int(words[1])].append(int(path.name))
    # utime, stime, and the same of children that have ended and were waited for
    ticks[int(path.name)] = sum(int(word) for word in words[11:15])
