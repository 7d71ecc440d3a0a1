"""What the documents say exists: links, commands, options, variables."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.core.management import get_commands

from cx_ops.launch.__main__ import COMMANDS
from tests.architecture.sources import ROOT, python_files, text_of, tree_files

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
CALL = re.compile(r"\./cx +([a-z]+)([^`\n|#]*)")
OPTION = re.compile(r"(?<!\S)(--[a-z][a-z-]+)")
VARIABLE = re.compile(r"\b(CX_[A-Z_]+|DATABASE_URL|REDIS_URL)\b")
PATH = re.compile(r"`([a-z_]+/[\w./-]*\w/?)`")
HEADING = re.compile(r"^#+ +(.*)$", re.MULTILINE)


def documents() -> list[str]:
    return [path for path in tree_files() if path.endswith(".md")]


def anchors(path: str) -> set[str]:
    """The anchors that a reader of Markdown makes of the headings."""
    headings = HEADING.findall(FENCE.sub("", text_of(path)))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def broken_links(path: str) -> list[str]:
    broken = []
    for target in LINK.findall(FENCE.sub("", text_of(path))):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        found = (ROOT / path).parent / file if file else ROOT / path
        inside = str(found.resolve().relative_to(ROOT)) if found.exists() else ""
        if not found.exists() or (anchor and inside.endswith(".md") and anchor not in anchors(inside)):
            broken.append(target)
    return broken


def calls(path: str) -> list[tuple[str, str]]:
    """Every `./cx COMMAND arguments` of a document."""
    return CALL.findall(text_of(path))


@pytest.mark.parametrize("path", documents())
def test_links_resolve(path: str) -> None:
    assert broken_links(path) == []


@pytest.mark.parametrize("path", documents())
def test_commands_exist(path: str) -> None:
    unknown = {command for command, _ in calls(path)} - set(COMMANDS)
    assert unknown == set()


@pytest.mark.parametrize("path", documents())
def test_options_of_commands_exist(path: str) -> None:
    """An option named behind a command stands in the launcher's or the command's own source."""
    source = "".join(
        text_of(file) for file in python_files("cx_ops", "bench", "tests") if "commands" in file or "__main__" in file
    ) + "".join(text_of(file) for file in python_files("bench", "tests") if file.startswith(("bench/", "tests/faults")))
    own = {"--validate", "--file", "--fail-on-warn", "--help", "--upgrade"}  # of Django, drf-spectacular and uv
    named = {option for _, arguments in calls(path) for option in OPTION.findall(arguments)}
    assert {option for option in named - own if f'"{option}"' not in source} == set()


@pytest.mark.parametrize("path", documents())
def test_django_commands_exist(path: str) -> None:
    known = get_commands()
    named = {
        words[0]
        for command, arguments in calls(path)
        if command == "manage"
        and (words := re.sub(r"^\s*--dir[ =]\S+", "", arguments).split())
        and re.fullmatch(r"[a-z_]+", words[0])
    }
    assert named - set(known) == set()


@pytest.mark.parametrize("path", documents())
def test_variables_exist(path: str) -> None:
    source = "".join(text_of(file) for file in ["cx", *python_files("cx_ops")])
    assert {name for name in VARIABLE.findall(text_of(path)) if name not in source} == set()


@pytest.mark.parametrize("path", documents())
def test_files_that_are_named_exist(path: str) -> None:
    """`decisions/admin.py` in a document is a file or directory of the tree, from the root or beside the document."""
    here = Path(path).parent
    missing = {
        name for name in PATH.findall(text_of(path)) if not (ROOT / name).exists() and not (ROOT / here / name).exists()
    }
    assert missing == set()


def test_every_decision_record_has_its_three_parts() -> None:
    """docs/adr: numbered without a gap, each with context, decision and consequences."""
    records = sorted(path for path in documents() if re.match(r"docs/adr/\d{4}-", path))
    assert [int(Path(path).name[:4]) for path in records] == list(range(1, len(records) + 1))
    parts = ("## Context", "## Decision", "## Consequences")
    assert [path for path in records if not all(part in text_of(path) for part in parts)] == []
