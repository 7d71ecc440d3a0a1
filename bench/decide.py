"""B2: from landed to decided with a task made, beside a bare join, and beside one job per insight."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial

from celery import current_app

from bench.book import WORK, Book, empty, refresh_statistics
from bench.cost import Cost, measure, typical
from bench.land import BULK, insights
from bench.processes import Server, Stage, ring, serving, wait_until_quiet, working
from bench.report import Report
from bench.sizes import Sizes
from bench.traffic import Unexpected, bodies, connected, send_all
from core.bulk import execute, fetch_all

WORKERS = 2
PEER = "bench.peers.per_insight"
PEER_QUEUE = "bench"
PEER_SECONDS = 600

LIMIT_TABLE = """
CREATE TABLE IF NOT EXISTS bench_decision (
    insight_id uuid PRIMARY KEY, account_id uuid NOT NULL, type_id text NOT NULL, confidence numeric NOT NULL,
    response text NOT NULL, owner_id uuid NOT NULL, decided_at timestamptz NOT NULL)
"""
# Everything a decision looks up, joined once: the account, its CSM, and the band that holds the confidence.
LIMIT = """
INSERT INTO bench_decision
SELECT r.id, k.account_id, r.payload ->> 'type', (r.payload ->> 'confidence')::numeric, b.response, p.user_id,
       clock_timestamp()
FROM intake_landed AS w
JOIN intake_record AS r ON r.id = w.id
JOIN accounts_accountkey AS k
    ON k.value = w.about_value AND k.kind = w.about_kind AND k.namespace_id = w.about_namespace
JOIN accounts_accountperson AS p ON p.account_id = k.account_id AND p.role = 'csm'
JOIN (SELECT type_id, response, lower, coalesce(lead(lower) OVER (PARTITION BY type_id ORDER BY lower), 2) AS upper
      FROM decisions_authorityband WHERE policy_id = 1) AS b
    ON b.type_id = r.payload ->> 'type' AND (r.payload ->> 'confidence')::numeric >= b.lower
   AND (r.payload ->> 'confidence')::numeric < b.upper
"""


def run(report: Report, stage: Stage, book: Book, sizes: Sizes) -> None:
    limit, ours = [], []
    with serving(stage.with_own_broker()) as server:
        with working(stage, concurrency=WORKERS) as worker:
            for _ in range(sizes.runs):
                land(server, book, sizes.decide_rows)
                limit.append(_bare_join(sizes.decide_rows))
                ours.append(decide_all(worker.pid, sizes.decide_rows))
        single = list(_per_insight(server, stage, book, sizes))
    ours_, limit_, single_ = typical(ours), typical(limit), typical(single)
    report.add("B2.limit", "decide: share of a bare join, in CPU", limit_.cpu / ours_.cpu, "≥ 0.05", sizes.runs)
    report.add(
        "B2.per_insight", "decide: times a job per insight, in CPU an insight", single_.per_row / ours_.per_row,
        "≥ 100", sizes.runs,
    )  # fmt: skip
    report.note("B2", f"From landed to a task each, {WORKERS} Celery workers, all stages. {ours_}")
    report.note("B2", f"One INSERT … SELECT that joins record, account, CSM and band. {limit_}")
    report.note(
        "B2", f"One Celery job per insight, the same decision through the ORM, {WORKERS} workers; scaled. {single_}"
    )


def land(server: Server, book: Book, rows: int, *, start: int = 0) -> None:
    """Empty everything and land `rows` insights over HTTP, each about another account; nothing works on them yet."""
    empty(*WORK)
    land_more(server, book, rows, start=start)


def land_more(server: Server, book: Book, rows: int, *, start: int = 0) -> None:
    with connected(server.port, book.headers) as client:
        send_all(client, BULK, list(bodies(insights(book, rows, start=start), 10_000)))
    refresh_statistics()


def decide_all(worker: int, rows: int) -> Cost:
    """Let the workers take what has landed; until each insight has its task."""
    before = _tasks()

    def until_decided() -> None:
        ring(WORKERS)
        wait_until_quiet()

    cost = measure(until_decided, rows=rows, processes=[worker])
    if (made := _tasks() - before) != rows:
        raise Unexpected(f"{rows:,} insights made {made:,} tasks")
    return cost


def _tasks() -> int:
    [(count,)] = fetch_all("SELECT count(*) FROM playbooks_task")
    return int(count)


def _bare_join(rows: int) -> Cost:
    execute(LIMIT_TABLE)
    execute("TRUNCATE bench_decision")
    execute("CHECKPOINT")
    return measure(lambda: execute(LIMIT), rows=rows, processes=[])


def _per_insight(server: Server, stage: Stage, book: Book, sizes: Sizes) -> Iterator[Cost]:
    """The peer: one job an insight, sent one by one, on the rows that landed the same way."""
    with working(stage, concurrency=WORKERS, include=PEER, queue=f"celery,{PEER_QUEUE}") as worker:
        for _ in range(sizes.runs):
            land(server, book, sizes.single_rows)
            ids = [str(id) for (id,) in fetch_all("SELECT id FROM intake_landed ORDER BY id")]
            yield measure(partial(_send_jobs, ids), rows=len(ids), processes=[worker.pid])


def _send_jobs(ids: list[str]) -> None:
    for id in ids:
        current_app.send_task(f"{PEER}.decide_one", args=[id], queue=PEER_QUEUE, ignore_result=True)
    ends = time.monotonic() + PEER_SECONDS
    while _tasks() < len(ids):
        if time.monotonic() > ends:
            raise Unexpected(f"only {_tasks():,} of {len(ids):,} jobs were done")
        time.sleep(0.05)
