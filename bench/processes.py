"""The product's own processes, and those of the peers, for as long as something is measured."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from celery import current_app
from django.db import connection

from bench.traffic import Client, Unexpected
from core.bulk import fetch_all
from core.doorbell import ADVANCE
from cx_ops.launch import application, database, processes
from cx_ops.launch.instance import Instance
from cx_ops.launch.processes import Child, Plan

HOST = "127.0.0.1"
QUEUE = "celery"
READY_SECONDS = 180
QUIET_SECONDS = 900
POLL_SECONDS = 0.05


@dataclass(frozen=True)
class Stage:
    """Where processes keep their logs, and the environment they get."""

    instance: Instance
    environ: Mapping[str, str]

    @contextmanager
    def with_copied_database(self) -> Iterator[Stage]:
        """The same with a copy of the database as it is now, so that two sizes of it can be measured in turns."""
        url = self.environ["DATABASE_URL"]
        name = f"{database.name_in(url)}_copy"
        connection.close()
        with database.connect(database.with_name(url, "postgres")) as server:
            database.create(server, name, like=database.name_in(url))
            try:
                yield replace(self, environ={**self.environ, "DATABASE_URL": database.with_name(url, name)})
            finally:
                database.drop(server, name)

    def with_own_broker(self) -> Stage:
        """The same with a broker that no worker listens to: what lands then waits."""
        url = self.environ["REDIS_URL"].replace("db=0", "db=1")
        return replace(self, environ={**self.environ, "REDIS_URL": url})


@dataclass(frozen=True)
class Server:
    """A web server that answers at `port`."""

    port: int
    pid: int


@contextmanager
def serving(
    stage: Stage, *, workers: int = 1, app: str = "", settings: str = "", name: str = "web"
) -> Iterator[Server]:
    """The product under granian, or another WSGI application `app`."""
    os.environ["CX_WEB_WORKERS"] = str(workers)
    port = application.choose_port(HOST, 0)
    plan = application.web(stage.instance, stage.environ, host=HOST, port=port)
    environ = {**plan.environ, **({"DJANGO_SETTINGS_MODULE": settings} if settings else {})}
    argv = [*plan.argv[:-1], app or plan.argv[-1]]
    plan = replace(plan, name=name, argv=argv, environ=environ, log=plan.log.with_name(f"{name}.log"))
    with running(plan) as child:
        processes.wait_until(lambda: _answers(port), children=[child], what=name, seconds=READY_SECONDS)
        yield Server(port, child.pid)


@contextmanager
def working(stage: Stage, *, concurrency: int, include: str = "", queue: str = "") -> Iterator[Child]:
    """A Celery worker, ready and warm."""
    os.environ["CX_WORKER_CONCURRENCY"] = str(concurrency)
    plan = application.worker(stage.instance, stage.environ)
    more = [*(["--include", include] if include else []), *(["--queues", queue] if queue else [])]
    with running(replace(plan, argv=[*plan.argv, *more])) as child:
        _wait_for_worker(child, concurrency)
        yield child


@contextmanager
def beating(stage: Stage) -> Iterator[Child]:
    with running(application.beat(stage.instance, stage.environ)) as child:
        yield child


@contextmanager
def running(plan: Plan) -> Iterator[Child]:
    """One process; what is below it ends with it."""
    children: list[Child] = []
    try:
        yield processes.start(plan, children)
    finally:
        processes.stop_all(children)


def _wait_for_worker(child: Child, concurrency: int) -> None:
    """Until it answers, and every process of its pool has done a job."""
    inspect = current_app.control.inspect(timeout=0.5)
    processes.wait_until(lambda: bool(inspect.ping()), children=[child], what="the worker", seconds=READY_SECONDS)
    ring(concurrency * 4)
    processes.wait_until(_is_idle, children=[child], what="the worker", seconds=READY_SECONDS)


def _is_idle() -> bool:
    """Whether no job waits and none is being done: what lands from now on stays until somebody rings."""
    with current_app.connection_for_read() as connection:
        channel: Any = connection.default_channel  # that of Redis, which has a client
        waiting = channel.client.llen(QUEUE)
    active = current_app.control.inspect(timeout=1).active() or {}
    return not waiting and bool(active) and not any(active.values())


def ring(times: int) -> None:
    """Wake that many workers."""
    for _ in range(times):
        current_app.send_task(ADVANCE, ignore_result=True)


def _answers(port: int) -> bool:
    client = Client(port, timeout=2)
    try:
        client.get("/healthz")
    except OSError:
        return False
    else:
        return True
    finally:
        client.close()


def wait_until_quiet(every: float = POLL_SECONDS) -> None:
    """Until no stage has anything left, asked `every` so many seconds. Raises `Unexpected`."""
    ends = time.monotonic() + QUIET_SECONDS
    while time.monotonic() < ends:
        [(waiting,)] = fetch_all("SELECT EXISTS (SELECT FROM core_batch)")
        if not waiting:
            return
        time.sleep(every)
    raise Unexpected(f"the pipeline still has work after {QUIET_SECONDS} s")
