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
from bench.processes import Server, Stage, serving
from bench.report import Report
from bench.sizes import Sizes
from bench.traffic import Client, Unexpected

LANE = "today"
READERS = 10
HX = {"HX-Request": "true"}


def run(report: Report, stage: Stage, book: Book, sizes: Sizes) -> None:
    empty(*WORK)
    hold_insights(book, first=0, last=sizes.open_tasks[0] - 1)
    p95: dict[str, list[float]] = {"page": [], "partial": []}
    filled, size = 0, 0
    with serving(stage) as server:
        for tasks in sizes.open_tasks:
            open_tasks(book, first=filled, last=tasks - 1)
            filled = tasks
            readers = [Client(server.port, signed_in(owner)) for owner in book.owners[:READERS]]
            for name, path in (("page", page_path()), ("partial", partial_path(book))):
                _times(readers, path, READERS * 2)  # warm
                size = len(readers[0].get(path).body) if name == "page" else size
                found = median(_p95(_times(readers, path, sizes.page_requests)) for _ in range(sizes.runs))
                p95[name].append(found)
                report.note("B5", f"{name}, {tasks:,} open tasks, {book.accounts:,} accounts: p95 {found:.1f} ms")
    growth = max(times[-1] / times[0] for times in p95.values())
    smallest, largest = sizes.open_tasks[0], sizes.open_tasks[-1]
    report.add("B5.growth", f"queue: p95 at {largest:,} tasks, times that at {smallest:,}", growth, "≤ 1.2", sizes.runs)
    report.add("B5.p95_ms", f"queue page: p95 in ms at {largest:,} tasks", p95["page"][-1], "< 50", sizes.runs)
    report.note(
        "B5", f"a page of the same {size:,} bytes with nothing behind it: p95 {_bare(stage, size, sizes):.1f} ms"
    )
    report.note("B5", "one client on an idle server, HTTP included; the growth is the worse of page and partial")


def page_path() -> str:
    """A lane of one's own queue, with its first task open beside it."""
    return f"{reverse('queue')}?{urlencode({'lane': LANE})}"


def partial_path(book: Book) -> str:
    """What the page asks for every so often: what has changed in the lane."""
    return f"{reverse('queue_changes')}?{urlencode({'lane': LANE, 'since': book.now.isoformat()})}"


def _times(readers: Sequence[Client], path: str, requests: int) -> list[float]:
    """Milliseconds of each request, the readers taking turns. Raises `Unexpected`."""
    times = []
    for n in range(requests):
        begun = time.perf_counter()
        answer = readers[n % len(readers)].get(path, **HX)
        times.append((time.perf_counter() - begun) * 1000)
        if answer.status != 200:
            raise Unexpected(f"{path} answered {answer.status}: {answer.body[:300]!r}")
    return times


def _p95(times: Sequence[float]) -> float:
    return quantiles(times, n=20)[-1]


def _bare(stage: Stage, size: int, sizes: Sizes) -> float:
    stage = replace(stage, environ={**stage.environ, "BENCH_PAGE_BYTES": str(size)})
    with serving(stage, app="bench.peers.static_page:application", name="static") as server:
        return median(_p95(_times([_anybody(server)], "/", sizes.page_requests)) for _ in range(sizes.runs))


def _anybody(server: Server) -> Client:
    return Client(server.port)
