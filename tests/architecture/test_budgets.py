"""Sizes (HOUSE.md, Style): the 95th percentile of files, functions and templates, and no giants beside the list."""

from __future__ import annotations

import ast
from collections.abc import Callable

import pytest

from tests.architecture.sources import nodes, python_files, text_of, tree_files

FILE_LINES, FUNCTION_LINES, TEMPLATE_LINES = 350, 40, 200

# Files that are longer, each with the most it may have and why. The list may only shrink: a file that fits again
# has to be taken off it, and none is put on it without a word in docs/adr.
LONGER_FILES = {
    "decisions/rules/decide.py": (550, "the whole protocol, read from top to bottom (ADR 0001)"),
    "tests/unit/test_decision_rules.py": (450, "the cases of that one file"),
}


def percentile(sizes: list[int], share: float) -> int:
    """The size that `share` of the sizes do not exceed."""
    return sorted(sizes)[min(int(share * len(sizes)), len(sizes) - 1)]


def lines_of(path: str) -> int:
    return text_of(path).count("\n")


def function_lengths() -> dict[str, int]:
    return {
        f"{path}:{node.lineno} {node.name}": (node.end_lineno or node.lineno) - node.lineno + 1
        for path in python_files()
        for node in nodes(path, (ast.FunctionDef, ast.AsyncFunctionDef))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def templates() -> list[str]:
    return [path for path in tree_files() if path.startswith("templates/") and path.endswith((".html", ".txt"))]


def test_percentile_counts_the_largest() -> None:
    assert percentile([1] * 19 + [100], 0.95) == 100
    assert percentile([1] * 39 + [100], 0.95) == 1


@pytest.mark.parametrize(
    ("sizes", "most"),
    [
        (lambda: [lines_of(path) for path in python_files()], FILE_LINES),
        (lambda: list(function_lengths().values()), FUNCTION_LINES),
        (lambda: [lines_of(path) for path in templates()], TEMPLATE_LINES),
    ],
    ids=["files", "functions", "templates"],
)
def test_95_of_100_are_within_the_budget(sizes: Callable[[], list[int]], most: int) -> None:
    assert percentile(sizes(), 0.95) <= most


def test_no_file_is_longer_unless_it_is_listed() -> None:
    longer = {path: lines_of(path) for path in python_files() if lines_of(path) > FILE_LINES}
    too_long = [
        f"{path}: {size} lines; split it by noun into a package of the same name"
        for path, size in longer.items()
        if size > LONGER_FILES.get(path, (FILE_LINES, ""))[0]
    ]
    assert too_long == []


def test_the_list_of_longer_files_shrinks() -> None:
    fit = [path for path in LONGER_FILES if path not in python_files() or lines_of(path) <= FILE_LINES]
    assert fit == [], "these fit the budget: take them off LONGER_FILES"


def test_no_function_is_twice_the_budget() -> None:
    assert {name: size for name, size in function_lengths().items() if size > 2 * FUNCTION_LINES} == {}


def test_no_template_is_longer() -> None:
    assert {path: lines_of(path) for path in templates() if lines_of(path) > TEMPLATE_LINES} == {}
