"""What became of it all: what the confidences alone ask for, and what was made of them. Read from the database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from accounts.models import Account
from core.bulk import fetch_all
from decisions.enums import Response, Suppression
from decisions.models import Decision
from insights.models import Insight
from playbooks.enums import ACTIVE, Lane
from playbooks.models import Task

BANDS = tuple(reversed(Response))
BY_BAND = """
SELECT s.slug, d.band_response, count(*) FROM decisions_decision d
JOIN insights_insight i ON i.id = d.insight_id JOIN intake_source s ON s.id = i.source_id GROUP BY 1, 2
"""
Counts = Mapping[tuple[str, str], int]
"""(source, response of the band) → how many."""


@dataclass(frozen=True)
class Report:
    """Counts of one installation. `in_files` is what was counted beside it, from the files or the generator."""

    accounts: int
    insights: int
    decisions: int
    by_band: Counts
    responses: Mapping[str, int]
    suppressed: Mapping[str, int]
    tasks: Mapping[tuple[str, str], int]
    outcomes: Mapping[str, int]
    in_files: Counts | None = None

    @property
    def agrees(self) -> bool:
        """Whether every insight has its decision, and the bands hold what the files say."""
        same = self.in_files is None or dict(self.in_files) == dict(self.by_band)
        return self.insights == self.decisions and same


def make_report(in_files: Counts | None = None) -> Report:
    """Count everything."""
    decisions = Decision.objects.order_by()
    return Report(
        accounts=Account.objects.count(),
        insights=Insight.objects.count(),
        decisions=decisions.count(),
        by_band={(source, band): number for source, band, number in fetch_all(BY_BAND)},
        responses=Counter(decisions.values_list("response", flat=True)),
        suppressed=Counter(decisions.values_list("suppressed_by", flat=True)),
        tasks=Counter(Task.objects.filter(status__in=ACTIVE).order_by().values_list("assignee__username", "lane")),
        outcomes=Counter(Task.objects.exclude(outcome="").order_by().values_list("outcome", flat=True)),
        in_files=in_files,
    )


def count_bands(scores: Iterable[tuple[str, Decimal]]) -> Counts:
    """(source, confidence) of scores, counted by the starting bands; nothing of the product is asked."""
    counts: Counter[tuple[str, str]] = Counter()
    for source, confidence in scores:
        counts[source, band_of(confidence)] += 1
    return counts


def band_of(confidence: Decimal) -> str:
    """What a confidence asks for by the starting bands (PRODUCT.md, P14)."""
    for lower, response in (("0.90", "human"), ("0.70", "automated"), ("0.50", "monitor")):
        if confidence >= Decimal(lower):
            return response
    return "record"


def lines_of(report: Report) -> list[str]:
    """The report as text."""
    return [
        f"accounts {report.accounts:,}   insights {report.insights:,}   decisions {report.decisions:,}",
        "",
        *_band_lines(report),
        "",
        "What was decided",
        *(f"  {response.value:<12}{report.responses.get(response, 0):>8,}" for response in BANDS),
        "Of these, nothing new was opened because of",
        *(f"  {reason.value:<12}{report.suppressed.get(reason, 0):>8,}" for reason in Suppression),
        "",
        *_task_lines(report),
        "",
        "How tasks ended",
        *(f"  {outcome:<16}{number:>8,}" for outcome, number in sorted(report.outcomes.items())),
    ]


def _band_lines(report: Report) -> list[str]:
    """One row per source and band: decided, and counted beside it."""
    sources = sorted({source for source, _ in report.by_band} | {source for source, _ in report.in_files or {}})
    head = f"{'What the confidence alone asks for':<38}" + "".join(f"{band.value:>11}" for band in BANDS)
    lines = [head]
    for source in sources:
        for words, counts in (("decisions", report.by_band), ("in the files", report.in_files)):
            if counts is not None:
                numbers = "".join(f"{counts.get((source, band.value), 0):>11,}" for band in BANDS)
                lines.append(f"  {source:<14}{words:<22}{numbers}")
    if report.in_files is not None:
        lines.append(f"  the two are {'equal' if report.agrees else 'NOT EQUAL'}")
    return lines


def _task_lines(report: Report) -> list[str]:
    people = sorted({person or "" for person, _ in report.tasks})
    head = f"{'Open tasks':<22}" + "".join(f"{lane.value:>9}" for lane in Lane)
    return [head] + [
        f"  {person or 'nobody':<20}"
        + "".join(f"{report.tasks.get((person or None, lane.value), 0):>9,}" for lane in Lane)  # type: ignore[arg-type]
        for person in people
    ]
