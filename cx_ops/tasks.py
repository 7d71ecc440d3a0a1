"""Celery jobs: the doorbell and the beat. Each is short, idempotent and takes nothing from its message."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

from celery import shared_task

from core.bulk import database_now, fetch_all
from core.services import TICK, forget_answers, note_heartbeat
from cx_ops import pipeline
from decisions.queries.policies import switches_thrown
from intake.services import (
    forget_deliveries,
    run_due_pulls,
    run_waiting_imports,
    send_deliveries,
    spread_announcements,
)

# With what imports take (`RUN_SECONDS`) a job ends well before its soft time limit, which would stop it amid a batch.
BESIDE_IMPORTS = 30


@contextmanager
def alone(name: str) -> Iterator[bool]:
    """Whether this process alone runs `name` now: two beats do not run everything twice."""
    key = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)
    [(mine,)] = fetch_all("SELECT pg_try_advisory_lock(%s)", [key])
    try:
        yield bool(mine)
    finally:
        if mine:
            fetch_all("SELECT pg_advisory_unlock(%s)", [key])


@shared_task
def advance() -> None:
    """Somebody rang, or the sweep came by: move everything that waits."""
    pipeline.advance_all()


@shared_task
def tick() -> None:
    """The clock moved: do what fell due, and pick up what was left lying."""
    with alone("tick") as mine:
        if mine:
            note_heartbeat(TICK)
            pipeline.tick_all()
            forget_answers()
    pipeline.advance_all(seconds=BESIDE_IMPORTS)
    run_waiting_imports(database_now())


@shared_task
def send_outward() -> None:
    """What is to be told outside: one process at a time, so that slow readers hold up one worker at most."""
    with alone("outward") as mine:
        if mine:
            now = database_now()
            spread_announcements(now)
            send_deliveries(now, switches=switches_thrown)
            forget_deliveries()


@shared_task
def run_pulls() -> None:
    """What is to be fetched outside, and the files that come of it."""
    with alone("pulls") as mine:
        if mine:
            run_due_pulls(database_now())
    run_waiting_imports(database_now())


@shared_task
def run_imports() -> None:
    """A file is waiting."""
    run_waiting_imports(database_now())
    pipeline.advance_all(seconds=BESIDE_IMPORTS)
