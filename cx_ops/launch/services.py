"""PostgreSQL and Valkey for a command: given by the operator, borrowed from a launcher, or started."""

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from cx_ops.launch import postgres, processes, valkey
from cx_ops.launch.errors import LaunchError, say
from cx_ops.launch.instance import Instance, Running, temporary_instance
from cx_ops.launch.processes import Child


@dataclass
class Services:
    """Where the two servers answer, and those of them that this launcher started."""

    instance: Instance
    database_url: str
    redis_url: str
    children: list[Child] = field(default_factory=list)
    borrowed: bool = False
    embedded_database: bool = True

    def environment(self) -> dict[str, str]:
        """The caller's environment with the addresses of the services and the instance's directory."""
        return os.environ | {
            "DATABASE_URL": self.database_url,
            "REDIS_URL": self.redis_url,
            "CX_DATA_DIR": os.environ.get("CX_DATA_DIR") or str(self.instance.data),
            "DJANGO_SETTINGS_MODULE": "cx_ops.settings",
            "PYTHONUNBUFFERED": "1",
        }

    def announce(self, more: Sequence[Child] = ()) -> None:
        """Let other commands find these services."""
        pids = {child.plan.name: child.pid for child in (*self.children, *more)}
        self.instance.announce(Running(os.getpid(), self.database_url, self.redis_url, pids))


@contextmanager
def owned(instance: Instance, *, durable: bool = True, fresh: bool = False) -> Iterator[Services]:
    """Start what DATABASE_URL and REDIS_URL do not give, and stop it at the end.

    `fresh` throws away what the instance holds. Raises LaunchError when another launcher runs this instance.
    """
    instance.prepare()
    owner = instance.try_to_own()
    if owner is None:
        running = instance.read_running()
        who = f" (process {running.pid})" if running else ""
        raise LaunchError(f"{instance.root} is already in use{who}: stop that first, or give another --dir")
    if fresh:
        instance.wipe()
    with owner, _started(instance, durable=durable) as services:
        yield services


@contextmanager
def borrowed_or_owned(instance: Instance) -> Iterator[Services]:
    """The services of a running launcher while it runs; else our own for as long as this command takes."""
    instance.prepare()
    owner = instance.try_to_own()
    if owner is None:
        with instance.in_use():
            yield _borrow(instance)
        return
    with owner, _started(instance, durable=True) as services:
        services.announce()
        yield services
        instance.wait_for_borrowers()


@contextmanager
def temporary(*, durable: bool) -> Iterator[Services]:
    """Services with empty data that is thrown away at the end, unless the URLs are given."""
    with temporary_instance() as instance, owned(instance, durable=durable) as services:
        yield services


def _borrow(instance: Instance) -> Services:
    processes.wait_until(
        lambda: instance.read_running() is not None,
        children=[],
        what=f"The launcher that is starting in {instance.root}",
        seconds=120,
    )
    running = instance.read_running()
    if running is None:
        raise LaunchError(f"The launcher of {instance.root} is stopping; try again")
    return Services(instance, running.database_url, running.redis_url, borrowed=True)


@contextmanager
def _started(instance: Instance, *, durable: bool) -> Iterator[Services]:
    database_url, redis_url = os.environ.get("DATABASE_URL"), os.environ.get("REDIS_URL")
    services = Services(
        instance,
        database_url or postgres.url(instance),
        redis_url or valkey.url(instance),
        embedded_database=not database_url,
    )
    with ExitStack() as stack:
        stack.callback(instance.forget_sockets)
        stack.callback(processes.stop_all, services.children)
        stack.callback(instance.running.unlink, missing_ok=True)
        if not database_url or not redis_url:
            say("Starting the database and the broker ...")
        if not redis_url:
            valkey.start(instance, services.children, durable=durable)
        if not database_url:
            postgres.start(instance, services.children, durable=durable)
        yield services
