"""What ends unasked is started again; what cannot live is given up; a stop leaves nothing behind."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from cx_ops.launch import postgres, processes, services, valkey
from cx_ops.launch.errors import LaunchError
from cx_ops.launch.processes import Child, Plan
from cx_ops.launch.supervisor import Patience, Supervisor
from tests.functional.test_launch_services import is_alive, launched, wait_for_end

QUICK = Patience(deaths=4, seconds=600, first_wait=0.01)
LIVE = "import time; print('alive', flush=True); time.sleep(600)"
DIE = "print('no disk left'); raise SystemExit(3)"
FORK_AND_LIVE = "import os, time; other = os.fork(); print(other, flush=True) if other else None; time.sleep(600)"


@pytest.fixture
def children() -> Iterator[list[Child]]:
    made: list[Child] = []
    yield made
    processes.stop_all(made)


def plan(tmp_path: Path, script: str, name: str = "stub") -> Plan:
    return Plan(name, [sys.executable, "-c", script], os.environ, tmp_path, tmp_path / f"{name}.log", stop_seconds=0.5)


def look_until(supervisor: Supervisor, happened: str, log: Path, times: int) -> None:
    supervisor.wait_until(lambda: log.read_text().count(happened) >= times, what=happened, seconds=60)


def test_a_dead_child_is_replaced_in_its_list_and_its_neighbours_live_on(
    tmp_path: Path, children: list[Child], capsys: pytest.CaptureFixture[str]
) -> None:
    dead, other = (processes.start(plan(tmp_path, LIVE, name), children) for name in ("one", "two"))
    changes: list[list[int]] = []
    supervisor = Supervisor(children, patience=QUICK, changed=lambda: changes.append([c.pid for c in children]))
    look_until(supervisor, "alive", dead.plan.log, 1)
    dead.process.kill()
    look_until(supervisor, "alive", dead.plan.log, 2)  # the log of the first life is kept
    assert [child.plan.name for child in children] == ["one", "two"]
    assert supervisor.child("one").pid != dead.pid
    assert supervisor.child("one").is_alive()
    assert children[1] is other
    assert changes == [[child.pid for child in children]]
    assert supervisor.restarts == {"one": 1}
    assert "one ended with signal SIGKILL; starting it again in 0.01 s" in capsys.readouterr().err


def test_what_a_dead_child_started_ends_before_it_is_replaced(tmp_path: Path, children: list[Child]) -> None:
    child = processes.start(plan(tmp_path, FORK_AND_LIVE), children)
    supervisor = Supervisor(children, patience=QUICK)
    look_until(supervisor, "\n", child.plan.log, 1)
    orphan = int(child.plan.log.read_text())
    child.process.kill()
    look_until(supervisor, "\n", child.plan.log, 2)
    assert wait_for_end([orphan]) == []


def test_what_dies_again_and_again_is_given_up_with_the_end_of_its_log(tmp_path: Path, children: list[Child]) -> None:
    processes.start(plan(tmp_path, DIE), children)
    supervisor = Supervisor(children, patience=QUICK)
    with pytest.raises(LaunchError, match=r"(?s)exit code 3.*no disk left.*ended 4 times within 600 s.*stub\.log"):
        supervisor.watch()
    assert supervisor.restarts == {"stub": 3}


def test_deaths_far_apart_are_no_reason_to_give_up(tmp_path: Path, children: list[Child]) -> None:
    child = processes.start(plan(tmp_path, DIE), children)
    supervisor = Supervisor(children, patience=Patience(deaths=2, seconds=0, first_wait=0))
    look_until(supervisor, "no disk left", child.plan.log, 5)


def test_the_wait_grows_up_to_a_limit() -> None:
    patience = Patience(first_wait=0.5, longest_wait=8)
    assert [patience.wait_after(deaths) for deaths in (1, 2, 3, 4, 9)] == [0.5, 1, 2, 4, 8]


def test_a_broken_promise_of_readiness_is_told(tmp_path: Path, children: list[Child]) -> None:
    processes.start(plan(tmp_path, LIVE), children)
    with pytest.raises(LaunchError, match="the site was not ready"):
        Supervisor(children).wait_until(lambda: False, what="the site", seconds=0.1)


def test_killed_servers_come_back_with_their_data(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "REDIS_URL"):
        monkeypatch.delenv(name, raising=False)
    with services.temporary(durable=True) as ready:
        supervisor = Supervisor(ready.children, patience=QUICK)
        with psycopg.connect(ready.database_url, autocommit=True) as connection:
            connection.execute("CREATE TABLE kept ()")
        for child in [*ready.children]:
            child.process.kill()
            child.process.wait()

        def is_back() -> bool:
            try:
                with psycopg.connect(ready.database_url) as connection:
                    connection.execute("SELECT FROM kept")
            except psycopg.OperationalError:
                return False
            return valkey.answers(valkey.socket_path(ready.instance))

        supervisor.wait_until(is_back, what="both servers", seconds=60)
        assert supervisor.restarts.keys() == {"postgres", "valkey"}
        assert postgres.url(ready.instance) == ready.database_url


SUPERVISE = """
import os, sys
from pathlib import Path
from cx_ops.launch import processes, signals
from cx_ops.launch.processes import Plan
from cx_ops.launch.supervisor import Supervisor
signals.install()
root, children = Path(sys.argv[1]), []
try:
    processes.start(Plan("stub", [sys.executable, "-c", sys.argv[2]], os.environ, root, root / "stub.log"), children)
    print(children[0].pid, flush=True)
    Supervisor(children, changed=lambda: print(children[0].pid, flush=True)).watch()
finally:
    processes.stop_all(children)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_stop_takes_what_was_started_again_with_it(tmp_path: Path, number: signal.Signals) -> None:
    with launched(SUPERVISE, str(tmp_path), LIVE) as launcher:
        assert launcher.stdout is not None
        first = int(launcher.stdout.readline())
        os.kill(first, signal.SIGKILL)
        second = int(launcher.stdout.readline())
        assert is_alive(second)
        launcher.send_signal(number)
        launcher.communicate()
    assert wait_for_end([first, second]) == []
