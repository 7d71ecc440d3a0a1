"""`./cx test`: the checks and the tests, or only the tests that are named."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from cx_ops.launch import processes, services
from cx_ops.launch.commands import check
from cx_ops.launch.errors import say
from cx_ops.launch.instance import ROOT

NOTHING_RAN = 5
# Checks that pytest runs anyway.
THEMSELVES_TESTS = {"shape"}
# All tests: several files at once, in the order they are found, each process with a database of its own.
SIDE_BY_SIDE = ("--numprocesses=auto", "--maxprocesses=4", "--dist=loadfile", "--no-loadscope-reorder")


@dataclass(frozen=True)
class Counts:
    """Tests by how they ended."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __str__(self) -> str:
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


def run(argv: Sequence[str]) -> int:
    checked = 0 if argv else check.run([name for name in check.CHECKS if name not in THEMSELVES_TESTS])
    tested, counts = _test(argv)
    print(counts, flush=True)
    if counts.passed + counts.failed == 0:
        say("No test ran.")
        tested = tested or NOTHING_RAN
    if checked:
        say("The tests are one thing; the checks above did not pass.")
    return tested or checked


def _test(argv: Sequence[str]) -> tuple[int, Counts]:
    with services.temporary(durable=False) as ready:
        environ = ready.environment() | {"CX_ENV": "test", "PYTHONPATH": str(ROOT)}
        environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
        if ready.embedded_database:
            environ["CX_TESTS_KEEP_SCHEMA"] = "1"
        report = ready.instance.root / "junit.xml"
        words = [sys.executable, "-P", "-m", "pytest", f"--rootdir={ROOT}", f"--junitxml={report}"]
        words += argv or SIDE_BY_SIDE
        code = processes.run(words, environ=environ, directory=ROOT, children=ready.children)
        return code, read_counts(report)


def read_counts(report: Path) -> Counts:
    """The counts of a JUnit report; nothing where pytest did not get as far as writing one."""
    if not report.exists():
        return Counts()
    suites = ElementTree.parse(report).getroot().iter("testsuite")  # noqa: S314 - pytest's own file
    total = failed = skipped = 0
    for suite in suites:
        total += int(suite.get("tests", 0))
        failed += int(suite.get("failures", 0)) + int(suite.get("errors", 0))
        skipped += int(suite.get("skipped", 0))
    return Counts(max(total - failed - skipped, 0), failed, skipped)
