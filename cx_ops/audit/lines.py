"""Acts in words: the sentence of each, with the names of what it was done to, for a page or a file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple
from uuid import UUID

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from core.bulk import fetch_all
from core.models import Act, User
from cx_ops.audit.details import detail_of, people_of
from cx_ops.audit.subjects import SUBJECTS, key_of
from cx_ops.audit.trail import after, cursor_of
from cx_ops.audit.words import ACTORS, KINDS, UNNAMED
from playbooks.services.leaving import HANDED_OVER, TAKEN_BACK

AT_ONCE = 2000
RULE_VERBS = {"rule_added", "rule_changed", "rule_removed"}
# Whose acts are known by the number of the version, so that a draft that was discarded keeps its name.
BY_VERSION = {"ownershippolicy", "authoritypolicy"}
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
    people = people_of(acts)
    return [
        Line(act, names.get((act.subject_type, act.subject_id), _called(act)), detail_of(act, people),
             str(act.pk) in undone, act.subject_id in gone)
        for act in acts
    ]  # fmt: skip


def _called(act: Act) -> Named:
    """What is gone, or has no name to look up: a house rule by the name that it had, a draft by its version."""
    if act.subject_type in BY_VERSION:
        return Named(_("version %(number)s") % {"number": act.subject_id}, None, "")
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
