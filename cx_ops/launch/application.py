"""The product's own processes: web, worker, beat; and Django's commands."""

import hashlib
import json
import os
import signal
import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import ProxyHandler, Request, build_opener

from cx_ops.launch import database, processes
from cx_ops.launch.errors import LaunchError, say
from cx_ops.launch.instance import ROOT, Instance
from cx_ops.launch.processes import Child, Plan
from cx_ops.launch.services import Services
from cx_ops.launch.supervisor import USUAL, Patience, Supervisor

WEB_THREADS = 4
WORKERS = 2  # processes that do the jobs, unless CX_WORKER_CONCURRENCY says otherwise
READY_SECONDS = 180
LOOPBACK = "127.0.0.1"


def demo_environment(services: Services) -> dict[str, str]:
    """Plain HTTP on the own machine."""
    return services.environment() | {
        "CX_ENV": "demo",
        "CX_INSECURE_LOOPBACK": "1",
        "CX_CREDENTIALS_FILE": str(services.instance.credentials),
        "CX_SECRET_KEY": os.environ.get("CX_SECRET_KEY") or services.instance.secret_key(),
    }


def production_environment(services: Services) -> dict[str, str]:
    return services.environment() | {
        "CX_ENV": "production",
        "CX_SECRET_KEY": os.environ.get("CX_SECRET_KEY") or services.instance.secret_key(),
    }


def web(instance: Instance, environ: Mapping[str, str], *, host: str, port: int) -> Plan:
    workers = os.environ.get("CX_WEB_WORKERS", "2")
    argv = [sys.executable, "-P", "-m", "granian", "--interface", "wsgi", "--host", host, "--port", str(port)]
    argv += ["--workers", workers, "--blocking-threads", str(WEB_THREADS), "--no-ws", "--http", "1"]
    argv += ["--respawn-failed-workers", "--log-level", "warning", "cx_ops.wsgi:application"]
    pool = {"CX_DB_POOL": os.environ.get("CX_DB_POOL", str(WEB_THREADS * 2))}
    return Plan("web", argv, {**environ, **pool}, ROOT, instance.logs / "web.log")


def worker(instance: Instance, environ: Mapping[str, str]) -> Plan:
    """Stopped by SIGQUIT, Celery's soft shutdown: a job gets ten seconds, then goes back to the queue."""
    concurrency = os.environ.get("CX_WORKER_CONCURRENCY", str(WORKERS))
    argv = [sys.executable, "-P", "-m", "celery", "--app", "cx_ops", "worker", "--concurrency", concurrency]
    argv += ["--loglevel", "WARNING", "--without-gossip", "--without-mingle"]
    log = instance.logs / "worker.log"
    return Plan("worker", argv, environ, ROOT, log, signal.SIGQUIT, stop_seconds=12)


def beat(instance: Instance, environ: Mapping[str, str]) -> Plan:
    """In memory: its few periods start anew with it."""
    argv = [sys.executable, "-P", "-m", "celery", "--app", "cx_ops", "beat", "--loglevel", "WARNING"]
    argv += ["--scheduler", "celery.beat:Scheduler", "--pidfile", ""]
    return Plan("beat", argv, environ, ROOT, instance.logs / "beat.log")


@contextmanager
def running(
    services: Services, environ: Mapping[str, str], *, host: str, port: int, patience: Patience = USUAL
) -> Iterator[Supervisor]:
    """Web, worker and beat: ready when the body begins, stopped at its end.

    The body calls the supervisor, which looks after the services too. Raises LaunchError.
    """
    instance, children = services.instance, list[Child]()
    supervisor = Supervisor(services.children, children, patience=patience, changed=lambda: services.announce(children))
    try:
        for plan in (web(instance, environ, host=host, port=port), worker(instance, environ), beat(instance, environ)):
            processes.start(plan, children)
        services.announce(children)
        probe = Probe(host, port, environ)
        what = f"{probe.url} (logs are in {instance.logs})"
        supervisor.wait_until(probe.is_ready, what=what, seconds=READY_SECONDS)
        yield supervisor
    finally:
        say("Stopping ...")
        processes.stop_all(children)


def migrate(services: Services, environ: Mapping[str, str]) -> None:
    """Bring the schema up to date; at once where the database's marker says that it is."""
    marker = database.read_marker(services.database_url) or {}
    schema = _schema_fingerprint()
    if marker.get("schema") == schema:
        return
    say("Bringing the database's schema up to date ...")
    run_manage("migrate", "--noinput", environ=environ)
    database.write_marker(services.database_url, {**marker, "schema": schema})


def _schema_fingerprint() -> str:
    """Changes with any migration, ours or a package's."""
    digest = hashlib.sha256((ROOT / "requirements" / "run.lock").read_bytes())
    for path in sorted(ROOT.glob("*/migrations/*.py")):
        digest.update(str(path.relative_to(ROOT)).encode() + path.read_bytes())
    return digest.hexdigest()


def manage(*words: str) -> list[str]:
    """The command line of a Django command."""
    return [sys.executable, "-P", str(ROOT / "manage.py"), *words]


def run_manage(*words: str, environ: Mapping[str, str]) -> str:
    """Run a Django command; its output. Raises LaunchError with the output when it fails."""
    return processes.run_quietly(manage(*words), environ=environ, directory=ROOT, doing=f"manage {words[0]}")


def collect_static(instance: Instance, environ: Mapping[str, str]) -> None:
    """Collect the static files, again only when one of them has changed."""
    stamp = instance.root / "static.json"
    newest = max((file.stat().st_mtime_ns for file in _static_sources()), default=0)
    if stamp.exists() and json.loads(stamp.read_text()) == newest:
        return
    say("Collecting the static files ...")
    run_manage("collectstatic", "--noinput", "--clear", environ=environ)
    stamp.write_text(json.dumps(newest))


def _static_sources() -> list[Path]:
    """Our own files, and the lock for those of the packages."""
    files = [file for file in (ROOT / "static").rglob("*") if file.is_file()]
    return [*files, ROOT / "requirements" / "run.lock"]


class Probe:
    """Asks /readyz as a proxy in front would."""

    def __init__(self, host: str, port: int, environ: Mapping[str, str]) -> None:
        address = LOOPBACK if host in {"0.0.0.0", "::"} else host  # noqa: S104
        self.url = f"http://{address}:{port}/readyz"
        names = environ.get("CX_ALLOWED_HOSTS", "").split(",")
        name = names[0].strip().lstrip(".")
        self.host_header = name if name not in {"", "*"} else "localhost"

    def is_ready(self) -> bool:
        request = Request(self.url, headers={"Host": self.host_header})  # noqa: S310
        try:
            with build_opener(ProxyHandler({})).open(request, timeout=5) as answer:
                return bool(answer.status == 200)
        except (HTTPError, URLError, OSError):
            return False


def choose_port(host: str, port: int) -> int:
    """The port itself, or a free one for 0. Raises LaunchError when it is taken."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise LaunchError(
                f"Port {port} on {host} cannot be used ({error.strerror}). "
                "Give another one with --port, or --port 0 for any free one"
            ) from error
        return int(probe.getsockname()[1])
