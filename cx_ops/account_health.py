"""How an account stands, from signs that one can look up: not a score, and it says what it is made of."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.enums import Forecast, RedLine
from core.templatetags.cx import percent

# An account that somebody looks after is to be heard of at least so often.
QUIET_DAYS = 60
MADE_OF = gettext_lazy(
    "Red line, at risk, watch or steady: the worst of standing red lines, the open risk with its confidence, the "
    "renewal forecast, how those who decide feel, and the last touch. It is not a score."
)


class Signs(NamedTuple):
    """What health is read from. `quiet_days`: since the last touch; None where nobody is expected to call."""

    red_lines: Sequence[str] = ()
    risk: str = ""
    confidence: Decimal | None = None
    forecast: str = ""
    unhappy: int = 0
    quiet_days: int | None = None


class Health(NamedTuple):
    """`rank` orders, the worst first; `reasons` say why, the weightiest first."""

    rank: int
    label: str
    tone: str
    icon: str
    reasons: tuple[str, ...]


def read_health(signs: Signs) -> Health:
    """The worst of the signs, with everything that speaks for it."""
    red = tuple(str(RedLine(kind).label) for kind in signs.red_lines)
    risks, doubts = _risks(signs), _doubts(signs)
    reasons = (*red, *risks, *doubts)
    if red:
        return Health(0, _("Red line"), "bad", "alert", reasons)
    if risks:
        return Health(1, _("At risk"), "bad", "", reasons)
    if doubts:
        return Health(2, _("Watch"), "warn", "", reasons)
    return Health(3, _("Steady"), "good", "", (_("Nothing speaks against it"),))


def _risks(signs: Signs) -> tuple[str, ...]:
    found = []
    if signs.risk:
        sure = percent(signs.confidence)
        found.append(_("%(type)s, %(sure)s sure") % {"type": signs.risk, "sure": sure})
    if signs.forecast == Forecast.AT_RISK:
        found.append(_("Renewal at risk"))
    return tuple(found)


def _doubts(signs: Signs) -> tuple[str, ...]:
    found = []
    if signs.unhappy:
        words = ngettext("%(n)d key person unhappy", "%(n)d key people unhappy", signs.unhappy)
        found.append(words % {"n": signs.unhappy})
    if signs.quiet_days is not None and signs.quiet_days > QUIET_DAYS:
        words = ngettext("No touch for %(n)d day", "No touch for %(n)d days", signs.quiet_days)
        found.append(words % {"n": signs.quiet_days})
    return tuple(found)
