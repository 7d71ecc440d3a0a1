"""What is held out is shown to leaders alone: whoever reads insights or decisions says who reads, or why not.

Readers are views, doors of the API, queries, the back office, and everything in `cx_ops` but the demo and the launcher;
services too where they write SQL, since what they count or compare is shown later.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest
from django.contrib import admin
from django.db.models import Model
from django.test import RequestFactory

from core.models import User
from decisions.models import Decision
from insights.models import ClaimQuerySet, Insight
from tests.architecture.sources import PACKAGES, at, is_in, nodes, python_files

CLAIMS = ("Insight", "Decision", "Stream")
BOUNDED = ("visible_to", "shown_to", "told_to")
OWN = "of what was opened: nothing that is held out opens anything"
PIPELINE = "the pipeline decides, and shows nobody anything"
COUNTS = "counts over all accounts, and names none"
WHOLE = "the person's right: everything about them, whoever may see it (SECURITY.md)"
FOR_OTHERS = "tells more of rows that were found by a query that is bounded"
# Readers that ask no further, each with the reason.
ALLOWED = {
    ("playbooks/queries/task_page.py", "Decision"): OWN,
    ("decisions/queries/replay.py", "Decision"): "a command of whoever runs the machine",
    ("cx_ops/first_steps.py", "Insight"): "whether there is any at all",
    ("cx_ops/erasure/own.py", "Insight"): WHOLE,
    ("cx_ops/erasure/places.py", "Insight"): WHOLE,
}
TABLES = re.compile(r"\b(insights_insight|decisions_decision|decisions_stream)\b")
ALLOWED_SQL = {
    "cx_ops/audit/subjects.py": FOR_OTHERS,
    "cx_ops/erasure/own.py": WHOLE,
    "cx_ops/health.py": "how large the tables are",
    "cx_ops/invariants.py": "a command of whoever runs the machine",
    "decisions/queries/bands.py": COUNTS,
    "decisions/queries/explain.py": FOR_OTHERS,
    "decisions/queries/facts.py": PIPELINE,
    "decisions/queries/proof.py": "for leaders alone, whom nothing is hidden from",
    "decisions/services/decide.py": PIPELINE,
    "decisions/services/items.py": PIPELINE,
    "decisions/services/places.py": "a merge takes every row along",
    "insights/services/believing.py": PIPELINE,
    "insights/services/retraction.py": "a source takes back what it sent",
    "playbooks/queries/dispatching.py": PIPELINE,
    "playbooks/queries/grounds.py": OWN,
    "playbooks/queries/stepping.py": PIPELINE,
    "playbooks/services/dispatch.py": PIPELINE,
    "playbooks/services/evidence.py": PIPELINE,
    "playbooks/services/withdrawing.py": PIPELINE,
}


def readers() -> list[str]:
    top = ("cx_ops/demo/", "cx_ops/launch/", "cx_ops/management/")
    return [
        path
        for path in python_files(*PACKAGES)
        if is_in(path, "views", "api", "queries", "admin") or (path.startswith("cx_ops/") and not path.startswith(top))
    ]


def own_nodes(statement: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a statement but those of the statements in it."""
    for child in ast.iter_child_nodes(statement):
        if not isinstance(child, ast.stmt):
            yield child
            yield from own_nodes(child)


def unbounded(path: str) -> list[tuple[str, str]]:
    """(model, finding) of each statement that begins with all insights or decisions."""
    found = []
    for statement in nodes(path, ast.stmt):
        mine = list(own_nodes(statement))
        if any(isinstance(use, ast.Attribute) and use.attr in BOUNDED for use in mine):
            continue
        found += [
            (use.value.id, at(path, use, use.value.id))
            for use in mine
            if isinstance(use, ast.Attribute) and isinstance(use.value, ast.Name) and use.value.id in CLAIMS
            if use.attr in ("objects", "_default_manager", "_base_manager")
        ]
    return found


def written(path: str) -> list[str]:
    """Each SQL that reads their tables and not what is held out of them."""
    return [
        at(path, text, "SQL")
        for text in nodes(path, ast.Constant)
        if isinstance(text, ast.Constant) and isinstance(text.value, str)
        if TABLES.search(text.value) and " " in text.value.strip() and "insights_held_out" not in text.value
    ]


def test_readers_say_who_reads() -> None:
    found = [finding for path in readers() for model, finding in unbounded(path) if (path, model) not in ALLOWED]
    assert found == [], "begin with .visible_to(user), .shown_to(user) or .told_to(person, source)"


def test_the_reasons_are_of_readers_that_are_there() -> None:
    used = {(path, model) for path in readers() for model, _finding in unbounded(path)}
    assert set(ALLOWED) - used == set()


def services() -> list[str]:
    return [path for path in python_files(*PACKAGES) if is_in(path, "services")]


def test_sql_leaves_out_what_is_held_out() -> None:
    found = [finding for path in (*readers(), *services()) if path not in ALLOWED_SQL for finding in written(path)]
    assert found == [], "leave out what stands in insights_held_out"


def test_the_reasons_are_of_sql_that_is_there() -> None:
    assert set(ALLOWED_SQL) - {path for path in (*readers(), *services()) if written(path)} == set()


@pytest.mark.parametrize("model", [Insight, Decision])
def test_whatever_is_listed_of_them_can_leave_it_out(model: type[Model]) -> None:
    assert isinstance(model._default_manager.all(), ClaimQuerySet)


def test_the_back_office_leaves_it_out() -> None:
    request = RequestFactory().get("/admin/")
    request.user = User(role="ops", is_staff=True)
    claims = [model for model in admin.site._registry if isinstance(model._default_manager.all(), ClaimQuerySet)]
    assert claims == [Decision]
    for model in claims:
        assert "insights_held_out" in str(admin.site._registry[model].get_queryset(request).query)
