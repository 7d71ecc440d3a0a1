"""What an act's sentence says at its end: to whom, until when, which fields, how many."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta

from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from core.models import Act, User
from decisions.enums import OutcomeKind, Release
from intake.enums import ImportStatus, Landing

# Verbs whose act names somebody by id.
GIVEN = {"assigned", "released"}
# Fields that people know by another name.
FIELDS = {"url": gettext_lazy("address"), "is_active": gettext_lazy("in use")}


def people_of(acts: Iterable[Act]) -> dict[str, str]:
    """The names of those whom something was given to, or in whose queue it moved."""
    ids = {str(act.data["to"]) for act in acts if act.verb in GIVEN and act.data.get("to")}
    return {str(user.pk): str(user) for user in User.objects.filter(pk__in=ids)} if ids else {}


def detail_of(act: Act, people: dict[str, str]) -> str:
    say = DETAILS.get(act.verb)
    return say(act, people) if say else ""


def _outcome(act: Act, people: dict[str, str]) -> str:
    return OutcomeKind(act.why).label.lower() if act.why in OutcomeKind.values else act.why


def _taker(act: Act, people: dict[str, str]) -> str:
    return people.get(str(act.data.get("to")), _("nobody"))


def _until(act: Act, people: dict[str, str]) -> str:
    return _(" until %(day)s") % {"day": _day(str(act.data.get("until") or act.data.get("next_step_on") or ""))}


def _next(act: Act, people: dict[str, str]) -> str:
    on = act.data.get("next_step_on")
    return _("; next step on %(day)s") % {"day": _day(str(on))} if on else ""


def _role(act: Act, people: dict[str, str]) -> str:
    role = str(act.data.get("role", "")).replace("_", " ")
    return _("%(role)s is now %(who)s") % {"role": role, "who": act.data.get("to") or _("nobody")}


def _rule(act: Act, people: dict[str, str]) -> str:
    """Which fields a house rule was changed in."""
    before = act.data.get("before", {})
    return ": " + ", ".join(_field(name, before.get(name), value) for name, value in act.data.get("after", {}).items())


def _field(name: str, before: object, after: object) -> str:
    """A field that was changed; a yes or no with what it was and what it is."""
    words = str(FIELDS.get(name, name.replace("_", " ")))
    return f"{words}: {_yes(before)} → {_yes(after)}" if isinstance(after, bool) else words


def _yes(value: object) -> str:
    return _("yes") if value else _("no")


def _other(act: Act, people: dict[str, str]) -> str:
    """The account that became part of another one."""
    return str(act.data.get("name") or _("another account"))


def _changed(act: Act, people: dict[str, str]) -> str:
    """Which of its terms; that it was switched on or off is said as such."""
    names = [str(name) for name in act.data.get("changed", act.data)]
    words = [_field(name, *_both(act.data.get(name))) for name in names if name != "is_on"]
    if "is_on" in names:
        words.append(_("switched on") if act.data.get("is_on") else _("switched off"))
    return ": " + ", ".join(words) if words else ""


def _both(kept: object) -> tuple[object, object]:
    """What a term was and is: both are kept, or only what it is, which for a yes or no says the other too."""
    return (kept[0], kept[1]) if isinstance(kept, list) and len(kept) == 2 else (not kept, kept)


def _counts(act: Act, people: dict[str, str]) -> str:
    total = sum(act.data.get("counts", {}).values()) or act.data.get("restored") or act.data.get("tasks")
    return _(": %(n)d in all") % {"n": total} if total else ""


def _imported(act: Act, people: dict[str, str]) -> str:
    """Who sent a file, and how many of its rows were taken, so all but the refused; an end before its last is said."""
    counts = act.data.get("counts", {})
    lost = counts.get(Landing.REJECTED, 0)
    taken = sum(counts.values()) - lost
    if act.data.get("status") == ImportStatus.FAILED:
        words = ngettext("failed%(whose)s: %(n)s row was imported", "failed%(whose)s: %(n)s rows were imported", taken)
        words = _("failed%(whose)s: %(n)s of the first %(all)s rows were imported") if lost else words
    else:
        words = ngettext("was imported%(whose)s: %(n)s row", "was imported%(whose)s: %(n)s rows", taken)
        words = _("was imported%(whose)s: %(n)s of %(all)s rows") if lost else words
    sums = {"n": taken, "all": taken + lost}
    said = {name: formats.number_format(count, 0, force_grouping=True) for name, count in sums.items()}
    return words % {**said, "whose": _(" for %(who)s") % {"who": act.by} if act.by else ""}


def _released(act: Act, people: dict[str, str]) -> str:
    """In whose queue a task came from Later; why somebody is held out no longer."""
    if act.subject_type == "task":
        who = people.get(str(act.data.get("to")))
        return _(", in the queue of %(who)s") % {"who": who} if who else ""
    why = str(act.data.get("because", ""))
    return str(Release(why).label).lower() if why in Release.values else ""


def _many(act: Act, people: dict[str, str]) -> str:
    return _(": %(what)s, %(n)d tasks") % {"what": act.why, "n": len(act.data.get("tasks", ()))}


def _period(act: Act, people: dict[str, str]) -> str:
    """Days of whoever is away: the moments are written in their zone."""
    return _(" from %(first)s to %(last)s") % {
        "first": _day(str(act.data.get("from", ""))[: len("2026-03-31")]),
        "last": _day(_before(str(act.data.get("to", "")))[: len("2026-03-31")]),
    }


def _day(text: str) -> str:
    """A day or a moment of an act's data, as the reader writes days."""
    try:
        day = date.fromisoformat(text) if len(text) == len("2026-03-31") else _local(text)
    except ValueError:
        return text
    return formats.date_format(day, "j M Y")


def _before(text: str) -> str:
    """The last moment before the one at which a period ends."""
    try:
        return (datetime.fromisoformat(text) - timedelta(seconds=1)).isoformat()
    except ValueError:
        return text


def _local(text: str) -> date:
    return timezone.localtime(datetime.fromisoformat(text)).date()


def _from(act: Act, people: dict[str, str]) -> str:
    """From when on it is in force, where that was later."""
    begins = act.data.get("begins")
    is_later = begins and datetime.fromisoformat(str(begins)) > act.at
    return _(", in force from %(day)s") % {"day": _day(str(begins))} if is_later else ""


DETAILS: dict[str, Callable[[Act, dict[str, str]], str]] = {
    "closed": _outcome,
    "published": _from,
    "assigned": _taker,
    "snoozed": _until,
    "waiting": _until,
    "touched": _next,
    "appointed": _role,
    "handed_over": _counts,
    "took_back": _counts,
    "away": _period,
    "changed": _changed,
    "imported": _imported,
    "rule_changed": _rule,
    "merged": _other,
    "parted": _other,
    "bulk": _many,
    "released": _released,
}
