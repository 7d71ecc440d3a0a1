"""What the commands do with their services, with Django's part played by stubs."""

import argparse
import json
import socket
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import psycopg
import pytest

from cx_ops.launch import __main__ as launcher
from cx_ops.launch import application, archive, database, services
from cx_ops.launch.commands import backup, check, demo, manage, options, restore, test
from cx_ops.launch.errors import LaunchError
from cx_ops.launch.instance import Instance
from cx_ops.launch.services import Services

CREDENTIALS = {
    "users": [{"username": "ana", "password": "made-up", "role": "csm"}],
    "api_token": "cxo_ab_cd",
}


@pytest.fixture(scope="module")
def running() -> Iterator[Services]:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("DATABASE_URL", raising=False)
        patch.delenv("REDIS_URL", raising=False)
        patch.delenv("CX_DATA_DIR", raising=False)
        with services.temporary(durable=False) as ready:
            yield ready


@pytest.fixture
def ready(running: Services, monkeypatch: pytest.MonkeyPatch) -> Services:
    """Running services with an empty database and no uploads."""
    monkeypatch.delenv("CX_DATA_DIR", raising=False)
    database.recreate(running.database_url)
    running.instance.credentials.unlink(missing_ok=True)
    return running


class Django:
    """Stands in for manage.py: remembers what was run, makes a table, and fails where it is told to."""

    def __init__(self, ready: Services) -> None:
        self.ready = ready
        self.ran: list[str] = []
        self.fails_at = ""

    def run(self, *words: str, environ: Mapping[str, str]) -> str:
        self.ran.append(words[0])
        with psycopg.connect(environ["DATABASE_URL"], autocommit=True) as connection:
            connection.execute(f"CREATE TABLE IF NOT EXISTS {words[0]} ()")  # type: ignore[arg-type]
        if words[0] == self.fails_at:
            raise LaunchError(f"{words[0]} failed")
        if words[0] == "load_demo":
            self.ready.instance.credentials.write_text(json.dumps(CREDENTIALS))
        return ""


@pytest.fixture
def django(ready: Services, monkeypatch: pytest.MonkeyPatch) -> Django:
    stub = Django(ready)
    monkeypatch.setattr(application, "run_manage", stub.run)
    monkeypatch.setattr(application, "collect_static", lambda *_: None)
    return stub


def load(
    ready: Services, *, data: Path | None = None, whole: bool = False, fresh: bool = False, empty: bool = False
) -> None:
    chosen = argparse.Namespace(data=data, whole=whole, fresh=fresh, empty=empty)
    demo._load(ready, ready.environment(), chosen)


def tables(ready: Services) -> set[str]:
    with psycopg.connect(ready.database_url) as connection:
        rows = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
    return {str(name) for (name,) in rows}


def test_a_loaded_demo_is_kept(ready: Services, django: Django) -> None:
    load(ready)
    load(ready)
    assert django.ran == ["migrate", "load_demo"]


def test_a_demo_that_broke_off_is_begun_anew(ready: Services, django: Django) -> None:
    django.fails_at = "load_demo"
    with pytest.raises(LaunchError):
        load(ready)
    with psycopg.connect(ready.database_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE half_loaded ()")
    django.fails_at = ""
    load(ready)
    assert django.ran == ["migrate", "load_demo"] * 2
    assert tables(ready) == {"migrate", "load_demo"}


def test_other_data_is_not_mixed_in(ready: Services, django: Django, tmp_path: Path) -> None:
    load(ready, whole=True)
    load(ready)
    for other in ({"data": tmp_path}, {"empty": True}):
        with pytest.raises(LaunchError, match="--fresh"):
            load(ready, **other)


def test_a_given_database_is_never_emptied_unasked(ready: Services, django: Django) -> None:
    with psycopg.connect(ready.database_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE somebodys ()")
    given = Services(ready.instance, ready.database_url, ready.redis_url, embedded_database=False)
    with pytest.raises(LaunchError, match="--fresh"):
        load(given)
    assert tables(ready) == {"somebodys"}
    load(given, fresh=True)
    assert "somebodys" not in tables(ready)


def test_json_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    instance = Instance(tmp_path)
    instance.credentials.write_text(json.dumps(CREDENTIALS))
    demo._tell("http://127.0.0.1:8000", instance, as_json=True)
    printed = capsys.readouterr().out
    assert printed.count("\n") == 1
    assert json.loads(printed) == {"url": "http://127.0.0.1:8000", **CREDENTIALS}


def test_the_log_ins_are_shown_to_people(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    instance = Instance(tmp_path)
    instance.credentials.write_text(json.dumps(CREDENTIALS))
    demo._tell("http://127.0.0.1:8000", instance, as_json=False)
    printed = capsys.readouterr().out
    for word in ("http://127.0.0.1:8000", "ana", "made-up", "cxo_ab_cd"):
        assert word in printed


def test_a_taken_port_is_explained() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(LaunchError, match=f"{port}.*--port 0"):
            application.choose_port("127.0.0.1", port)
    assert application.choose_port("127.0.0.1", 0) > 0


def fill(ready: Services, word: str) -> None:
    with psycopg.connect(ready.database_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE word (word text)")
        connection.execute("INSERT INTO word VALUES (%s)", [word])
    upload = ready.instance.data / "uploads" / "deep" / "word.txt"
    upload.parent.mkdir(parents=True, exist_ok=True)
    upload.write_text(word)


def holds(ready: Services) -> tuple[str, str]:
    with psycopg.connect(ready.database_url) as connection:
        row = connection.execute("SELECT word FROM word").fetchone()
    assert row is not None
    return row[0], (ready.instance.data / "uploads" / "deep" / "word.txt").read_text()


def test_a_backup_comes_back(ready: Services, tmp_path: Path) -> None:
    fill(ready, "first")
    database.write_marker(ready.database_url, {"kind": "demo", "schema": "1"})
    backup.write(ready, tmp_path / "backup.cx")
    database.recreate(ready.database_url)
    fill(ready, "second")
    restore.read(ready, tmp_path / "backup.cx")
    assert holds(ready) == ("first", "first")
    assert database.read_marker(ready.database_url) == {"kind": "demo", "schema": "1"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["backup.cx"]


@pytest.mark.parametrize("member", [archive.MANIFEST, archive.DUMP, "uploads/deep/word.txt"])
def test_a_damaged_backup_leaves_everything_as_it_was(ready: Services, tmp_path: Path, member: str) -> None:
    fill(ready, "first")
    target = tmp_path / "backup.cx"
    backup.write(ready, target)
    with tarfile.open(target) as tar:
        place = tar.getmember(member).offset_data + 3
    content = bytearray(target.read_bytes())
    content[place] ^= 0x55
    target.write_bytes(content)
    with pytest.raises(LaunchError):
        restore.read(ready, target)
    assert holds(ready) == ("first", "first")


def test_a_cut_off_backup_is_refused(ready: Services, tmp_path: Path) -> None:
    fill(ready, "first")
    target = tmp_path / "backup.cx"
    backup.write(ready, target)
    target.write_bytes(target.read_bytes()[:6000])
    with pytest.raises(LaunchError):
        restore.read(ready, target)
    assert holds(ready) == ("first", "first")


def test_a_failing_restore_leaves_everything_as_it_was(
    ready: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(ready, "first")
    backup.write(ready, tmp_path / "backup.cx")
    database.recreate(ready.database_url)
    fill(ready, "second")

    def fail(*_: object, **__: object) -> None:
        raise LaunchError("the server went away")

    monkeypatch.setattr(database, "swap", fail)
    with pytest.raises(LaunchError, match="went away"):
        restore.read(ready, tmp_path / "backup.cx")
    assert holds(ready) == ("second", "second")


def test_manage_splits_its_own_option_from_djangos(tmp_path: Path) -> None:
    assert manage._split(["--dir", str(tmp_path), "shell", "--dir", "x"]) == (
        tmp_path.resolve(),
        ["shell", "--dir", "x"],
    )
    assert manage._split([f"--dir={tmp_path}", "check"]) == (tmp_path.resolve(), ["check"])
    assert manage._split(["check", "--deploy"]) == (options.DEMO_DIRECTORY.resolve(), ["check", "--deploy"])


def test_tests_are_counted_from_pytests_report(tmp_path: Path) -> None:
    report = tmp_path / "junit.xml"
    report.write_text('<testsuites><testsuite tests="9" failures="2" errors="1" skipped="4"/></testsuites>')
    assert str(test.read_counts(report)) == "2 passed, 3 failed, 4 skipped"
    assert test.read_counts(tmp_path / "absent.xml") == test.Counts()


@pytest.mark.parametrize(("counts", "code"), [(test.Counts(0, 0, 3), test.NOTHING_RAN), (test.Counts(1), 0)])
def test_a_run_without_tests_is_no_success(monkeypatch: pytest.MonkeyPatch, counts: test.Counts, code: int) -> None:
    monkeypatch.setattr(test, "_test", lambda _: (0, counts))
    assert test.run(["tests/unit"]) == code


def test_every_check_runs_and_one_failure_is_enough(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(check, "CHECKS", {"first": lambda: "it is wrong", "second": lambda: ""})
    assert check.run([]) == 1
    printed = capsys.readouterr().out
    assert "it is wrong" in printed
    assert "1 passed and 1 failed" in printed
    assert check.run(["second"]) == 0


def test_an_unknown_command_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert launcher.main(["dance"]) == 2
    assert "dance" in capsys.readouterr().err
