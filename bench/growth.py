"""B7: what deciding costs an insight when ever more insights are held."""

from __future__ import annotations

from bench.book import WORK, Book, empty, hold_insights
from bench.cost import typical
from bench.decide import WORKERS, decide_all, land_more
from bench.processes import Stage, serving, working
from bench.report import Report
from bench.sizes import Sizes


def run(report: Report, stage: Stage, book: Book, sizes: Sizes) -> None:
    empty(*WORK)
    per_row: list[float] = []
    filled = sent = 0
    with serving(stage.with_own_broker()) as server, working(stage, concurrency=WORKERS) as worker:
        for held in sizes.held:
            hold_insights(book, first=filled, last=held - 1)
            filled, costs = held, []
            for _ in range(sizes.runs):
                land_more(server, book, sizes.held_rows, start=sent)
                sent += sizes.held_rows
                costs.append(decide_all(worker.pid, sizes.held_rows))
            cost = typical(costs)
            per_row.append(cost.per_row)
            report.note("B7", f"{held:,} insights held. {cost}")
    first, last = sizes.held[0], sizes.held[-1]
    what = f"decide: CPU an insight at {last:,} held, times that at {first:,}"
    report.add("B7.growth", what, per_row[-1] / per_row[0], "≤ 1.2", sizes.runs)
