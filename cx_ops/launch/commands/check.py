"""`./cx check`: everything that can be said about the code without running its tests."""

import os
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from cx_ops.launch import application
from cx_ops.launch.commands import options
from cx_ops.launch.instance import ROOT

AT_ONCE = 2


@dataclass(frozen=True)
class Result:
    """`complaint` is empty when all is well."""

    name: str
    complaint: str
    seconds: float


def run(argv: Sequence[str]) -> int:
    parser = options.parser("check", "Run every check; all are run even when one fails.")
    parser.add_argument("only", nargs="*", metavar="CHECK", help=f"some of: {', '.join(CHECKS)}")
    only = parser.parse_args(argv).only
    unknown = set(only) - set(CHECKS)
    if unknown:
        parser.error(f"there is no check {', '.join(sorted(unknown))}")
    failed = 0
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for result in pool.map(_time, only or CHECKS):
            failed += bool(result.complaint)
            _print(result)
    print(f"checks: {len(only or CHECKS) - failed} passed, {failed} failed".replace(", ", " and "), flush=True)
    return 1 if failed else 0


def _time(name: str) -> Result:
    start = time.monotonic()
    complaint = CHECKS[name]()
    return Result(name, complaint, time.monotonic() - start)


def _print(result: Result) -> None:
    verdict = "failed" if result.complaint else "ok"
    print(f"{result.name:12} {verdict:7} {result.seconds:6.1f} s", flush=True)
    if result.complaint:
        print(result.complaint, flush=True)


def _command(*words: str) -> Callable[[], str]:
    """A check that is a command of the environment: its output where it fails."""

    def check() -> str:
        return _output_if_failing(words, _test_environment())

    return check


def _output_if_failing(words: Sequence[str], environ: Mapping[str, str]) -> str:
    done = subprocess.run(
        words,
        cwd=ROOT,
        env=dict(environ),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    return (done.stdout + done.stderr).strip() or "no output" if done.returncode else ""


def _tool(name: str, *words: str) -> Callable[[], str]:
    return _command(sys.executable, "-m", name, *words)


def _manage(*words: str) -> Callable[[], str]:
    return _command(*application.manage(*words))


def _test_environment() -> dict[str, str]:
    return os.environ | {
        "CX_ENV": "test",
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "PYTHONPATH": str(ROOT),
    }


def _deployment() -> str:
    """Django's own deployment checks, with the settings that a careful operator would have."""
    environ = os.environ | {
        "CX_ENV": "production",
        "CX_SECRET_KEY": secrets.token_urlsafe(64),
        "CX_ALLOWED_HOSTS": "cx.example.com",
        "CX_INSECURE_LOOPBACK": "0",
        "DJANGO_SETTINGS_MODULE": "cx_ops.settings",
    }
    return _output_if_failing(application.manage("check", "--deploy", "--fail-level", "WARNING"), environ)


CHECKS: dict[str, Callable[[], str]] = {
    "types": _tool("mypy"),
    "lint": _tool("ruff", "check", "."),
    "format": _tool("ruff", "format", "--check", "."),
    "imports": _command(str(Path(sys.executable).with_name("lint-imports"))),
    "security": _tool(
        "bandit",
        "--quiet",
        "--recursive",
        "--severity-level",
        "medium",
        "--configfile",
        "pyproject.toml",
        ".",
    ),
    "migrations": _manage("makemigrations", "--check", "--dry-run"),
    "api": _manage("check_openapi"),
    "shape": _tool("pytest", "-q", "--no-header", "tests/architecture"),
    "vendored": _command(sys.executable, "scripts/vendor_assets.py", "check"),
    "deployment": _deployment,
}
