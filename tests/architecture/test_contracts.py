"""The import contracts of pyproject.toml hold, and each of them fails when something is planted that breaks it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.sources import PACKAGES, ROOT, python_files

INSIDE = "Inside an app: interface > services > queries > models > rules"
# contract, the file that gets the line, the line
PLANTED = [
    ("Apps import downwards only", "intake/services/landing.py", "import decisions.models"),
    ("Apps import downwards only", "core/services/acts.py", "import accounts.models"),
    (INSIDE, "decisions/queries/facts.py", "import decisions.services"),
    (INSIDE, "playbooks/helpers.py", ""),
    ("Inside core: plumbing of screens and API > services > models > the rest", "core/bulk.py", "import core.services"),
    ("Rules are pure Python", "decisions/rules/decide.py", "import django.utils.timezone"),
    ("Rules are pure Python", "intake/rules/kinds.py", "import core.bulk"),
    ("Nothing below an interface imports one", "playbooks/services/opening.py", "import insights.api.views"),
    ("The launcher starts without Django", "cx_ops/launch/options_read.py", "import django"),
]


def run_lint(directory: Path) -> subprocess.CompletedProcess[str]:
    words = [str(Path(sys.executable).with_name("lint-imports")), "--no-logo"]
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(words, cwd=directory, env=environ, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packages and the contracts, where a violation may be planted."""
    directory = tmp_path_factory.mktemp("planted")
    shutil.copy(ROOT / "pyproject.toml", directory)
    for path in python_files(*PACKAGES):
        (directory / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, directory / path)
    return directory


def test_the_contracts_hold(copy: Path) -> None:
    """In the copy, so that the planted violations below are known to be the only ones."""
    done = run_lint(copy)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(("contract", "path", "line"), PLANTED, ids=[f"{row[1]} {row[2]}" for row in PLANTED])
def test_a_planted_violation_breaks_its_contract(copy: Path, contract: str, path: str, line: str) -> None:
    target = copy / path
    before = target.read_text() if target.exists() else None
    target.write_text(f"{before or ''}\n{line}\n")
    try:
        done = run_lint(copy)
    finally:
        if before is None:
            target.unlink()
        else:
            target.write_text(before)
    assert done.returncode != 0
    assert f"{contract} BROKEN" in done.stdout
