"""Five client libraries, unmodified but for the host, from processes of their own: every event arrives once.

They are installed once, from locks (`clients/requirements.lock`: `uv pip compile requirements.in --universal
--python-version 3.11 --generate-hashes`, `clients/package-lock.json`: `npm install --package-lock-only`), into `.cx`.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import time
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest

from cx_ops.launch import application, processes, services, valkey
from cx_ops.launch.instance import ROOT
from cx_ops.launch.processes import Child
from cx_ops.launch.services import Services

HOST = "127.0.0.1"
HERE = Path(__file__).parent / "clients"
EVENTS = 120
PAUSE_SECONDS = 0.03
PATIENCE_SECONDS = 100
PYTHON = ("segment_python", "rudder_python", "posthog_python")
NODE = ("segment_node", "rudder_node")
# What each sends beside its tracks: identify, group, alias, and where the library has them page and screen.
BESIDE = {name: 3 if name == "posthog_python" else 5 for name in (*PYTHON, *NODE)}
MAKE_TOKEN = """
import sys
from core.bulk import database_now
from intake.enums import Scope
from intake.models import Source
from intake.services import create_token
crm = Source.objects.create(slug="crm", name="CRM")
for name in sys.stdin.read().split():
    source = Source.objects.create(slug=name, name=name, account_namespace=crm)
    print(name, create_token(source=source, name=name, scopes=[Scope.EVENTS_WRITE], now=database_now())[1])
"""

LINK = "from accounts.services import link_events; from core.bulk import database_now; link_events(database_now())"


def installed(name: str, lock: Path, install: list[str]) -> Path:
    """A directory with what `lock` names; made again only when that changes."""
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()[:16]
    place = ROOT / ".cx" / "clients" / f"{name}-{digest}"
    if not (place / "whole").exists():
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        for file in HERE.iterdir():
            shutil.copy(file, place)
        if name == "python":
            venv.create(place, with_pip=True, symlinks=True)
        subprocess.run(install, cwd=place, check=True, capture_output=True, timeout=300)
        (place / "whole").touch()
    return place


@pytest.fixture(scope="module")
def commands() -> dict[str, list[str]]:
    """How each client is started. Raises where one cannot be installed."""
    pip = ["bin/python", "-m", "pip", "install", "--quiet", "--require-hashes", "--no-deps", "-r", "requirements.lock"]
    python = installed("python", HERE / "requirements.lock", pip)
    found = {name: [str(python / "bin/python"), str(HERE / f"{name}.py")] for name in PYTHON}
    if shutil.which("npm"):
        npm = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        node = installed("node", HERE / "package-lock.json", npm)
        for name in NODE:
            shutil.copy(HERE / f"{name}.mjs", node)
            found[name] = ["node", str(node / f"{name}.mjs")]
    return found


@dataclass
class Site:
    """The web server on services of its own; nothing else is needed to take events."""

    services: Services
    environ: dict[str, str]
    port: int
    tokens: dict[str, str] = field(default_factory=dict)
    children: list[Child] = field(default_factory=list)

    def start_web(self) -> None:
        processes.start(application.web(self.services.instance, self.environ, host=HOST, port=self.port), self.children)
        probe = application.Probe(HOST, self.port, self.environ)
        processes.wait_until(probe.is_ready, children=self.children, what="the web server", seconds=120)

    def kill_web(self) -> None:
        """At once, with all that it was doing."""
        (child,) = self.children
        self.children.clear()
        child.process.kill()
        child.process.wait()
        child.finish()

    def kill_broker(self) -> None:
        child = next(child for child in self.services.children if child.plan.name == "valkey")
        self.services.children.remove(child)
        child.process.kill()
        child.process.wait()

    def start_broker(self) -> None:
        valkey.start(self.services.instance, self.services.children)

    def link(self) -> None:
        """What the tick does with those that came a moment before their account."""
        application.run_manage("shell", "--no-imports", "-c", LINK, environ=self.environ)

    def rows(self, sql: str, *params: object) -> list[tuple[object, ...]]:
        with psycopg.connect(self.services.database_url, autocommit=True) as connection:
            found = connection.execute(sql, params)  # type: ignore[arg-type]
            return found.fetchall() if found.description else []


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with pytest.MonkeyPatch.context() as patch:
        for name in ("DATABASE_URL", "REDIS_URL"):
            patch.delenv(name, raising=False)
        with services.temporary(durable=False) as ready:
            environ = application.demo_environment(ready) | {"CX_API_REQUESTS_PER_MINUTE": "1000000"}
            application.migrate(ready, environ)
            made = Site(ready, environ, application.choose_port(HOST, 0))
            shell = [*application.manage("shell", "--no-imports", "-c", MAKE_TOKEN)]
            told = subprocess.run(
                shell, input=" ".join(BESIDE), env=environ, cwd=ROOT, capture_output=True, text=True, check=True
            )
            made.tokens = dict(line.split() for line in told.stdout.splitlines())
            try:
                made.start_web()
                yield made
            finally:
                processes.stop_all(made.children)


@contextmanager
def sending(site: Site, commands: dict[str, list[str]], run: str) -> Iterator[None]:
    """All clients at work for as long as the body takes, and until they have sent everything."""
    started = {
        name: subprocess.Popen(
            [*command, f"http://{HOST}:{site.port}", site.tokens[name], run, str(EVENTS), str(PAUSE_SECONDS)],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )
        for name, command in commands.items()
    }  # fmt: skip
    try:
        time.sleep(1)  # until they are under way
        yield
        for name, client in started.items():
            said = client.communicate(timeout=PATIENCE_SECONDS)[0]
            assert client.returncode == 0, f"{name}: {said}"
    finally:
        for client in started.values():
            client.kill()
            client.wait()


def arrived(site: Site, run: str) -> dict[str, list[int]]:
    """The numbers of the tracks that have come from each client in a run, in order."""
    found = site.rows(
        "SELECT s.slug, coalesce(e.payload #>> '{properties,number}', e.payload #>> '{number}')::int"
        " FROM accounts_event e JOIN intake_source s ON s.id = e.source_id"
        " WHERE e.kind = 'track' AND e.payload #>> '{properties,run}' = %s ORDER BY 1, 2",
        run,
    )
    numbers: dict[str, list[int]] = {}
    for name, number in found:
        numbers.setdefault(str(name), []).append(int(str(number)))
    return numbers


def assert_each_came_once(site: Site, commands: dict[str, list[str]], run: str) -> None:
    numbers = arrived(site, run)
    for name in commands:
        assert numbers.get(name) == list(range(EVENTS)), name
    assert site.rows("SELECT code, message, payload FROM intake_quarantined") == []
    site.link()
    assert site.rows("SELECT count(*) FROM accounts_event WHERE account_id IS NULL AND kind = 'track'") == [(0,)]


def test_each_comes_once(site: Site, commands: dict[str, list[str]]) -> None:
    with sending(site, commands, "plain"):
        pass
    assert_each_came_once(site, commands, "plain")
    sent = dict(
        site.rows("SELECT s.slug, count(*) FROM accounts_event e JOIN intake_source s ON s.id = e.source_id GROUP BY 1")
    )
    assert sent == {name: EVENTS + BESIDE[name] for name in commands}
    contacts = site.rows("SELECT c.name FROM accounts_contact c JOIN accounts_account a ON a.id = c.account_id")
    assert len(contacts) == len(commands)
    assert site.rows("SELECT name FROM accounts_account") == [("Acme",)]


def test_each_comes_once_though_the_web_server_dies(site: Site, commands: dict[str, list[str]]) -> None:
    with sending(site, commands, "web"):
        site.kill_web()
        time.sleep(1)
        site.start_web()
    assert_each_came_once(site, commands, "web")


def test_each_comes_once_though_the_broker_dies(site: Site, commands: dict[str, list[str]]) -> None:
    with sending(site, commands, "broker"):
        site.kill_broker()
        time.sleep(1)
        site.start_broker()
    assert_each_came_once(site, commands, "broker")


def test_each_comes_once_through_a_storm_of_503(site: Site, commands: dict[str, list[str]]) -> None:
    with sending(site, commands, "storm"):
        site.rows(
            "INSERT INTO core_batch (id, stage, size, attempts, last_error, created_at)"
            " VALUES (gen_random_uuid(), 'nobody', 1, 0, '', now() - interval '1 day')"
        )
        time.sleep(4)
        site.rows("DELETE FROM core_batch")
    assert_each_came_once(site, commands, "storm")


def test_no_client_is_missing(commands: dict[str, list[str]]) -> None:
    if not shutil.which("npm"):
        pytest.skip("npm is not on the PATH, so the two Node clients were not tried. Install Node.js 20 or newer.")
    assert set(commands) == set(BESIDE)
    assert sys.version_info >= (3, 11)
