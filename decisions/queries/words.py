"""What a decision stored about itself, in words for people. The stored English stays as it is: it is replayed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from re import Pattern
from typing import TYPE_CHECKING, NamedTuple

from django.utils import formats, timezone
from django.utils.translation import gettext, gettext_lazy

from core.templatetags.cx import humane, percent
from decisions.enums import OutcomeKind, Response
from insights.enums import PERSON

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

# Each kind of line that `decisions.rules` writes, and how it is said. A part is turned into words by its name, below.
LINES: tuple[tuple[str, _StrPromise], ...] = (
    (
        (
            r"confidence (?P<sure>\S+) is in \[(?P<lower>[^,]+), (?P<upper>[^,]+)[\])]: (?P<response>\w+)"
            r" \(authority version (?P<version>\d+), (?P<type>[^,]+), (?P<tier>[^)]+)\)"
        ),
        gettext_lazy(
            "The confidence, %(sure)s, lies between %(lower)s and %(upper)s, which asks for: %(response)s"
            " (authority, version %(version)s, %(type)s, %(tier)s)."
        ),
    ),
    (
        r"stale: a score of (?P<when>.+) by the same model was decided already",
        gettext_lazy("A newer score of the same model, of %(when)s, was decided already."),
    ),
    (r"stale: its horizon ended on (?P<when>.+)", gettext_lazy("What it foresaw was to happen before %(when)s.")),
    (
        r"a higher band than (?P<response>\w+): entered at once",
        gettext_lazy("The same model asked for “%(response)s” last time: a rise counts at once."),
    ),
    (
        r"(?P<count>\d+) scores in a row below (?P<response>\w+), and the dwell is over: it falls",
        gettext_lazy("%(count)s scores in a row were too low for “%(response)s”, for long enough: it falls."),
    ),
    (
        (
            r"dwell: (?P<response>\w+) is left below (?P<sure>\S+), after (?P<when>.+) and (?P<count>\d+) lower scores"
            r" in a row \(this is number (?P<number>\d+)\)"
        ),
        gettext_lazy(
            "It stays “%(response)s” until %(count)s scores in a row are under %(sure)s, and not before %(when)s;"
            " this is number %(number)s."
        ),
    ),
    (
        r"(?P<name>.+) sends probabilities and has no bands of its own yet: monitored",
        gettext_lazy("%(name)s sends probabilities that nobody has checked yet, so it is only watched."),
    ),
    (
        r"too old to act on without a person since (?P<when>.+): a human instead",
        gettext_lazy("Since %(when)s it is too old to be acted on without a person, so a person looks."),
    ),
    (
        r"the band names no playbook: a human instead",
        gettext_lazy("There is no playbook for this band, so a person looks."),
    ),
    (
        r"this version of (?P<name>.+) has not been checked: its run stays inside the house",
        gettext_lazy("Nobody has checked this version of %(name)s yet, so its playbook writes to no customer."),
    ),
    (
        r"(?P<other>.+) says (?P<response>\w+): they disagree, the higher holds what is open",
        gettext_lazy("%(other)s asked for less then: “%(response)s”. Whoever asks for more is followed."),
    ),
    (
        r"in the control group: nobody acts, so that the effect of acting can be measured",
        gettext_lazy("It is in the control group: nobody acts, so that the effect of acting can be measured."),
    ),
    (
        r"a higher band than the live run's: the run stops, a person takes over",
        gettext_lazy("It has become more certain: the playbook that was running stops, and a person takes over."),
    ),
    (
        r"an item for this account and type is open: this is added to it(?:; (?P<news>.+))?",
        gettext_lazy("The same is open on this account already, so this was added to it."),
    ),
    (
        r"automation is switched off: (?P<switches>.+)",
        gettext_lazy("Automation is switched off (%(switches)s)."),
    ),
    (r"cool-down broken: (?P<news>.+)", gettext_lazy("The same was closed before, but there is news: %(news)s.")),
    (
        r"cool-down after (?P<outcome>\w+) until the account is reactivated",
        gettext_lazy("The same was closed before (%(outcome)s), to stay quiet until the account comes back."),
    ),
    (
        r"cool-down after (?P<outcome>\w+) until (?P<when>.+)",
        gettext_lazy("The same was closed before (%(outcome)s), with a cool-down that ran to %(when)s."),
    ),
    (
        r"matrix version (?P<version>\d+): (?P<type>\S+(?: types)?) × (?P<cell>.+) → (?P<role>\S+)",
        gettext_lazy("Ownership matrix, version %(version)s: %(type)s, %(cell)s go to the %(role)s."),
    ),
    (r"unassigned: nobody in the chain is available", gettext_lazy("Nobody in this chain is here.")),
    (r"(?P<place>[^:]+): nobody", gettext_lazy("%(place)s: nobody")),
    (r"(?P<place>[^:]+): (?P<person>\S+)", gettext_lazy("%(place)s: %(person)s")),
    (r"(?P<place>[^:]+): (?P<person>\S+) (?P<absent>.+)", gettext_lazy("%(place)s: %(person)s, who %(absent)s")),
)
COMPILED: tuple[tuple[Pattern[str], _StrPromise], ...] = tuple((re.compile(line), words) for line, words in LINES)
RANK = {response: rank for rank, response in enumerate(Response.values)}
DISAGREES = re.compile(r".+: they disagree, .+")
TAKES_OVER = re.compile(r".+: the run stops, a person takes over")
ROLES = {"csm": gettext_lazy("customer success manager")}


def _response(value: str) -> str:
    return str(Response(value).label).lower() if value in Response.values else value


def _outcome(value: str) -> str:
    return str(OutcomeKind(value).label).lower() if value in OutcomeKind.values else value


def _place(value: str) -> str:
    for role, words in ROLES.items():
        value = re.sub(rf"^{role} of", f"{words} of", value)
    return humane(value)


def _other(value: str) -> str:
    """Another model; what people raise is all under one name, the reader's own with it."""
    return (
        gettext("a person’s own signal") if value == PERSON else gettext("another model, %(name)s,") % {"name": value}
    )


def _absent(value: str) -> str:
    return re.sub(r"\d{4}-\d\d-\d\d", lambda day: _when(day[0]), value)


def _when(value: str) -> str:
    """A stored day, or a moment of UTC, as it is written elsewhere; moments in the reader's zone."""
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return value
    if len(value) == len("2026-03-09"):
        return formats.date_format(moment, "j M Y")
    return formats.date_format(timezone.localtime(moment.replace(tzinfo=UTC)), "j M Y, H:i")


PARTS: dict[str, Callable[[str], str]] = {
    "sure": percent,
    "lower": percent,
    "upper": percent,
    "response": _response,
    "outcome": _outcome,
    "type": humane,
    "place": _place,
    "other": _other,
    "absent": _absent,
    "when": _when,
    "role": lambda value: str(ROLES.get(value, humane(value).lower())),
}


class Said(NamedTuple):
    """What of a decision changes how its lines are said: what it asks for, and when it was made."""

    response: str
    at: datetime


def _asks_for_more(stored: dict[str, str], said: Said) -> bool:
    return RANK[stored["response"]] > RANK[said.response]


def _has_rested(stored: dict[str, str], said: Said) -> bool:
    return datetime.fromisoformat(stored["when"]).replace(tzinfo=UTC) <= said.at


# Lines with this part are said otherwise where that holds of the decision.
INSTEAD: dict[str, tuple[Callable[[dict[str, str], Said], bool], _StrPromise]] = {
    "other": (
        _asks_for_more,
        gettext_lazy(
            "%(other)s asked for more then: “%(response)s”. Its own claim decides that; this one lowers nothing that is"
            " open."
        ),
    ),
    "number": (
        _has_rested,
        gettext_lazy(
            "It stays “%(response)s” until %(count)s scores in a row are under %(sure)s; this is number %(number)s."
        ),
    ),
}


def others_say(lines: Iterable[str], said: Said) -> list[str]:
    """Those of the stored reasons that tell of another model or person who disagrees."""
    return [say(line, said=said) for line in lines if DISAGREES.fullmatch(line)]


def takes_over(lines: Iterable[str]) -> bool:
    """Whether the stored reasons tell that a run stopped for a person."""
    return any(TAKES_OVER.fullmatch(line) for line in lines)


def say(line: str, *, names: dict[str, str] | None = None, said: Said | None = None) -> str:
    """A stored line in words; one that is not known here stays as it is. `names`: people by their user names."""
    for pattern, words in COMPILED:
        if found := pattern.fullmatch(line):
            stored = {name: value or "" for name, value in found.groupdict().items()}
            parts = {name: PARTS.get(name, str)(value) for name, value in stored.items()}
            if names and "person" in parts:
                parts["person"] = names.get(parts["person"], parts["person"])
            for part, (holds, instead) in INSTEAD.items():
                if said and part in stored and holds(stored, said):
                    words = instead
            told = str(words) % parts
            return told[:1].upper() + told[1:]
    return line
