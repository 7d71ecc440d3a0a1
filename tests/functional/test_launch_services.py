"""The embedded servers: they start, answer, survive unclean ends, and leave nothing behind."""

import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from cx_ops.launch import database, postgres, processes, services, valkey
from cx_ops.launch.errors import LaunchError
from cx_ops.launch.instance import ROOT, Instance
from cx_ops.launch.processes import Child, Plan

PATIENCE_SECONDS = 60

START_AND_WAIT = """
import sys, time
from pathlib import Path
from cx_ops.launch import services, signals
from cx_ops.launch.instance import Instance
signals.install()
with services.owned(Instance(Path(sys.argv[1])), durable=False) as ready:
    print(*[child.pid for child in ready.children], flush=True)
    time.sleep(600)
"""
RUN = """
import os, sys
from pathlib import Path
from cx_ops.launch import processes, signals
signals.install()
processes.run([sys.executable, "-c", *sys.argv[1:]], environ=os.environ, directory=Path.cwd())
"""


@pytest.fixture(autouse=True)
def own_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("REDIS_URL", raising=False)


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[Instance]:
    made = Instance(tmp_path / "instance")
    yield made
    made.forget_sockets()


def is_alive(pid: int) -> bool:
    try:
        state = (Path("/proc") / str(pid) / "stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"


def wait_for_end(pids: list[int]) -> list[int]:
    """The processes still there when patience is over: none, hopefully."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while any(map(is_alive, pids)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return [pid for pid in pids if is_alive(pid)]


def test_both_answer_and_then_are_gone() -> None:
    with services.temporary(durable=False) as ready:
        pids = [child.pid for child in ready.children]
        sockets = ready.instance.socket_dir()
        with psycopg.connect(ready.database_url) as connection:
            assert connection.execute("SHOW server_encoding").fetchone() == ("UTF8",)
        assert valkey.answers(valkey.socket_path(ready.instance))
        assert max(len(str(path)) for path in sockets.rglob("*")) < 108
    assert len(pids) == 2
    assert wait_for_end(pids) == []
    assert not sockets.exists()
    assert not ready.instance.root.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become somebody else")
def test_root_without_user_namespaces_lends_the_server_to_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "root_prefix", tuple)
    with services.temporary(durable=False) as ready:
        assert database.is_empty(ready.database_url)
        server = next(child for child in ready.children if child.plan.name == "postgres")
        assert (Path("/proc") / str(server.pid)).stat().st_uid == pwd.getpwnam("nobody").pw_uid


@contextmanager
def launched(script: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A launcher in a process of its own; at the end it is gone, even where the test is broken off."""
    words = [sys.executable, "-c", script, *arguments]
    environ = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(words, env=environ, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as launcher:
        try:
            yield launcher
        finally:
            launcher.kill()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_no_child_outlives_the_launcher(instance: Instance, number: signal.Signals) -> None:
    with launched(START_AND_WAIT, str(instance.root)) as launcher:
        assert launcher.stdout is not None
        pids = [int(word) for word in launcher.stdout.readline().split()]
        assert len(pids) == 2
        launcher.send_signal(number)
        launcher.communicate()
    assert wait_for_end(pids) == []


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_program_that_the_launcher_runs_ends_with_it_and_stops_its_own_children(
    instance: Instance, number: signal.Signals
) -> None:
    with launched(RUN, START_AND_WAIT, str(instance.root)) as launcher:
        assert launcher.stdout is not None
        pids = [int(word) for word in launcher.stdout.readline().split()]
        assert len(pids) == 2
        launcher.send_signal(number)
        launcher.communicate()
    assert wait_for_end(pids) == []
    assert instance.try_to_own() is not None


INTERRUPTED = """
import time, pytest

@pytest.fixture
def started():
    yield
    print("stopped in good order")

def test_waits(started):
    print("waiting", flush=True)
    time.sleep(600)
"""


def test_a_test_run_that_is_told_to_end_stops_what_its_fixtures_started(tmp_path: Path) -> None:
    (tmp_path / "test_waits.py").write_text(INTERRUPTED)
    (tmp_path / "conftest.py").write_text("from tests.conftest import pytest_configure")
    words = ["-p", "no:cacheprovider", "-s", f"--rootdir={tmp_path}", str(tmp_path)]
    with launched("import sys, pytest; sys.exit(pytest.main(sys.argv[1:]))", *words) as run:
        assert run.stdout is not None
        while "test_waits.py waiting" not in (line := run.stdout.readline()):
            assert line
        run.send_signal(signal.SIGTERM)
        printed, _ = run.communicate()
    assert "stopped in good order" in printed


def test_a_second_launcher_is_refused_and_the_first_is_named(instance: Instance) -> None:
    with services.owned(instance, durable=False) as ready:
        ready.announce()
        with pytest.raises(LaunchError, match=f"process {os.getpid()}"), services.owned(instance):
            pass


def test_another_command_borrows_what_runs(instance: Instance) -> None:
    with services.owned(instance, durable=False) as ready:
        ready.announce()
        with services.borrowed_or_owned(instance) as other:
            assert other.borrowed
            assert other.database_url == ready.database_url
            assert other.children == []
        assert database.is_empty(ready.database_url)


def test_data_and_a_stale_lock_survive_an_unclean_end(instance: Instance) -> None:
    with services.owned(instance) as ready:
        database.write_marker(ready.database_url, {"kind": "kept"})
        for child in ready.children:
            child.process.kill()
            child.process.wait()
    # The number in the lock now belongs to a living process that is no server: this one.
    lock = instance.root / "postgres" / "postmaster.pid"
    words = lock.read_text().splitlines()
    lock.write_text("\n".join([str(os.getpid()), *words[1:]]) + "\n")
    with services.owned(instance) as ready:
        assert database.read_marker(ready.database_url) == {"kind": "kept"}


def test_a_broken_off_initdb_is_no_cluster(instance: Instance) -> None:
    instance.prepare()
    broken = instance.root / "postgres.new"
    broken.mkdir()
    (broken / "PG_VERSION").write_text("18\n")
    with services.owned(instance, durable=False) as ready:
        assert database.is_empty(ready.database_url)
    assert not broken.exists()


def test_given_servers_are_used_and_not_started(monkeypatch: pytest.MonkeyPatch, instance: Instance) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://db.example.com/cx")
    monkeypatch.setenv("REDIS_URL", "redis://cache.example.com/0")
    with services.owned(instance) as ready:
        assert ready.children == []
        assert ready.environment()["DATABASE_URL"] == "postgresql://db.example.com/cx"
        assert not ready.embedded_database


def plan(tmp_path: Path, script: str) -> Plan:
    words = [sys.executable, "-c", script]
    return Plan("stub", words, os.environ, tmp_path, tmp_path / "stub.log", stop_seconds=0.5)


def test_a_child_that_ignores_the_stop_is_killed_with_its_own_children(tmp_path: Path) -> None:
    script = (
        "import os, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "other = os.fork(); print(other, flush=True) if other else None; time.sleep(600)"
    )
    children: list[Child] = []
    child = processes.start(plan(tmp_path, script), children)
    processes.wait_until(lambda: child.plan.log.read_text().endswith("\n"), children=children, what="stub", seconds=30)
    grandchild = int(child.plan.log.read_text())
    processes.stop_all(children)
    assert wait_for_end([child.pid, grandchild]) == []
    assert children == []


def test_a_dead_child_is_named_with_the_end_of_its_log(tmp_path: Path) -> None:
    children: list[Child] = []
    processes.start(plan(tmp_path, "print('no disk left'); raise SystemExit(3)"), children)
    with pytest.raises(LaunchError, match=r"(?s)stub ended with exit code 3.*no disk left"):
        processes.wait_until(lambda: False, children=children, what="stub", seconds=30)
