"""An import killed at every statement boundary: before each statement and each COPY, before and after each commit.

Each point is one import of its own, in a process that is forked, ends itself by SIGKILL when it gets there, and is
followed by a worker that finds the lease run out.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from unittest.mock import patch

import psycopg
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper

from core.bulk import database_now, execute, fetch_all
from cx_ops.invariants import broken_invariants
from cx_ops.launch.errors import say
from cx_ops.pipeline import advance_all
from intake.models import Import, RejectedRow, Source
from intake.services import imports, run_import, start_import

CHUNK_ROWS = 3
ROWS = 7
# One row of each file is wrong, and comes back.
HEADERS = {
    "accounts": "account_id,name,tier,renews_on",
    "orders": "account_id,ordered_on,amount_usd",
    "tickets": "ticket_id,account_id,opened_at,subject",
    "scores": "account_id,insight_type,scored_at,confidence,model,model_version",
}
WRITTEN = {
    "accounts": "SELECT count(*) FROM accounts_account WHERE source_id = %s",
    "orders": "SELECT count(*) FROM accounts_ledgerentry WHERE source_id = %s",
    "tickets": "SELECT count(*) FROM accounts_activity WHERE source_id = %s",
    "scores": "SELECT count(*) FROM insights_insight WHERE source_id = %s",
}
LOGGED = "SELECT count(*), count(DISTINCT external_id) FROM intake_record WHERE import_id = %s"


@dataclass
class Boundaries:
    """Counts boundaries as they are reached; at number `deadly` the process ends itself."""

    deadly: int = 0
    seen: int = 0

    def reach(self) -> None:
        self.seen += 1
        if self.seen == self.deadly:
            os.kill(os.getpid(), signal.SIGKILL)

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Every statement, COPY and commit of this process is counted."""
        copy, commit = psycopg.Cursor.copy, BaseDatabaseWrapper._commit

        def execute_one(run: Callable[..., Any], *args: Any) -> Any:
            self.reach()
            return run(*args)

        def copy_one(cursor: Any, *args: Any, **kwargs: Any) -> Any:
            self.reach()
            return copy(cursor, *args, **kwargs)

        def commit_one(wrapper: Any) -> None:
            self.reach()
            commit(wrapper)
            self.reach()

        with ExitStack() as stack:
            stack.enter_context(patch.object(psycopg.Cursor, "copy", copy_one))
            stack.enter_context(patch.object(BaseDatabaseWrapper, "_commit", commit_one))
            stack.enter_context(patch.object(imports, "CHUNK_ROWS", CHUNK_ROWS))
            stack.enter_context(connection.execute_wrapper(execute_one))
            yield


@dataclass
class Found:
    """How many points there are, at how many a process died, and what was wrong afterwards."""

    points: int = 0
    died: int = 0
    wrong: list[str] = field(default_factory=list)

    def as_line(self) -> str:
        return f"boundaries: {self.died} of {self.points} points died at, {len(self.wrong)} violations"


def kill_everywhere(every: int = 1) -> Found:
    """Kill an import of each kind at each `every`-th boundary, and look whether all is as if nothing had been."""
    found, now = Found(), database_now()
    for kind in HEADERS:
        whole = _prepare(kind, 0, now)
        counter = Boundaries()
        with counter.watched():
            run_import(whole, now)
        expected = _state(kind, whole, now)
        say(f"{kind}: {counter.seen} boundaries")
        for point in range(1, counter.seen + 1, every):
            found.points += 1
            _try(kind, point, expected, found, now)
    advance_all(now)
    found.wrong += [f"{name}: {row}" for name, rows in broken_invariants().items() for row in rows]
    return found


def _try(kind: str, point: int, expected: tuple[object, ...], found: Found, now: datetime) -> None:
    import_id = _prepare(kind, point, now)
    if _dies(partial(run_import, import_id, now), point):
        found.died += 1
    else:
        found.wrong.append(f"{kind}: nobody died at {point}")
    execute("UPDATE intake_import SET leased_until = NULL WHERE id = %s", [import_id])
    run_import(import_id, now)
    state = _state(kind, import_id, now)
    if state != expected:
        found.wrong.append(f"{kind}, killed at {point}: {state} instead of {expected}")


def _dies(work: Callable[[], object], point: int) -> bool:
    """Whether a child that does the work ends at that boundary."""
    connection.close()
    child = os.fork()
    if child == 0:
        try:
            with Boundaries(deadly=point).watched():
                work()
        finally:
            os._exit(1)
    _pid, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


def _prepare(kind: str, point: int, now: datetime) -> Any:
    """A file that waits, from a source that has sent nothing yet; and the accounts that it is about."""
    source = Source.objects.create(slug=f"killed-{kind}-{point}", name=f"Killed {kind} {point}")
    if kind != "accounts":
        run_import(_upload("accounts", source, now).id, now)
    return _upload(kind, source, now).id


def _upload(kind: str, source: Source, now: datetime) -> Import:
    at = f"{now - timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}"
    lines = [HEADERS[kind], *(_line(kind, n, at) for n in range(ROWS)), _line(kind, ROWS, "never")]
    content = "\n".join([*lines, ""]).encode()
    return start_import(
        file=[content], filename=f"{kind}.csv", kind=kind, source=source, by=None, now=now, actor="faults"
    )  # fmt: skip


def _line(kind: str, number: int, at: str) -> str:
    day = at[:10]
    return {
        "accounts": f"A{number},Customer {number},mid,{day}",
        "orders": f"A{number},{day},{number + 1}.50",
        "tickets": f"{number},A{number},{at},Ticket {number}",
        "scores": f"A{number},churn_risk,{at},0.{number + 1},m,1",
    }[kind]


def _state(kind: str, import_id: Any, now: datetime) -> tuple[object, ...]:
    """What there is of an import: its own account of it, its rows that came back, the log, and what was written."""
    of = Import.objects.get(id=import_id)
    if kind == "scores":
        advance_all(now)
    back = tuple(RejectedRow.objects.filter(of=of).order_by("row").values_list("row", "code"))
    [logged] = fetch_all(LOGGED, [import_id])
    [(written,)] = fetch_all(WRITTEN[kind], [of.source_id])
    return of.status, of.rows_done, tuple(sorted(of.counts.items())), back, logged, written
