"""B5: a CSM's queue and its partial over HTTP, when ever more tasks are open."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from statistics import median, quantiles
from urllib.parse import urlencode

from django.urls import reverse

from bench.book import WORK, Book, empty, hold_insights, open_tasks
from bench.people import signed_in
from bench.processes import Stage, serving
from bench.report import Report
from bench.sizes import Sizes
from bench.traffic import Client, Unexpected

LANE = "today"
READERS = 10
HX = {"HX-Request": "true"}


def run(report: Report, stage: Stage, book: Book, sizes: Sizes) -> None:
    few, many = sizes.open_tasks
    empty(*WORK)
    hold_insights(book, first=0, last=few - 1)
    open_tasks(book, first=0, last=few - 1)
    browsers = [signed_in(owner) for owner in book.owners[:READERS]]
    ratios: list[float] = []
    p95: dict[str, float] = {}
    with stage.with_copied_database() as before, serving(before, name="web-before") as small, serving(stage) as large:
        open_tasks(book, first=few, last=many - 1)
        sides = [[Client(server.port, headers) for headers in browsers] for server in (small, large)]
        size = len(sides[1][0].get(page_path()).body)
        for name, path in (("page", page_path()), ("partial", partial_path(book))):
            _in_turns(sides, path, READERS * 2)  # warm
            runs = [_in_turns(sides, path, sizes.page_requests) for _ in range(sizes.runs)]
            ratios.append(median(slow / quick for quick, slow in runs))
            quick, p95[name] = (median(side) for side in zip(*runs, strict=True))
            report.note("B5", f"{name}: p95 {quick:.1f} ms at {few:,} open tasks, {p95[name]:.1f} ms at {many:,}")
    report.add("B5.growth", f"queue: p95 at {many:,} tasks, times that at {few:,}", max(ratios), "≤ 1.2", sizes.runs)
    report.add("B5.p95_ms", f"queue page: p95 in ms at {many:,} tasks", p95["page"], "< 50", sizes.runs)
    bare = _bare(stage, size, sizes)
    report.note("B5", f"a page of the same {size:,} bytes with nothing behind it: p95 {bare:.1f} ms")
    report.note("B5", f"{book.accounts:,} accounts, HTTP included; two idle servers asked in turns, one with each size")
    report.note("B5", "growth: the median of the runs' ratios, the worse of page and partial")


def page_path() -> str:
    """A lane of one's own queue, with its first task open beside it."""
    return f"{reverse('queue')}?{urlencode({'lane': LANE})}"


def partial_path(book: Book) -> str:
    """What the page asks for every so often: what has changed in the lane."""
    return f"{reverse('queue_changes')}?{urlencode({'lane': LANE, 'since': book.now.isoformat()})}"


def _in_turns(sides: Sequence[Sequence[Client]], path: str, requests: int) -> tuple[float, ...]:
    """The p95 in milliseconds of each side, asked in turns so that the machine's pace falls on all alike."""
    times: list[list[float]] = [[] for _ in sides]
    for n in range(requests):
        for side, found in zip(sides, times, strict=True):
            found.append(_time(side[n % len(side)], path))
    return tuple(quantiles(found, n=20)[-1] for found in times)


def _time(reader: Client, path: str) -> float:
    """Milliseconds until the answer is here. Raises `Unexpected`."""
    begun = time.perf_counter()
    answer = reader.get(path, **HX)
    if answer.status != 200:
        raise Unexpected(f"{path} answered {answer.status}: {answer.body[:300]!r}")
    return (time.perf_counter() - begun) * 1000


def _bare(stage: Stage, size: int, sizes: Sizes) -> float:
    stage = replace(stage, environ={**stage.environ, "BENCH_PAGE_BYTES": str(size)})
    with serving(stage, app="bench.peers.static_page:application", name="static") as server:
        return median(_in_turns([[Client(server.port)]], "/", sizes.page_requests)[0] for _ in range(sizes.runs))
