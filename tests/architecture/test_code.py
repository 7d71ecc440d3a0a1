"""What the code does not do: signals, hidden saves, clocks in the domain, leftovers, attics."""

from __future__ import annotations

import ast
import re

from tests.architecture.sources import (
    GENERATED,
    PACKAGES,
    ROOMS,
    at,
    dotted,
    is_in,
    nodes,
    python_files,
    text_of,
    tree_files,
)

BINARY = (".png", ".jpg", ".webp", ".gz", ".ico", ".woff2", ".mo")
# With a class of one letter each, so that this file does not hold what it looks for.
LEFTOVERS = re.compile(r"\b(T[O]DO|FI[X]ME|X[X]X)\b")
MACHINE_PATHS = re.compile(r"(?<![\w./-])/(w[o]rk|r[o]ot|h[o]me/\w+|t[m]p|U[s]ers)/\w")
CONFLICT_MARKS = re.compile(r"^(<{7}|>{7}) ", re.MULTILINE)

SIGNALS = {"django.dispatch", "django.db.models.signals", "django.core.signals", "django.contrib.auth.signals"}
CLOCKS = {
    "timezone.now", "django.utils.timezone.now", "timezone.localdate", "datetime.now", "datetime.utcnow",
    "datetime.today", "date.today", "datetime.datetime.now", "datetime.date.today", "time.time",
    "database_now", "bulk.database_now",
}  # fmt: skip
NO_CLOCK_IN = ("rules", "queries", "services", "models", "forms")
# Modules that read the clock all the same, with the reason.
MAY_READ_THE_CLOCK = {
    "intake/services/imports.py": "a long file lands in chunks; each is a transaction with a moment of its own",
}
ATTICS = {"utils", "util", "helpers", "helper", "misc", "common", "services2"}


def own_text_files() -> list[str]:
    return [path for path in tree_files() if not path.startswith(GENERATED) and not path.endswith(BINARY)]


def lines_that_match(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{path}:{number}: {line.strip()[:100]}"
        for path in own_text_files()
        for number, line in enumerate(text_of(path).splitlines(), 1)
        if pattern.search(line)
    ]


def imported_modules(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module:
        return [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return []


def test_nothing_is_left_for_later_in_a_comment() -> None:
    assert lines_that_match(LEFTOVERS) == []


def test_no_path_of_the_machine_it_was_written_on() -> None:
    assert lines_that_match(MACHINE_PATHS) == []


def test_no_conflict_marks() -> None:
    assert lines_that_match(CONFLICT_MARKS) == []


def test_the_pattern_of_machine_paths_finds_them_and_spares_addresses() -> None:
    assert MACHINE_PATHS.search("see /" + "home/ana/notes")
    assert MACHINE_PATHS.search('"/' + 'tmp/x"')
    assert not MACHINE_PATHS.search("templates/work/list.html, https://example.com/root/x")


def test_no_django_signals() -> None:
    found = [
        at(path, node, name)
        for path in python_files(*PACKAGES)
        for node in nodes(path, (ast.Import, ast.ImportFrom))
        for name in imported_modules(node)
        if name in SIGNALS
    ]
    assert found == []


def test_no_save_or_delete_is_overridden() -> None:
    found = [
        at(path, method, f"{node.name}.{method.name}")
        for path in python_files(*PACKAGES)
        for node in nodes(path, ast.ClassDef)
        if isinstance(node, ast.ClassDef)
        for method in node.body
        if isinstance(method, ast.FunctionDef) and method.name in {"save", "delete"}
    ]
    assert found == [], "a use case is a service, not a side effect of saving"


def clock_calls(path: str) -> list[str]:
    return [
        at(path, node, dotted(node.func))
        for node in nodes(path, ast.Call)
        if isinstance(node, ast.Call) and dotted(node.func) in CLOCKS
    ]


def test_no_clock_in_the_domain() -> None:
    found = [
        call
        for path in python_files(*ROOMS)
        if is_in(path, *NO_CLOCK_IN) and path not in MAY_READ_THE_CLOCK
        for call in clock_calls(path)
    ]
    assert found == [], "`now` is a parameter"


def test_the_list_of_clocks_shrinks() -> None:
    assert [path for path in MAY_READ_THE_CLOCK if not clock_calls(path)] == []


def test_clocks_are_seen_where_they_are() -> None:
    """The search finds the one place that reads the database's clock for the screens."""
    assert clock_calls("core/guards.py")


def test_no_attics() -> None:
    found = [path for path in python_files() if ATTICS & set(path.removesuffix(".py").split("/"))]
    assert found == [], "name a module for what it holds"


def test_print_is_for_commands() -> None:
    """Rooms log or answer; only the launcher and the measurements speak to a terminal."""
    found = [
        at(path, node, "print")
        for path in python_files(*ROOMS)
        for node in nodes(path, ast.Call)
        if isinstance(node, ast.Call) and dotted(node.func) == "print"
    ]
    assert found == []
