"""How an account stands, from signs that one can look up: not a score, and it says what it is made of."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from enum import IntEnum
from typing import Any, NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.enums import Forecast, RedLine
from core.templatetags.cx import in_days, percent

# An account that somebody looks after is to be heard of at least so often.
QUIET_DAYS = 60
# So long after its last term ended, without another, an account is a former customer.
LAPSED_DAYS = 30
MADE_OF = gettext_lazy(
    "The worst of: standing red lines; the open risk with its confidence, a renewal forecast in doubt, a term that "
    "ended without another; key people unhappy, no touch for 60 days. It is not a score."
)


class Level(IntEnum):
    """How an account stands, the worst first."""

    RED = 0
    RISK = 1
    WATCH = 2
    STEADY = 3
    ENDED = 4


LABELS: dict[Level, Any] = {
    Level.RED: gettext_lazy("Red line"),
    Level.RISK: gettext_lazy("At risk"),
    Level.WATCH: gettext_lazy("Watch"),
    Level.STEADY: gettext_lazy("Steady"),
    Level.ENDED: gettext_lazy("Ended"),
}
MEANINGS: dict[Level, Any] = {
    Level.RED: gettext_lazy(
        "must reach a person at once: a cancellation is asked for, there is a legal matter, the sponsor left, or the "
        "notice date is within 30 days."
    ),
    Level.RISK: gettext_lazy(
        "a risk is open, the renewal is forecast as in doubt, or the term ended within 30 days without another. The "
        "confidence beside a risk is the highest that any signal for it has had."
    ),
    Level.WATCH: gettext_lazy("a champion, sponsor or decision maker is unhappy, or nobody was in touch for 60 days."),
    Level.STEADY: gettext_lazy("none of these."),
    Level.ENDED: gettext_lazy("the last term ended more than 30 days ago; shown only where the filter asks for it."),
}
TONES = {Level.RED: "bad solid", Level.RISK: "bad", Level.WATCH: "warn", Level.STEADY: "good", Level.ENDED: ""}


class Signs(NamedTuple):
    """What health is read from.

    `quiet_days`: since the last touch; None where nobody is expected to call. `lapsed_days`: since the last term
    ended without another; None where one runs, or none was ever known. `confidence`: the highest the risk has had.
    `notice_in`: days to the next notice date.
    """

    red_lines: Sequence[str] = ()
    risk: str = ""
    confidence: Decimal | None = None
    forecast: str = ""
    unhappy: int = 0
    quiet_days: int | None = None
    lapsed_days: int | None = None
    notice_in: int | None = None


class Health(NamedTuple):
    """`reasons` say why, the weightiest first."""

    level: Level
    label: str
    tone: str
    icon: str
    reasons: tuple[str, ...]


def read_health(signs: Signs) -> Health:
    """The worst of the signs, with everything that speaks for it."""
    lapsed = signs.lapsed_days
    if lapsed is not None and lapsed > LAPSED_DAYS:
        ended = ngettext("Its term ended %(n)d day ago", "Its term ended %(n)d days ago", lapsed) % {"n": lapsed}
        return Health(Level.ENDED, str(LABELS[Level.ENDED]), TONES[Level.ENDED], "", (ended,))
    red = tuple(_red_line(RedLine(kind), signs.notice_in) for kind in signs.red_lines)
    risks, doubts = _risks(signs), _doubts(signs)
    found = {Level.RED: red, Level.RISK: risks, Level.WATCH: doubts}
    level = next((level for level, reasons in found.items() if reasons), Level.STEADY)
    reasons = (*red, *risks, *doubts) or (_("Nothing speaks against it"),)
    return Health(level, str(LABELS[level]), TONES[level], "alert" if red else "", reasons)


def lapsed_days(term_end: date | None, today: date) -> int | None:
    """Days since the last term of an account ended; None while it runs, and where none is known."""
    return (today - term_end).days if term_end and term_end < today else None


def _red_line(kind: RedLine, notice_in: int | None) -> str:
    if kind is not RedLine.NOTICE_DATE or notice_in is None:
        return str(kind.label)
    return _("Notice date %(when)s") % {"when": in_days(notice_in)}


def _risks(signs: Signs) -> tuple[str, ...]:
    found = []
    if signs.lapsed_days is not None:
        words = ngettext(
            "Term ended %(n)d day ago, not renewed", "Term ended %(n)d days ago, not renewed", signs.lapsed_days
        )
        found.append(words % {"n": signs.lapsed_days})
    if signs.risk:
        sure = percent(signs.confidence)
        found.append(_("%(type)s, highest confidence %(sure)s") % {"type": signs.risk, "sure": sure})
    if signs.forecast == Forecast.AT_RISK:
        found.append(_("Renewal forecast: in doubt"))
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
