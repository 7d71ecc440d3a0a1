"""What the architecture tests read: the tree's own files, and the syntax trees of its Python."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("core", "intake", "accounts", "insights", "decisions", "playbooks", "outcomes")
PACKAGES = ("cx_ops", *ROOMS)
# Written by a program, or somebody else's.
GENERATED = ("static/vendor/", "requirements/", "docs/openapi.json", "docs/benchmarks.md", "LICENSE")


@cache
def tree_files() -> tuple[str, ...]:
    """Every file of the tree that git knows or would take, as paths from the root."""
    words = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return tuple(sorted(path for path in set(listed) if (ROOT / path).is_file()))


def python_files(*tops: str) -> list[str]:
    """Python files by hand (no migrations), of the whole tree or of the packages named."""
    return [
        path
        for path in tree_files()
        if path.endswith(".py") and "/migrations/" not in path and (not tops or path.split("/", 1)[0] in tops)
    ]


@cache
def text_of(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


@cache
def syntax_of(path: str) -> ast.Module:
    return ast.parse(text_of(path))


def is_in(path: str, *parts: str) -> bool:
    """Whether a file belongs to one of a room's parts, as a module or inside a package of that name."""
    inside = path.split("/")[1:]
    return bool(inside) and inside[0].removesuffix(".py") in parts


@cache
def all_nodes(path: str) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(syntax_of(path)))


def nodes(path: str, kind: type[ast.AST] | tuple[type[ast.AST], ...]) -> Iterator[ast.AST]:
    return (node for node in all_nodes(path) if isinstance(node, kind))


def dotted(node: ast.AST) -> str:
    """`a.b.c` of a chain of attributes; the last names alone where it begins with something else."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}".lstrip(".")
    return node.id if isinstance(node, ast.Name) else ""


def at(path: str, node: ast.AST, what: str) -> str:
    """A finding as a line that an editor can open."""
    return f"{path}:{getattr(node, 'lineno', 1)}: {what}"
