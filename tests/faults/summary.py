"""What is told at the end."""

from __future__ import annotations

from collections.abc import Iterable

from tests.faults.chaos import Chaos
from tests.faults.verdict import Verdict

SHOWN = 10


def summarise(trouble: Chaos, found: Verdict, *, seed: int) -> str:
    """Tables of what was done, seen and found; the last line holds the counts."""
    log = trouble.senders.log
    seen = {
        "records acknowledged": found.acknowledged,
        **{f"answers: {status}": times for status, times in sorted(log.answers.items())},
        "posts put off with 503 and Retry-After while the database was stopped": trouble.put_off,
        "posts taken while the broker was dead": trouble.without_broker,
        **{f"started again: {name}": times for name, times in sorted(trouble.plant.supervisor.restarts.items())},
        "decisions, each replayed": found.decisions,
        "seconds to recover after the database": ", ".join(f"{s:.1f}" for s in trouble.recoveries) or "-",
    }
    lines = [
        *_table(f"what was done (seed {seed})", sorted(trouble.done.items())),
        *_table("what was seen", seen.items()),
        *_table("violations", ((name, len(rows)) for name, rows in found.found.items())),
        *(f"{name}: {row}" for name, rows in found.found.items() for row in rows[:SHOWN]),
    ]
    kills = sum(times for name, times in trouble.done.items() if name.startswith("kill"))
    counts = ", ".join(f"{len(found.found[name])} {name}" for name in ("lost", "doubled", "undecided"))
    lines.append(f"faults: {kills} kills, {found.acknowledged} acknowledged, {counts}, {found.violations} violations")
    return "\n".join(lines) + "\n"


def _table(title: str, rows: Iterable[tuple[str, object]]) -> list[str]:
    return [f"| {title} | |", "| --- | ---: |", *(f"| {name} | {value} |" for name, value in rows), ""]
