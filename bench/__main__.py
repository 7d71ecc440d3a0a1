"""`./cx bench`: prints every figure as Markdown; `--json` and `--markdown` write it to files."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import django

from bench.sizes import SCALES, Sizes


def main() -> int:
    chosen = _parse()
    if not os.environ.get("DATABASE_URL"):
        sys.exit("Run it as ./cx bench, which starts a database of its own.")
    os.environ["CX_API_REQUESTS_PER_MINUTE"] = "1000000000"
    django.setup()
    from bench.report import Report  # Django has to be there first

    report = Report(chosen.scale)
    _measure(report, SCALES[chosen.scale], chosen.only)
    print(report.as_markdown(), flush=True)
    for path, text in ((chosen.json, report.as_json), (chosen.markdown, report.as_markdown)):
        if path:
            path.write_text(text())
    return 0


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./cx bench", description="Measure, beside limits and peers, in one run.")
    parser.add_argument("only", nargs="*", metavar="BENCHMARK", help="only these: B1 B6 B2 B3 B7 B5 B4 B9 KEYS")
    parser.add_argument("--scale", choices=SCALES, default="small", help="small takes about three minutes")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures as JSON")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write what is printed")
    chosen = parser.parse_args()
    chosen.only = [word.upper() for word in chosen.only]
    return chosen


def _measure(report: object, sizes: Sizes, only: list[str]) -> None:
    from bench import book, decide, events, files, growth, keyboard, land, latency, pages, processes, resolve
    from bench.report import Report
    from core.bulk import database_now
    from cx_ops.launch import application
    from cx_ops.launch.errors import say
    from cx_ops.launch.instance import temporary_instance

    assert isinstance(report, Report)
    steps: dict[str, Callable[[Report, processes.Stage, book.Book, Sizes], None]] = {
        "B1": land.run,
        "B6": events.run,
        "B2": decide.run,
        "B3": files.run,
        "B7": growth.run,
        "B5": pages.run,
        "B4": latency.run,
        "B9": resolve.run,
        "KEYS": keyboard.run,
    }
    book.check_is_empty()
    with temporary_instance() as instance, _no_autovacuum():
        stage = processes.Stage(instance, dict(os.environ))
        application.collect_static(instance, stage.environ)
        say("Making the book ...")
        made = book.make_book(accounts=sizes.accounts, owners=sizes.owners, now=database_now())
        for name, step in steps.items():
            if not only or name in only:
                say(f"{name} ...")
                step(report, stage, made, sizes)
                for note in report.notes.get(name, []):
                    say(f"  {note}")


@contextmanager
def _no_autovacuum() -> Iterator[None]:
    """It would fall into one run and not into another; `refresh_statistics` does its work between them."""
    from core.bulk import execute, fetch_all

    execute("ALTER SYSTEM SET autovacuum = off")
    fetch_all("SELECT pg_reload_conf()")
    try:
        yield
    finally:
        execute("ALTER SYSTEM RESET autovacuum")
        fetch_all("SELECT pg_reload_conf()")


if __name__ == "__main__":
    sys.exit(main())
