"""What acting is worth: the part of a priority that is money, and the urgency that only the order knows."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from math import prod
from typing import Any, NamedTuple

from django.utils.translation import gettext_lazy as _

from core.templatetags.cx import to_decimal
from decisions.queries.facts import TYPICAL
from insights.enums import Direction

# How `decisions.rules.decide.priority_of` names the part that is money, and the one that is none.
REVENUE, URGENCY = "revenue exposed", "urgency"
LABELS = {
    REVENUE: _("Revenue it is about"),
    "probability": _("Chance that it happens if nobody acts"),
    "share that acting changes": _("How often acting changes that"),
}
# Nobody takes up what nobody offers: of an opportunity the chance is what comes of acting.
OF_OPPORTUNITIES = LABELS | {
    "probability": _("Chance that it comes off if somebody acts"),
    "share that acting changes": _("How much of that is due to acting"),
}
# Where a part's number is from, as `decisions.rules` names it; what is not here stays as it is.
SOURCES = {
    "base rate of the type: none was supplied": _("stand-in, usual for this type: the source does not say how likely"),
    "prior, not measured yet": _("an assumption until it is measured"),
}


class Part(NamedTuple):
    """One factor: its name, its value as a number, where the number is from; `label`: its name on screens."""

    name: str
    value: Decimal | None
    source: str
    label: str


class Worth(NamedTuple):
    """The money that acting is expected to keep or win, and the factors it is the product of; None: revenue unknown.

    `is_estimate`: for want of the account's own revenue it is that of such accounts.
    `urgency`: by what the order of a queue multiplies it; None where nothing was weighed.
    """

    money: Decimal | None
    is_estimate: bool
    parts: list[Part]
    urgency: Part | None

    @property
    def presses(self) -> Decimal | None:
        """The urgency where it moves something up; else None."""
        factor = self.urgency.value if self.urgency else None
        return factor.normalize() if factor and factor != 1 else None


def worth_of(stored: object, direction: str | None = None) -> Worth:
    """From the stored parts of a priority, (name, value, where it is from) each, of a type of this `Direction`."""
    labels = OF_OPPORTUNITIES if direction == Direction.OPPORTUNITY else LABELS
    parts = [_part(labels, *row) for row in stored] if isinstance(stored, list) else []
    factors = [part for part in parts if part.name != URGENCY]
    values = [part.value for part in factors]
    known = [value for value in values if value is not None]
    money = prod(known, start=Decimal(1)) if known and len(known) == len(values) else None
    is_estimate = any(part.name == REVENUE and part.source.startswith(TYPICAL) for part in parts)
    return Worth(money, is_estimate, factors, next((part for part in parts if part.name == URGENCY), None))


def _part(labels: Mapping[str, Any], name: str, value: Any, source: str) -> Part:
    return Part(str(name), to_decimal(value), str(SOURCES.get(source, source)), str(labels.get(name, name)))
