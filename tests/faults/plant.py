"""The whole product as processes of our own, on services of our own, each of which can be killed and started again."""

from __future__ import annotations

import os
import signal
import socket
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from cx_ops.launch import application, postgres, processes, services, valkey
from cx_ops.launch.processes import Child, Plan
from cx_ops.launch.services import Services

HOST = "127.0.0.1"
READY_SECONDS = 180


@dataclass
class Plant:
    """Web, worker and beat on PostgreSQL and Valkey. A killed process leaves nothing of its group behind."""

    services: Services
    environ: Mapping[str, str]
    port: int
    children: dict[str, list[Child]] = field(default_factory=dict)

    def plans(self) -> dict[str, Plan]:
        instance = self.services.instance
        return {
            "web": application.web(instance, self.environ, host=HOST, port=self.port),
            "worker": application.worker(instance, self.environ),
            "beat": application.beat(instance, self.environ),
        }

    def start(self) -> None:
        for name in self.plans():
            self.start_one(name)
        probe = application.Probe(HOST, self.port, self.environ)
        watched = [child for held in self.children.values() for child in held]
        processes.wait_until(probe.is_ready, children=watched, what="the product", seconds=READY_SECONDS)

    def start_one(self, name: str) -> None:
        self.children[name] = []
        processes.start(self.plans()[name], self.children[name])

    def kill(self, name: str) -> None:
        """`kill -9` of a process with all below it, and start it again."""
        child = self.children[name][0]
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.process.wait()
        self.start_one(name)

    def revive(self, name: str) -> str:
        """Start again what has ended without being killed; the end of its log, or "" where it lives."""
        child = self.children[name][0]
        if child.is_alive():
            return ""
        obituary = child.obituary()
        self.start_one(name)
        return obituary

    def kill_below(self, name: str, random: Random) -> bool:
        """`kill -9` of one process below; whether there was one. Its parent is expected to replace it."""
        return _kill_one(below(self.children[name][0].pid), random)

    def kill_backend(self, random: Random) -> bool:
        """`kill -9` of one of PostgreSQL's backends: it ends all the others and recovers from its log."""
        clients = [pid for pid in below(self._server("postgres").pid) if b"cx_ops" in _command(pid)]
        return _kill_one(clients, random)

    def stop_database(self) -> None:
        self._server("postgres").stop()

    def start_database(self) -> None:
        self._start_again("postgres", postgres.start)

    def kill_broker(self) -> None:
        child = self._server("valkey")
        child.process.kill()
        child.process.wait()

    def start_broker(self) -> None:
        self._start_again("valkey", valkey.start)

    def flush_broker(self) -> None:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(5)
            connection.connect(str(valkey.socket_path(self.services.instance)))
            connection.sendall(b"FLUSHALL\r\n")
            connection.recv(64)

    def stop(self) -> None:
        """Web, worker and beat, in good order; the services stay."""
        for held in self.children.values():
            processes.stop_all(held)

    def _server(self, name: str) -> Child:
        return next(child for child in self.services.children if child.plan.name == name)

    def _start_again(self, name: str, start: Callable[..., Child]) -> None:
        self.services.children.remove(self._server(name))
        start(self.services.instance, self.services.children, durable=True)


@contextmanager
def planted() -> Iterator[Plant]:
    """A plant that is migrated but not started, in a directory that is thrown away."""
    for name in ("DATABASE_URL", "REDIS_URL"):
        os.environ.pop(name, None)
    with services.temporary(durable=True) as ready:
        environ = application.demo_environment(ready) | {"CX_API_REQUESTS_PER_MINUTE": "1000000000"}
        application.migrate(ready, environ)
        plant = Plant(ready, environ, application.choose_port(HOST, 0))
        try:
            yield plant
        finally:
            plant.stop()


def below(root: int) -> list[int]:
    """All processes below `root`."""
    children: dict[int, list[int]] = defaultdict(list)
    for path in Path("/proc").iterdir():
        if path.name.isdigit():
            with suppress(OSError):
                parent = int((path / "stat").read_text().rpartition(")")[2].split()[1])
                children[parent].append(int(path.name))
    found, open_ends = list[int](), [root]
    while open_ends:
        open_ends += (more := children[open_ends.pop()])
        found += more
    return found


def _command(pid: int) -> bytes:
    with suppress(OSError):
        return (Path("/proc") / str(pid) / "cmdline").read_bytes()
    return b""


def _kill_one(pids: list[int], random: Random) -> bool:
    if not pids:
        return False
    with suppress(ProcessLookupError):
        os.kill(random.choice(sorted(pids)), signal.SIGKILL)
    return True
