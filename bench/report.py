"""The figures, as Markdown and as JSON."""

from __future__ import annotations

import json
import os
import platform
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path

from core.bulk import fetch_all

PACKAGES = ("django", "djangorestframework", "celery", "psycopg", "granian", "msgspec")


@dataclass(frozen=True)
class Figure:
    """One row: a plain number, what it should be, and over how many runs it is the median."""

    id: str
    what: str
    value: float
    aim: str
    runs: int


@dataclass
class Report:
    """Everything that one run has found. `notes` say what stands behind the figures, by benchmark."""

    scale: str
    figures: list[Figure] = field(default_factory=list)
    notes: dict[str, list[str]] = field(default_factory=dict)

    def add(self, id: str, what: str, value: float, aim: str, runs: int) -> None:
        self.figures.append(Figure(id, what, value, aim, runs))

    def note(self, benchmark: str, text: object) -> None:
        self.notes.setdefault(benchmark, []).append(str(text))

    def as_json(self) -> str:
        rows = [asdict(figure) for figure in self.figures]
        return json.dumps({"machine": machine(), "scale": self.scale, "rows": rows}, indent=2)

    def as_markdown(self) -> str:
        lines = [
            "# Benchmarks",
            "",
            f"Written by `./cx bench --scale {self.scale}`; nothing here is typed by hand.",
            "",
        ]
        lines += [f"- {name}: {value}" for name, value in machine().items()]
        lines += ["", "| id | what | figure | aim | runs |", "| --- | --- | ---: | --- | ---: |"]
        lines += [f"| {f.id} | {f.what} | {shown(f.value)} | {f.aim} | {f.runs} |" for f in self.figures]
        for benchmark, notes in self.notes.items():
            lines += ["", f"## {benchmark}", "", *(f"- {note}" for note in notes)]
        return "\n".join(lines) + "\n"


def shown(value: float) -> str:
    """Three significant digits, and no more than that."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def machine() -> dict[str, str]:
    """Where this ran and with what."""
    [(postgres,)] = fetch_all("SHOW server_version")
    return {
        "processor": f"{_processor()}, {os.cpu_count()} cores",
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "postgresql": str(postgres).split()[0],
        **{package: version(package) for package in PACKAGES},
        "load when begun": f"{_LOAD:.1f}",
    }


_LOAD = os.getloadavg()[0]


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
