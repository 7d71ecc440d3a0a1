"""Renewals as a chart: a bar a month, stacked by what is forecast."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from cx_ops.renewals import Month

WIDTH, LEFT, CEILING, FLOOR = 1080, 56, 12, 164
BAR_SHARE = 0.5


class Bar(NamedTuple):
    """A piece of a month's bar."""

    x: int
    y: float
    width: int
    height: float
    kind: str


class Tick(NamedTuple):
    y: float
    amount: Decimal


class Chart(NamedTuple):
    """Stacked bars, a month each, with their places for the words below; and the lines they stand against."""

    bars: list[Bar]
    months: list[tuple[int, Month]]
    ticks: list[Tick]


def draw_chart(months: Sequence[Month]) -> Chart:
    """A bar a month of revenue, in the order of `KINDS` from the bottom."""
    top = _round_up(max((month.all.revenue for month in months), default=Decimal(0)))
    step = (WIDTH - LEFT) / max(len(months), 1)
    bars: list[Bar] = []
    places: list[tuple[int, Month]] = []
    for number, month in enumerate(months):
        middle, y = LEFT + step * (number + 0.5), float(FLOOR)
        places.append((round(middle), month))
        for kind, sums in month.kinds.items():
            height = float(sums.revenue / top) * (FLOOR - CEILING)
            if height:
                y -= height
                width = round(step * BAR_SHARE)
                bars.append(Bar(round(middle - width / 2), round(y, 1), width, round(max(height - 1, 0.5), 1), kind))
    ticks = [Tick(round(FLOOR - (FLOOR - CEILING) * share / 2, 1), top * share / 2) for share in (0, 1, 2)]
    return Chart(bars, places, ticks)


def _round_up(amount: Decimal) -> Decimal:
    """The next single digit with noughts whose half is easily read, and that is not below `amount`."""
    size = Decimal(10) ** max(amount.adjusted(), 0) if amount else Decimal(1)
    return next(size * factor for factor in (1, 2, 3, 4, 6, 8, 10) if size * factor >= amount)
