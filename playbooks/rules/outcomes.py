"""How a task may be closed."""

from __future__ import annotations

from decisions.enums import OutcomeKind
from insights.enums import Direction

COMMON = (
    OutcomeKind.NO_CHANGE,
    OutcomeKind.NO_RESPONSE,
    OutcomeKind.INSIGHT_WRONG,
    OutcomeKind.OTHER,
)
ALLOWED: dict[Direction, tuple[OutcomeKind, ...]] = {
    Direction.RISK: (OutcomeKind.RISK_RESOLVED, OutcomeKind.LOST, *COMMON),
    Direction.OPPORTUNITY: (OutcomeKind.EXPANSION_AGREED, OutcomeKind.ADVOCACY_GIVEN, *COMMON),
}
# What does not fit a built-in type, whatever its direction.
UNFIT = {
    "expansion_signal": {OutcomeKind.ADVOCACY_GIVEN},
    "advocacy_potential": {OutcomeKind.EXPANSION_AGREED},
    "engagement_opportunity": {OutcomeKind.ADVOCACY_GIVEN},
}
OF_SOURCE = (OutcomeKind.FIXED, OutcomeKind.NOT_A_FAULT, OutcomeKind.OTHER)
BY_HAND = (OutcomeKind.COMPLETED, OutcomeKind.NO_CHANGE, OutcomeKind.NO_RESPONSE, OutcomeKind.OTHER)


def outcomes_for(type: str, direction: str, *, is_step: bool) -> tuple[OutcomeKind, ...]:
    """The outcomes somebody may choose from, in the order in which they are shown.

    A task made by hand has no type; a step of a playbook may also be just done, which leaves the item open.
    """
    if not type:
        return BY_HAND
    fit = tuple(kind for kind in ALLOWED[Direction(direction)] if kind not in UNFIT.get(type, ()))
    return (OutcomeKind.COMPLETED, *fit) if is_step else fit
