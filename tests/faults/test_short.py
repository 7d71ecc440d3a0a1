"""The short form of `./cx faults`, as one test."""

import os
import sys
from pathlib import Path

from cx_ops.launch import processes
from cx_ops.launch.instance import ROOT


def faults(output: Path, *words: str) -> tuple[int, str]:
    """The exit code of `./cx faults` with these words, and what it printed."""
    services = {"DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE", "CX_ENV"}
    environ = {name: value for name, value in os.environ.items() if name not in services}
    argv = [sys.executable, "-P", "-m", "tests.faults", *words]
    with output.open("wb") as stream:
        code = processes.run(argv, environ=environ | {"PYTHONPATH": str(ROOT)}, directory=ROOT, output=stream)
    return code, output.read_text()


def test_an_import_is_killed_at_boundaries_and_goes_on(tmp_path: Path) -> None:
    code, printed = faults(tmp_path / "output", "--kills", "0", "--every", "4")
    assert code == 0, printed[-8000:]
    assert printed.strip().splitlines()[-1].endswith("0 violations")


def test_nothing_is_lost_or_doubled_while_everything_is_killed(tmp_path: Path) -> None:
    code, printed = faults(tmp_path / "output", "--kills", "30", "--seed", "7", "--untimed", "--every", "0")
    assert code == 0, printed[-8000:]
    last = printed.strip().splitlines()[-1]
    assert " 30 kills, " in last
    assert last.endswith("0 lost, 0 doubled, 0 undecided, 0 violations")
