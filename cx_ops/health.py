"""Whether the installation is alive and ready, and what waits in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from celery import current_app
from django.db import DatabaseError, InterfaceError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from kombu.exceptions import OperationalError as BrokerError

from core.bulk import fetch_all

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"

# (name, what it means, query of (label, value) rows; the label's name or "" where there is none)
METRICS: tuple[tuple[str, str, str, str], ...] = (
    (
        "cx_ops_waiting_rows", "Rows that wait for a stage.", "stage",
        "SELECT stage, sum(size) FROM core_batch GROUP BY stage ORDER BY stage",
    ),
    (
        "cx_ops_waiting_oldest_seconds", "Age of the oldest batch that waits for a stage.", "stage",
        "SELECT stage, extract(epoch FROM clock_timestamp() - min(created_at)) FROM core_batch GROUP BY stage",
    ),
    (
        "cx_ops_dead_letters", "Records that a stage gave up on and nobody replayed.", "stage",
        "SELECT stage, count(*) FROM core_deadletter WHERE replayed_at IS NULL GROUP BY stage ORDER BY stage",
    ),
    (
        "cx_ops_parked_records", "Records that wait for their account.", "",
        "SELECT '', count(*) FROM accounts_parked",
    ),
    (
        "cx_ops_imports", "Files on their way in.", "status",
        "SELECT status, count(*) FROM intake_import WHERE status IN ('waiting', 'running') GROUP BY status",
    ),
    (
        "cx_ops_rows", "Rows in a table, as PostgreSQL estimates.", "table",
        """SELECT relname, greatest(0, reltuples) FROM pg_class WHERE relkind = 'r'
           AND relname IN ('accounts_account', 'insights_insight', 'decisions_decision', 'playbooks_task')""",
    ),
)  # fmt: skip


@require_safe
@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers; nothing else is asked."""
    return JsonResponse({"status": "alive"})


@require_safe
@never_cache
def readyz(request: HttpRequest) -> HttpResponse:
    """200 when all parts work, else 503 with the word for each part that does not."""
    parts = {name: check() for name, check in CHECKS.items()}
    ready = not any(parts.values())
    body: dict[str, Any] = {"ready": ready, "parts": {name: word or "ok" for name, word in parts.items()}}
    return JsonResponse(body, status=200 if ready else 503, headers={} if ready else {"Retry-After": "5"})


def _database() -> str:
    try:
        fetch_all("SELECT 1")
    except (DatabaseError, InterfaceError):
        connection.close()
        return "unreachable"
    return ""


def _migrations() -> str:
    try:
        executor = MigrationExecutor(connection)
        waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except (DatabaseError, InterfaceError):
        connection.close()
        return "unknown: the database is unreachable"
    return f"{len(waiting)} not applied" if waiting else ""


def _broker() -> str:
    try:
        with current_app.connection_for_write() as broker:
            broker.ensure_connection(max_retries=1, timeout=1)
    except (BrokerError, OSError):
        return "unreachable"
    return ""


CHECKS: dict[str, Callable[[], str]] = {"database": _database, "migrations": _migrations, "broker": _broker}


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus text: what waits, what died, what is there."""
    lines: list[str] = []
    for name, meaning, label, query in METRICS:
        lines += [f"# HELP {name} {meaning}", f"# TYPE {name} gauge"]
        for value, number in fetch_all(query):
            lines.append(f'{name}{{{label}="{value}"}} {float(number):g}' if label else f"{name} {float(number):g}")
    return HttpResponse("\n".join(lines) + "\n", content_type=METRICS_TYPE)
