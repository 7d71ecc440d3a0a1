"""Reads of what every room leaves here."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from core.models import Alert


class Told(NamedTuple):
    """What a team is told of one kind: the newest alert, and the earlier days on which it was told the same."""

    alert: Alert
    earlier: list[Alert]


def fold_alerts(alerts: Iterable[Alert]) -> list[Told]:
    """One line per team and kind, in the order of their newest; seen ones apart from those that are not."""
    told: dict[tuple[object, ...], Told] = {}
    for alert in alerts:
        key = (alert.team_id, alert.kind, alert.seen_at is None)
        if key in told:
            told[key].earlier.append(alert)
        else:
            told[key] = Told(alert, [])
    return list(told.values())
