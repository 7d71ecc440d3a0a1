"""Feeds for tests: files of a source as they came, day by day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from intake.enums import Problem
from intake.models import Source
from intake.services import run_import, start_import
from playbooks.models import Task
from tests.factories import NOW

DAY = timedelta(days=1)
HEADER = ("external_id", "name", "tier", "region")


def send(source: Source, at: datetime, *, rows: int = 100, header: Sequence[str] = HEADER, **fields: str) -> None:
    """A file as it came at that moment; `fields` hold for every row."""
    lines = [",".join(header)]
    for number in range(rows):
        cells = {
            "external_id": f"c-{number}", "name": f"Fictional {number}", "tier": ("gold", "silver")[number % 2],
            "region": ("emea", "apac", "amer")[number % 3],
        } | fields  # fmt: skip
        cells["segment"] = cells["tier"]
        lines.append(",".join(cells.get(name, "") for name in header))
    made = start_import(
        file=["\n".join(lines).encode()], filename="crm.csv", kind="accounts", source=source, by=None, now=at
    )
    run_import(made.pk, at)


def days(source: Source, count: int = 4, until: datetime = NOW, **fields: Any) -> None:
    """A file a day, the last one at `until`."""
    for back in range(count - 1, -1, -1):
        send(source, until - back * DAY, **fields)


def opened(problem: Problem) -> Task:
    return Task.objects.active().select_related("trouble", "source").get(trouble__problem=problem)
