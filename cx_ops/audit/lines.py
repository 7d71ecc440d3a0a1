"""Acts in words: the sentence of each, with the names of what it was done to, for a page or a file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import NamedTuple
from uuid import UUID

from django.db.models import QuerySet
from django.urls import reverse
from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.bulk import fetch_all
from core.models import Act, User
from cx_ops.audit.subjects import SUBJECTS, key_of
from cx_ops.audit.trail import after, cursor_of
from cx_ops.audit.words import ACTORS, KINDS, UNNAMED
from decisions.enums import OutcomeKind, Release
from intake.enums import ImportStatus, Landing
from playbooks.services.leaving import HANDED_OVER, TAKEN_BACK

AT_ONCE = 2000
# Verbs whose act names somebody by id.
GIVEN = {"assigned", "released"}
RULE_VERBS = {"rule_added", "rule_changed", "rule_removed"}
# Verbs whose reason is the outcome, the step or the subject, which the sentence says.
WHY_IS_SAID = {"closed", "opened", "wrote", "sent", "started", "step_done", "step_undone", "undone", "bulk"}


class Named(NamedTuple):
    """What an act was done to: its name, its account's, and what its address takes."""

    name: str
    account_id: UUID | None
    account: str
    link: str = ""


@dataclass(frozen=True)
class Line:
    """One act in words."""

    act: Act
    named: Named
    detail: str
    is_undone: bool
    has_left: bool = False

    @property
    def who(self) -> str:
        return str(self.act.by) if self.act.by else actor_words(self.act.actor)

    @property
    def post(self) -> str:
        """What somebody of no team is here; who is in a team stands on its board."""
        by = self.act.by
        return str(by.get_role_display()).lower() if by and by.team_id is None else ""

    @property
    def kind(self) -> str:
        known = KINDS.get((self.act.verb, self.act.subject_type))
        return f"{known.group}: {known.name}" if known else self.act.verb

    @property
    def text(self) -> str:
        """The sentence, plain."""
        return self._template().format(**self._parts())

    @property
    def html(self) -> SafeString:
        """The sentence with the names made strong."""
        strong = {
            name: format_html("<strong>{}</strong>", value) if name in ("what", "account") and value else value
            for name, value in self._parts().items()
        }
        if self.post:
            strong["who"] = format_html('{} <span class="quiet">({})</span>', self.who, self.post)
        return format_html(self._template(), **strong)

    @property
    def why(self) -> str:
        """The reason given, unless the sentence has said it already."""
        return "" if self.act.verb in WHY_IS_SAID else self.act.why

    @property
    def url(self) -> str:
        """Where it can be looked at, if it has an address and is still there."""
        of = SUBJECTS.get(self.act.subject_type)
        return reverse(of.url, args=[self.named.link]) if of and of.url and self.named.link else ""

    @property
    def can_be_undone(self) -> bool:
        return self.act.verb == HANDED_OVER and "moves" in self.act.data and not (self.is_undone or self.has_left)

    def _template(self) -> str:
        known = KINDS.get((self.act.verb, self.act.subject_type))
        if known and known.alone and not self.named.account:
            return str(known.alone)
        return str(known.sentence if known else UNNAMED)

    @property
    def _is_of_feed(self) -> bool:
        return self.act.subject_type == "task" and bool(self.named.name) and self.named.account_id is None

    def _parts(self) -> dict[str, str]:
        return {
            "who": self.who,
            "what": self.named.name,
            "account": self.named.account or (_("a feed") if self._is_of_feed else _("an account")),
            "detail": self.detail,
            "verb": self.act.verb,
        }


def fold(lines: Iterable[Line]) -> list[list[Line]]:
    """Neighbours that one actor did in one minute with one verb, together; what can be taken back stands alone."""
    return [list(alike) for _key, alike in groupby(lines, key=_likeness)]


def _likeness(line: Line) -> tuple[object, ...]:
    act = line.act
    alone = act.pk if line.can_be_undone or line.is_undone else None
    return act.by_id, act.actor, act.verb, act.subject_type, act.at.replace(second=0, microsecond=0), alone


def actor_words(actor: str) -> str:
    """Who acted, where it was no person."""
    return str(ACTORS.get(actor, actor[:1].upper() + actor[1:]))


def in_words(acts: Iterable[Act]) -> list[Line]:
    """These acts as lines, with two queries for all of them."""
    acts = list(acts)
    names = _names(acts)
    undone = _undone(acts)
    gone = _gone(acts)
    people = _people(acts)
    return [
        Line(act, names.get((act.subject_type, act.subject_id), _called(act)), _detail(act, people),
             str(act.pk) in undone, act.subject_id in gone)
        for act in acts
    ]  # fmt: skip


def _called(act: Act) -> Named:
    """What is gone, or has no name to look up: a house rule by the name that it had."""
    return Named(str(act.data.get("name", "")) if act.verb in RULE_VERBS else "", None, "")


def all_in_words(acts: QuerySet[Act]) -> Iterator[Line]:
    """All of `acts`, newest first, a few thousand at a time: for a file."""
    cursor = ""
    while page := list(after(acts, cursor)[:AT_ONCE]):
        yield from in_words(page)
        cursor = cursor_of(page[-1])


def _names(acts: Iterable[Act]) -> dict[tuple[str, str], Named]:
    ids: dict[str, set[str]] = defaultdict(set)
    for act in acts:
        if act.subject_type in SUBJECTS:
            ids[act.subject_type].add(act.subject_id)
    if not ids:
        return {}
    sql = " UNION ALL ".join(_select_names(type) for type in ids)
    rows = fetch_all(sql, [sorted(found) for found in ids.values()])
    return {
        (type, id): Named(_short(name or "", account or ""), account_id, account or "", link)
        for type, id, name, account_id, account, link in rows
    }


def _select_names(type: str) -> str:
    of, key = SUBJECTS[type], key_of(type)
    columns = f"'{type}', {key}::text, ({of.name})::text, a.id, a.name, ({of.link or key})::text"
    return (
        f"SELECT {columns} FROM {of.rows} LEFT JOIN accounts_account a ON a.id = {of.account}"  # noqa: S608 - from SUBJECTS  # nosec B608
        f" WHERE {key} = ANY(%s::{of.key}[])"
    )


def _short(name: str, account: str) -> str:
    """`name` without the account, which the sentence says already."""
    return name.replace("{account}", account).removesuffix(f": {account}")


def _undone(acts: Iterable[Act]) -> set[str]:
    """Which of these hand-overs were taken back."""
    of = [str(act.pk) for act in acts if act.verb == HANDED_OVER]
    if not of:
        return set()
    return set(Act.objects.filter(verb=TAKEN_BACK, data__of__in=of).values_list("data__of", flat=True))


def _gone(acts: Iterable[Act]) -> set[str]:
    """Of those whose work was handed over, by id, who has left: nothing can be theirs again."""
    ids = {act.subject_id for act in acts if act.verb == HANDED_OVER}
    left = User.objects.filter(pk__in=ids, is_active=False).values_list("pk", flat=True) if ids else ()
    return {str(pk) for pk in left}


def _people(acts: Iterable[Act]) -> dict[str, str]:
    """The names of those whom something was given to, or in whose queue it moved."""
    ids = {str(act.data["to"]) for act in acts if act.verb in GIVEN and act.data.get("to")}
    return {str(user.pk): str(user) for user in User.objects.filter(pk__in=ids)} if ids else {}


def _detail(act: Act, people: dict[str, str]) -> str:
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
    return ": " + ", ".join(name.replace("_", " ") for name in act.data.get("after", {}))


def _other(act: Act, people: dict[str, str]) -> str:
    """The account that became part of another one."""
    return str(act.data.get("name") or _("another account"))


def _changed(act: Act, people: dict[str, str]) -> str:
    """Which of its terms; that it was switched on or off is said as such."""
    names = [str(name) for name in act.data.get("changed", act.data)]
    words = [_("address") if name == "url" else name.replace("_", " ") for name in names if name != "is_on"]
    if "is_on" in names:
        words.append(_("switched on") if act.data.get("is_on") else _("switched off"))
    return ": " + ", ".join(words) if words else ""


def _counts(act: Act, people: dict[str, str]) -> str:
    total = sum(act.data.get("counts", {}).values()) or act.data.get("restored") or act.data.get("tasks")
    return _(": %(n)d in all") % {"n": total} if total else ""


def _imported(act: Act, people: dict[str, str]) -> str:
    """How many rows of a file were taken: all but those that were refused; an end before the file's is said."""
    counts = act.data.get("counts", {})
    lost = counts.get(Landing.REJECTED, 0)
    taken = sum(counts.values()) - lost
    if act.data.get("status") == ImportStatus.FAILED:
        words = ngettext("failed: %(n)s row was imported", "failed: %(n)s rows were imported", taken)
        words = _("failed: %(n)s of the first %(all)s rows were imported") if lost else words
    else:
        words = ngettext("was imported: %(n)s row", "was imported: %(n)s rows", taken)
        words = _("was imported: %(n)s of %(all)s rows") if lost else words
    sums = {"n": taken, "all": taken + lost}
    return words % {name: formats.number_format(count, 0, force_grouping=True) for name, count in sums.items()}


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


DETAILS: dict[str, Callable[[Act, dict[str, str]], str]] = {
    "closed": _outcome,
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
