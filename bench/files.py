"""B3: a CSV of scores from its upload to the last task, with memory; beside django-import-export, and beside COPY.

Who uploads a file waits by the clock, so that is what is compared, with as many processes as an installation starts
unless told otherwise; its peer works in one, and knows no other way. What both cost in CPU stands beside it.
"""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from statistics import median

from django.db import connection

from bench.book import WORK, Book, empty, refresh_statistics
from bench.cost import Cost, measure, memory_of, typical
from bench.land import copy_back
from bench.peers import import_export
from bench.processes import Server, Stage, serving, wait_until_quiet, working
from bench.report import Report
from bench.sizes import Sizes
from bench.traffic import Unexpected
from core.bulk import execute, fetch_all
from cx_ops.launch.application import WORKERS

HEADER = "account_id,insight_type,horizon_days,scored_at,confidence,model,model_version,reason\n"
BLOCK = 1 << 20
BOUNDARY = "bench"
PATIENCE_SECONDS = 1800
POLL_SECONDS = 0.25  # what asking costs is counted
# What a file of scores leaves for good, its insights last: they are counted.
LEFT = (
    "intake_recordkey", "intake_record", "decisions_decision", "decisions_stream", "decisions_item", "playbooks_task",
    "playbooks_run", "playbooks_runstep", "playbooks_watch", "core_act", "insights_insight",
)  # fmt: skip
COPIED = """
CREATE TABLE IF NOT EXISTS bench_scores (account_id text, insight_type text, horizon_days int, scored_at timestamptz,
    confidence numeric, model text, model_version text, reason text)
"""


@dataclass(frozen=True)
class _Brought:
    """What a file cost until its last task, seconds until its last row had landed, and bytes at the peak."""

    cost: Cost
    landed: float
    peak: int


def run(report: Report, stage: Stage, book: Book, sizes: Sizes) -> None:
    files = {rows: _write(stage, book, rows) for rows in sizes.file_rows}
    brought: dict[int, list[_Brought]] = {rows: [] for rows in files}
    few = min(files)
    left: list[Cost] = []
    for rows, path in files.items():
        for _ in range(sizes.file_runs):
            brought[rows].append(_bring(stage, book, path, rows))
            if rows == few:
                left.append(copy_back(LEFT))
    limit = typical([_copy(files[few], few) for _ in range(sizes.runs)])
    empty(*WORK)
    peer = typical(list(import_export.bring(files[few], book, sizes.peer_rows, sizes.runs)))
    _compare(report, brought, peer)
    text = "COPY of the very rows that the smaller file left, into the same tables, emptied before: a row's floor"
    report.note("B3", f"{text} with nothing read and nothing decided. {typical(left)}.")
    report.note("B3", f"COPY of the same file into a bare table, no look-ups, no index: {limit}")
    text = "django-import-export 4, its defaults, one process, account by look-up, no decision, no task"
    report.note("B3", f"{text}: {peer}")


def _compare(report: Report, brought: Mapping[int, list[_Brought]], peer: Cost) -> None:
    few, many = min(brought), max(brought)
    runs = len(brought[many])
    costs = {rows: typical([one.cost for one in times]) for rows, times in brought.items()}
    peaks = {rows: median(one.peak for one in times) for rows, times in brought.items()}
    faster = peer.wall_per_row / costs[many].wall_per_row
    report.add("B3.import_export", "file: times django-import-export, by the clock", faster, "≥ 30", runs)
    report.add("B3.cpu", "file: the same in CPU a row", peer.per_row / costs[many].per_row, "-", runs)
    what = f"file: peak memory at {many:,} rows, as a share of that at {few:,}"
    report.add("B3.memory", what, peaks[many] / peaks[few], "0.9 to 1.1", runs)
    for rows, times in brought.items():
        text = f"From the upload to the last task, {WORKERS} processes of the worker: {costs[rows]}."
        landed = median(one.landed for one in times)
        text = f"{text} The last row had landed after {landed:.2f} s; others were decided meanwhile."
        report.note("B3", f"{text} Peak of web and worker together: {peaks[rows] / 2**20:,.0f} MiB.")
    report.note(
        "B3",
        f"By the clock this installation uses {costs[many].cpu / costs[many].wall:.2f} cores, django-import-export "
        f"{peer.cpu / peer.wall:.2f}: beside a busy machine count on B3.cpu instead.",
    )


def _write(stage: Stage, book: Book, rows: int) -> Path:
    """A file of scores, `rows` of them over all accounts; confidences spread evenly."""
    path = stage.instance.data / f"scores-{rows}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as stream:
        stream.write(HEADER)
        for n in range(rows):
            at = book.now - timedelta(days=3) + timedelta(hours=n // book.accounts)
            sure = (n * 7919 % 1000) / 1000
            about = f"A{1 + n % book.accounts},churn_risk,90,{at:%Y-%m-%dT%H:%M:%SZ}"
            stream.write(f"{about},{sure},house-logit,1,usage_drop\n")
    return path


def _bring(stage: Stage, book: Book, path: Path, rows: int) -> _Brought:
    """Upload a file and wait until its last row is decided. One process lands it, others decide meanwhile."""
    empty(*WORK, "intake_import")
    refresh_statistics()
    with (
        serving(stage) as server,
        working(stage, concurrency=WORKERS) as worker,
        _Peak([server.pid, worker.pid]) as peak,
    ):
        landed: list[float] = []

        def bring() -> None:
            begun = time.perf_counter()
            _upload_and_wait(server, book, path, rows)
            landed.append(time.perf_counter() - begun)
            _wait_until_decided(rows)

        cost = peak.measure(bring, rows)
    return _Brought(cost, landed[0], peak.bytes)


class _Peak(threading.Thread):
    """Looks at the memory of some process trees ten times a second, and measures without what looking costs."""

    def __init__(self, roots: list[int]) -> None:
        super().__init__(daemon=True)
        self.roots, self.bytes, self.cpu, self.over = roots, 0, 0.0, threading.Event()

    def run(self) -> None:
        while not self.over.wait(0.1):
            self.bytes = max(self.bytes, memory_of(self.roots))
            self.cpu = time.thread_time()

    def measure(self, work: Callable[[], object], rows: int) -> Cost:
        before = self.cpu
        cost = measure(work, rows=rows, processes=self.roots)
        return replace(cost, cpu=cost.cpu - (self.cpu - before))

    def __enter__(self) -> _Peak:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.join()


def _upload_and_wait(server: Server, book: Book, path: Path, rows: int) -> None:
    client = http.client.HTTPConnection("127.0.0.1", server.port, timeout=600)
    head, tail = _form(path)
    length = len(head) + path.stat().st_size + len(tail)
    headers = {
        **book.headers, "Content-Type": f"multipart/form-data; boundary={BOUNDARY}", "Content-Length": str(length),
    }  # fmt: skip
    client.request("POST", "/api/v1/imports", _body(head, path, tail), headers)
    answer = client.getresponse()
    body = answer.read()
    if answer.status != 202:
        raise Unexpected(f"the upload was answered {answer.status}: {body[:500]!r}")
    _wait_until_landed(json.loads(body)["id"], rows)


def _form(path: Path) -> tuple[bytes, bytes]:
    kind = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="kind"\r\n\r\nscores\r\n'
    file = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{path.name}"\r\n\r\n'
    return (kind + file).encode(), f"\r\n--{BOUNDARY}--\r\n".encode()


def _body(head: bytes, path: Path, tail: bytes) -> Iterator[bytes]:
    yield head
    with path.open("rb") as stream:
        while block := stream.read(BLOCK):
            yield block
    yield tail


def _wait_until_landed(import_id: str, rows: int) -> None:
    ends = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < ends:
        [(status, done)] = fetch_all("SELECT status, rows_done FROM intake_import WHERE id = %s", [import_id])
        if status == "done" and done == rows:
            return
        if status in ("done", "failed"):
            raise Unexpected(f"the import is {status} after {done:,} of {rows:,} rows")
        time.sleep(POLL_SECONDS)
    raise Unexpected(f"the import is not done after {PATIENCE_SECONDS} s")


def _wait_until_decided(rows: int) -> None:
    wait_until_quiet(POLL_SECONDS)
    [(decided,)] = fetch_all("SELECT count(*) FROM decisions_decision")
    if decided != rows:
        raise Unexpected(f"{decided:,} of {rows:,} scores were decided")


def _copy(path: Path, rows: int) -> Cost:
    execute(COPIED)
    execute("TRUNCATE bench_scores")

    def copy_in() -> None:
        into = "COPY bench_scores FROM STDIN CSV HEADER"
        with path.open("rb") as stream, connection.cursor() as cursor, cursor.copy(into) as copy:
            while block := stream.read(BLOCK):
                copy.write(block)

    return measure(copy_in, rows=rows, processes=[])
