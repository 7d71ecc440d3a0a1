"""The short form of `./cx faults`, as one test."""

import os
import sys
from pathlib import Path

from cx_ops.launch import processes
from cx_ops.launch.instance import ROOT


def test_nothing_is_lost_or_doubled_while_everything_is_killed(tmp_path: Path) -> None:
    services = {"DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE", "CX_ENV"}
    environ = {name: value for name, value in os.environ.items() if name not in services}
    words = [sys.executable, "-P", "-m", "tests.faults", "--kills", "30", "--seed", "7", "--untimed"]
    with (tmp_path / "output").open("wb") as output:
        code = processes.run(words, environ=environ | {"PYTHONPATH": str(ROOT)}, directory=ROOT, output=output)
    printed = (tmp_path / "output").read_text()
    assert code == 0, printed[-8000:]
    last = printed.strip().splitlines()[-1]
    assert " 30 kills, " in last
    assert last.endswith("0 lost, 0 doubled, 0 undecided, 0 violations")
