"""B6: behaviour events through the door of Segment's clients, beside COPY of the same rows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta

from bench.book import Book, empty
from bench.cost import Cost, measure, typical
from bench.land import copy_back
from bench.processes import Server, Stage, serving
from bench.report import Report
from bench.sizes import Sizes
from bench.traffic import Unexpected, connected, send_all
from core.bulk import fetch_all

DOOR = "/v1/batch"
BATCH = 500
LANDED = ("accounts_eventkey", "accounts_event")
NAMES = ("Report opened", "Export started", "Dashboard viewed", "User invited", "Import finished")


def batches(book: Book, events: int) -> Iterator[bytes]:
    """Bodies as analytics-python writes them, each of `BATCH` tracks of people at some of the book's accounts."""
    sent = book.now
    for start in range(0, events, BATCH):
        tracks = [_track(book, number) for number in range(start, min(start + BATCH, events))]
        yield json.dumps({"batch": tracks, "sentAt": sent.isoformat(), "writeKey": book.token}).encode()


def _track(book: Book, number: int) -> dict[str, object]:
    said = book.now - timedelta(seconds=number % 86_400)
    return {
        "type": "track",
        "event": NAMES[number % len(NAMES)],
        "userId": f"user-{number % 5_000}",
        "anonymousId": None,
        "messageId": f"{number:08x}-0000-4000-8000-000000000000",
        "timestamp": said.isoformat(),
        "integrations": {},
        "context": {
            "groupId": f"A{1 + number % book.accounts}",
            "library": {"name": "analytics-python", "version": "2.4.0"},
        },
        "properties": {"number": number, "plan": "pro", "seconds": 4.2, "path": "/reports/weekly"},
    }


def run(report: Report, stage: Stage, book: Book, sizes: Sizes) -> None:
    calls = list(batches(book, sizes.events))
    ours, limit = [], []
    with serving(stage.with_own_broker()) as server:
        with connected(server.port, book.headers) as client:
            send_all(client, DOOR, calls[:4])  # warms it up
        for _ in range(sizes.runs):
            empty(*LANDED, "accounts_awaited")
            ours.append(_land(server, book, calls, sizes))
            limit.append(copy_back(LANDED))
    ours_, limit_ = typical(ours), typical(limit)
    report.add("B6.copy", "events: share of the COPY limit, in CPU", limit_.cpu / ours_.cpu, "≥ 0.30", sizes.runs)
    report.note(
        "B6", f"{DOOR}, one granian worker, {BATCH} events a call, each committed before it is answered. {ours_}"
    )
    report.note("B6", f"COPY of the very rows that this left, into the same tables, emptied before. {limit_}")


def _land(server: Server, book: Book, calls: list[bytes], sizes: Sizes) -> Cost:
    with connected(server.port, book.headers) as client:
        cost = measure(lambda: send_all(client, DOOR, calls), rows=sizes.events, processes=[server.pid])
    [(landed, linked)] = fetch_all("SELECT count(*), count(account_id) FROM accounts_event")
    if (landed, linked) != (sizes.events, sizes.events):
        raise Unexpected(f"{landed:,} of {sizes.events:,} events have landed, {linked:,} with their account")
    return cost
