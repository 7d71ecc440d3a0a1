"""The whole product as processes of our own, on services of our own, each of which can be killed."""

from __future__ import annotations

import os
import signal
import socket
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random

from cx_ops.launch import application, postgres, schema, services, valkey
from cx_ops.launch.processes import Child
from cx_ops.launch.services import Services
from cx_ops.launch.supervisor import Patience, Supervisor

HOST = "127.0.0.1"


# It is the harness that kills: here many deaths are no reason to give up.
PATIENCE = Patience(deaths=1_000_000, seconds=5)


@dataclass
class Plant:
    """Web, worker and beat on PostgreSQL and Valkey, under the product's own supervisor."""

    services: Services
    port: int
    supervisor: Supervisor

    def kill(self, name: str) -> bool:
        """`kill -9` of a process alone; whether it was up. The supervisor replaces it, and ends what it leaves."""
        child = self.supervisor.child(name)
        if not child.is_alive() or not (name == "beat" or below(child.pid)):
            return False
        child.process.kill()
        child.process.wait()
        return True

    def kill_below(self, name: str, random: Random) -> bool:
        """`kill -9` of one process below; whether there was one. Its parent is expected to replace it."""
        return _kill_one(below(self.supervisor.child(name).pid), random)

    def kill_backend(self, random: Random) -> bool:
        """`kill -9` of one of PostgreSQL's backends: it ends all the others and recovers from its log."""
        clients = [pid for pid in below(self.supervisor.child("postgres").pid) if b"cx_ops" in _command(pid)]
        return _kill_one(clients, random)

    def stop_database(self) -> None:
        self._take_out("postgres").stop()

    def start_database(self) -> None:
        postgres.start(self.services.instance, self.services.children)

    def kill_broker(self) -> None:
        child = self._take_out("valkey")
        child.process.kill()
        child.process.wait()

    def start_broker(self) -> None:
        valkey.start(self.services.instance, self.services.children)

    def flush_broker(self) -> None:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(5)
            connection.connect(str(valkey.socket_path(self.services.instance)))
            connection.sendall(b"FLUSHALL\r\n")
            connection.recv(64)

    def _take_out(self, name: str) -> Child:
        """Out of the supervisor's sight: what is stopped for a while."""
        child = self.supervisor.child(name)
        self.services.children.remove(child)
        return child


@contextmanager
def migrated() -> Iterator[tuple[Services, dict[str, str]]]:
    """Services with an empty product in a directory that is thrown away, and the product's environment."""
    for name in ("DATABASE_URL", "REDIS_URL"):
        os.environ.pop(name, None)
    with services.temporary(durable=True) as ready:
        environ = application.demo_environment(ready) | {"CX_API_REQUESTS_PER_MINUTE": "1000000000"}
        schema.make(ready, environ)
        yield ready, environ


@contextmanager
def planted(ready: Services, environ: Mapping[str, str]) -> Iterator[Plant]:
    """The product at work, for as long as the body takes; the services stay."""
    port = application.choose_port(HOST, 0)
    with application.running(ready, environ, host=HOST, port=port, patience=PATIENCE) as supervisor:
        yield Plant(ready, port, supervisor)


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
