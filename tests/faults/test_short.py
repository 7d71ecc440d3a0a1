"""The short form of `./cx faults`, as one test."""

import os
import subprocess
import sys

from cx_ops.launch.instance import ROOT

LIMIT_SECONDS = 400


def test_nothing_is_lost_or_doubled_while_everything_is_killed() -> None:
    services = {"DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE", "CX_ENV"}
    environ = {name: value for name, value in os.environ.items() if name not in services}
    done = subprocess.run(
        [sys.executable, "-P", "-m", "tests.faults", "--kills", "30", "--seed", "7", "--untimed"],
        cwd=ROOT,
        env=environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr[-4000:]}"
    last = done.stdout.strip().splitlines()[-1]
    assert " 30 kills, " in last
    assert last.endswith("0 lost, 0 doubled, 0 undecided, 0 violations")
