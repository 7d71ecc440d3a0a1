"""B1: insights through the real bulk endpoint, beside COPY of the same rows, and beside plain DRF."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from functools import partial

from django.db import connection

from bench.book import WORK, Book, empty
from bench.cost import Cost, measure, typical
from bench.processes import Server, Stage, serving
from bench.report import Report
from bench.sizes import Sizes
from bench.traffic import JSON_TYPE, Unexpected, bodies, connected, insight, send_all
from core.bulk import execute, fetch_all

BULK = "/api/v1/insights/bulk"
LANDED = ("intake_recordkey", "intake_record", "core_batch", "intake_landed")
CONFIDENCE = 0.95  # of the human band: each makes a task


def insights(book: Book, count: int, *, start: int = 0, confidence: float = CONFIDENCE) -> Iterator[dict[str, object]]:
    """`count` insights, each about another account as far as there are enough."""
    at = book.now - timedelta(days=1)
    return (
        insight(start + n, 1 + (start + n) % book.accounts, confidence=confidence, scored_at=at) for n in range(count)
    )


def run(report: Report, stage: Stage, book: Book, sizes: Sizes) -> None:
    calls = list(bodies(insights(book, sizes.land_calls * sizes.land_rows), sizes.land_rows))
    ours, limit = [], []
    with serving(stage.with_own_broker()) as server:
        _warm_up(server, book)
        for _ in range(sizes.runs):
            empty(*WORK)
            ours.append(_land(server, book, calls, sizes))
            limit.append(copy_back(LANDED))
    drf = _drf(stage, book, sizes)
    ours_, limit_, drf_ = typical(ours), typical(limit), typical(drf)
    report.add("B1.copy", "land: share of the COPY limit, in CPU", limit_.cpu / ours_.cpu, "≥ 0.30", sizes.runs)
    report.add("B1.drf", "land: times DRF, in CPU an insight", drf_.per_row / ours_.per_row, "≥ 25", sizes.runs)
    report.note("B1", f"Bulk endpoint, one granian worker, NDJSON, {sizes.land_rows:,} a call. {ours_}")
    report.note("B1", f"COPY of the very rows that this left, into the same tables, emptied before. {limit_}")
    report.note(
        "B1",
        f"DRF ModelSerializer(many=True) and bulk_create on the same stack, {sizes.drf_rows:,} a call: one table, "
        f"no key to tell duplicates by, no pending row. {drf_}",
    )


def _warm_up(server: Server, book: Book) -> None:
    with connected(server.port, book.headers) as client:
        send_all(client, BULK, list(bodies(insights(book, 500), 100)))


def _land(server: Server, book: Book, calls: list[bytes], sizes: Sizes) -> Cost:
    rows = sizes.land_calls * sizes.land_rows
    with connected(server.port, book.headers) as client:
        cost = measure(lambda: send_all(client, BULK, calls), rows=rows, processes=[server.pid])
    [(landed,)] = fetch_all("SELECT count(*) FROM intake_landed")
    if landed != rows:
        raise Unexpected(f"{landed:,} of {rows:,} insights have landed")
    return cost


def copy_back(tables: Sequence[str]) -> Cost:
    """Take out what landing has left in `tables`, empty them, and COPY it in again; its rows are the last one's."""
    copies = {table: _copy_out(table) for table in tables}
    [(rows,)] = fetch_all(f"SELECT count(*) FROM {tables[-1]}")  # noqa: S608 - ours
    empty(*tables)
    execute("CHECKPOINT")

    def copy_in() -> None:
        for table, data in copies.items():
            with connection.cursor() as cursor, cursor.copy(f'COPY "{table}" FROM STDIN') as copy:
                for block in data:
                    copy.write(block)

    return measure(copy_in, rows=rows, processes=[])


def _copy_out(table: str) -> list[bytes]:
    """The rows as COPY writes them, in blocks of a megabyte."""
    with connection.cursor() as cursor, cursor.copy(f'COPY (SELECT * FROM "{table}") TO STDOUT') as copy:  # noqa: S608 - our table
        whole = b"".join(bytes(block) for block in copy)
    return [whole[at : at + 2**20] for at in range(0, len(whole), 2**20)]


def _drf(stage: Stage, book: Book, sizes: Sizes) -> list[Cost]:
    calls = [b"[" + body.replace(b"\n", b",") + b"]" for body in bodies(insights(book, sizes.drf_rows), sizes.drf_rows)]
    costs = []
    with serving(stage, settings="bench.peers.settings", name="drf") as server:
        for _ in range(sizes.runs + 1):  # the first warms it up
            empty(*WORK)
            with connected(server.port, book.headers) as client:
                post = partial(send_all, client, "/insights/bulk", calls, JSON_TYPE)
                costs.append(measure(post, rows=sizes.drf_rows, processes=[server.pid]))
    return costs[1:]
