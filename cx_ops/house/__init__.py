"""House rules: what a manager sets for everybody. One table; a new kind is a line in it."""

from cx_ops.house.kind import RuleKind
from cx_ops.house.money import EXCHANGE_RATES
from cx_ops.house.people import CALENDARS, ORGANISATION, PEOPLE, TEAMS
from cx_ops.house.work import COOL_DOWNS, REASONS, SERVICE_LEVELS

RULE_KINDS: dict[str, RuleKind] = {
    kind.slug: kind
    for kind in (
        SERVICE_LEVELS,
        REASONS,
        COOL_DOWNS,
        CALENDARS,
        TEAMS,
        PEOPLE,
        ORGANISATION,
        EXCHANGE_RATES,
    )
}

__all__ = ["RULE_KINDS", "RuleKind"]
