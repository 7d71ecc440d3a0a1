"""How an account stands, from signs that one can look up: not a score, and it says what it is made of."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from enum import IntEnum
from typing import Any, NamedTuple

from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.enums import KEY_PEOPLE, Forecast, RedLine, Stakeholder
from core.templatetags.cx import in_days

# An account that somebody looks after is to be heard of at least so often.
QUIET_DAYS = 60
# So long before a term ends by itself it presses that no new one is signed.
ENDS_DAYS = 30
# So long after its last term ended, without another, an account is a former customer.
LAPSED_DAYS = 30
MADE_OF = gettext_lazy(
    "The worst of: red lines, a term that ends within 30 days or has ended, without another; given up as lost, the "
    "open risk, a renewal forecast in doubt; key people unhappy, no touch for 60 days. It is not a score."
)


class Level(IntEnum):
    """How an account stands, the worst first."""

    URGENT = 0
    RISK = 1
    WATCH = 2
    STEADY = 3
    ENDED = 4


LABELS: dict[Level, Any] = {
    Level.URGENT: gettext_lazy("Urgent"),
    Level.RISK: gettext_lazy("At risk"),
    Level.WATCH: gettext_lazy("Attention"),
    Level.STEADY: gettext_lazy("Steady"),
    Level.ENDED: gettext_lazy("Ended"),
}
MEANINGS: dict[Level, Any] = {
    Level.URGENT: gettext_lazy(
        "a red line (a cancellation is asked for, there is a legal matter, the sponsor left, or the notice date is "
        "within 30 days), or the term ends by itself within 30 days, or ended in the last 30, and no new one is signed "
        "or said to be."
    ),
    Level.RISK: gettext_lazy(
        "a risk is open (of its signals the one with most confidence is told), the renewal is forecast as in doubt, or "
        "a task was closed as “Customer lost” and the term still runs."
    ),
    Level.WATCH: gettext_lazy(
        "a champion, sponsor or decision maker is unhappy, there was no call, meeting or note for 60 days, or a term "
        "that has ended is said to be renewed and the new one has not come yet."
    ),
    Level.STEADY: gettext_lazy("none of these."),
    Level.ENDED: gettext_lazy(
        "the last term ended more than 30 days ago, or it ended and is said not to be renewed, or a task was closed as "
        "“Customer lost”; shown only where the filter asks for it."
    ),
}
TONES = {Level.URGENT: "bad solid", Level.RISK: "bad", Level.WATCH: "warn", Level.STEADY: "good", Level.ENDED: ""}


class Signs(NamedTuple):
    """What health is read from.

    `quiet_days`: since the last touch; None where nobody is expected to call. `ends_in`: days to the end of the last
    term, negative once it has ended; None where it renews by itself, or none was ever known. `risk`: what is
    claimed, in short. `notice_in`: days to the next notice date. `unhappy`: of which key people, as `Stakeholder`.
    `lost_on`: when somebody closed a task as lost; None once it is taken back, or a new term has begun. `became`: what
    is said of the last term, as `Forecast`; once it has ended that counts as what became of it. `watched`: the risk for
    which it is on a watch list, in short; that asks for nothing.
    """

    red_lines: Sequence[str] = ()
    risk: str = ""
    forecast: str = ""
    unhappy: Sequence[str] = ()
    quiet_days: int | None = None
    ends_in: int | None = None
    notice_in: int | None = None
    lost_on: date | None = None
    became: str = ""
    watched: str = ""


class Health(NamedTuple):
    """`reasons` say why, the weightiest first. `lost`: that somebody said so, and when; else ""."""

    level: Level
    label: str
    tone: str
    icon: str
    reasons: tuple[str, ...]
    lost: str = ""


def read_health(signs: Signs) -> Health:
    """The worst of the signs, with everything that speaks for it."""
    terms, lost = _terms(signs), _lost(signs)
    is_left = lost or signs.became == Forecast.ENDED
    if signs.ends_in is not None and signs.ends_in < (0 if is_left else -LAPSED_DAYS):
        reasons = (_ended(signs), *lost)
        return Health(Level.ENDED, str(LABELS[Level.ENDED]), TONES[Level.ENDED], "", reasons, "".join(lost))
    red = tuple(_red_line(RedLine(kind), signs.notice_in) for kind in signs.red_lines)
    risks = (*_risks(signs), *_forecasts(signs))
    # Of a customer who is lost nobody expects a new term: that the old one ends soon presses no more.
    pressing, known = ((), terms) if lost else (terms, ())
    doubts = (*_renewed(signs), *_doubts(signs))
    found = {Level.URGENT: (*red, *pressing), Level.RISK: (*lost, *known, *risks), Level.WATCH: doubts}
    level = next((level for level, reasons in found.items() if reasons), Level.STEADY)
    reasons = tuple(reason for some in found.values() for reason in some) or (_steady(signs),)
    icon = "alert" if level is Level.URGENT else ""
    return Health(level, str(LABELS[level]), TONES[level], icon, reasons, "".join(lost))


def _steady(signs: Signs) -> str:
    if signs.watched:
        return _("Nothing to act on; on the watch list: %(risk)s") % {"risk": signs.watched}
    return _("Nothing speaks against it")


def ends_in(term_end: date | None, today: date, *, renews_itself: bool) -> int | None:
    """`Signs.ends_in`: a term that renews by itself ends only once its last day has passed without another."""
    if term_end is None or (renews_itself and term_end >= today):
        return None
    return (term_end - today).days


def _red_line(kind: RedLine, notice_in: int | None) -> str:
    if kind is not RedLine.NOTICE_DATE or notice_in is None:
        return str(kind.label)
    return _("Notice date %(when)s") % {"when": in_days(notice_in)}


def _terms(signs: Signs) -> tuple[str, ...]:
    if signs.ends_in is None or signs.ends_in > ENDS_DAYS:
        return ()
    if signs.ends_in < 0:
        return () if signs.became == Forecast.RENEWED else (_ended(signs),)
    return (_("Term ends %(when)s, no new one is signed") % {"when": in_days(signs.ends_in)},)


def _ended(signs: Signs) -> str:
    days = -(signs.ends_in or 0)
    if signs.became == Forecast.ENDED:
        words = ngettext("Term ended %(n)d day ago, not renewed", "Term ended %(n)d days ago, not renewed", days)
    else:
        words = ngettext("Term ended %(n)d day ago, no new one", "Term ended %(n)d days ago, no new one", days)
    return words % {"n": days}


def _renewed(signs: Signs) -> tuple[str, ...]:
    """Somebody said so, and no source has told of the new term yet."""
    is_said = signs.ends_in is not None and signs.ends_in < 0 and signs.became == Forecast.RENEWED
    return (_("Said to be renewed, the new term has not come yet"),) if is_said else ()


def _risks(signs: Signs) -> tuple[str, ...]:
    return (signs.risk,) if signs.risk else ()


def _forecasts(signs: Signs) -> tuple[str, ...]:
    return (_("Renewal forecast: in doubt"),) if signs.forecast == Forecast.AT_RISK else ()


def _lost(signs: Signs) -> tuple[str, ...]:
    if signs.lost_on is None:
        return ()
    return (
        _("Given up as lost on %(day)s: its task was closed so") % {"day": formats.date_format(signs.lost_on, "j M Y")},
    )


def _doubts(signs: Signs) -> tuple[str, ...]:
    found = []
    if signs.unhappy:
        who = (str(Stakeholder(kind).label).lower() for kind in KEY_PEOPLE if kind in signs.unhappy)
        found.append(_("Unhappy: %(who)s") % {"who": ", ".join(who)})
    if signs.quiet_days is not None and signs.quiet_days > QUIET_DAYS:
        words = ngettext(
            "No call, meeting or note for %(n)d day", "No call, meeting or note for %(n)d days", signs.quiet_days
        )
        found.append(words % {"n": signs.quiet_days})
    return tuple(found)
