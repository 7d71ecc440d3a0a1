"""Pairs of accounts, or of contacts, that may be one: side by side, with what speaks for and against it in words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Count, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.enums import Evidence, Verdict
from accounts.models import Account, Contact, Contract, Link, Pair
from accounts.queries.people import contact_text, records_of, sayings_of, written
from accounts.queries.policies import current_policy
from accounts.queries.shown import ORDER, label_of, names_of, text_of
from accounts.queries.values import Value
from accounts.rules.alike import NAMES_AGREE, Part
from accounts.rules.matching import NAMES_DIFFER, leans_to_one
from accounts.rules.people import FIELDS, shown
from accounts.rules.projection import Policy, Said, choose
from core.models import User
from intake.models import Source
from intake.queries.privacy import hidden_fields

RECENT = 8
# The place of a pair is told among so many that wait.
FOUND_IN = 1000


@dataclass(frozen=True)
class Row:
    """One line of two side by side, and what would stand there once they are one."""

    label: str
    first: str
    second: str
    after: str = ""
    is_field: bool = True

    @property
    def differs(self) -> bool:
        return self.is_field and bool(self.first and self.second) and self.first != self.second

    @property
    def agrees(self) -> bool:
        return self.is_field and bool(self.first) and self.first == self.second


@dataclass(frozen=True)
class PairPage:
    """A pair to decide, how many wait, and how many others have the same evidence.

    stays: the one whose page a merge keeps; None of contacts. renamed: what it would be called, where not as now.
    names: what it can be called, in the order of the columns; empty where there is no choice. name: which of them it is
    called unless somebody chooses. leans: the evidence speaks for one. place: which of those that wait it is, 0 where
    it does not.
    """

    pair: Pair
    words: list[str]
    rows: list[Row]
    waiting: int
    others: int
    leans: bool
    stays: Account | None
    renamed: str
    names: list[str]
    name: str
    place: int


# Why the ladder did not simply join them.
AGAINST = {
    "name": gettext_lazy("That is not enough to join them automatically."),
    "several": gettext_lazy("Several accounts hold it, and more than one of them has such a name."),
    "two_ids": gettext_lazy("One source calls them by two ids, which it gives to different accounts."),
    "two_subscriptions": gettext_lazy("They have two subscriptions."),
    "two_tax_ids": gettext_lazy("They have two tax numbers, which differ by more than a slip of the hand."),
}
AGAINST_ONE_PERSON = AGAINST | {
    "several": gettext_lazy("Several people there have it, and more than one of them is called so."),
    "two_ids": gettext_lazy("One source calls them by two ids, which it gives to different people."),
}


class Decided(NamedTuple):
    """A pair that a person has decided, and what spoke for it."""

    pair: Pair
    words: str


def older_first(one: Account, other: Account) -> tuple[Account, Account]:
    """Which of two a merge keeps, and which becomes part of it."""
    older, newer = sorted((one, other), key=lambda account: (account.created_at, account.pk))
    return older, newer


def name_to_keep(one: Account, other: Account) -> str:
    """What two are called as one unless a person chooses: as the one that more ids lead to, of equals the older.

    `""` where there is nothing to choose: they are called alike, or a rule says whose name is shown.
    """
    return _better_known(one, other, _links(one, other), current_policy())


def _better_known(one: Account, other: Account, links: list[Link], policy: Policy) -> str:
    if one.name == other.name or not policy.typed_holds("name"):
        return ""
    return max(older_first(one, other), key=lambda account: sum(_is_called(link, account.pk) for link in links)).name


def _links(one: Account, other: Account) -> list[Link]:
    return list(Link.objects.filter(account__in=(one, other), revoked_at=None))


def next_pair(user: User, now: datetime, pair_id: UUID | None = None) -> PairPage | None:
    """The pair to decide next, or the one that was asked for; None: nothing waits."""
    seen = Pair.objects.visible_to(user)
    waiting = seen.waiting()
    pair = (seen.filter(pk=pair_id) if pair_id else waiting).with_sides().first()
    if pair is None:
        return None
    hidden, policy = hidden_fields(user), current_policy()
    one, other = pair.sides
    stays, name, renamed = None, "", ""
    if isinstance(one, Account) and isinstance(other, Account):
        stays = older_first(one, other)[0]
        links = _links(one, other)
        rows = _side_by_side(one.pk, other.pk, links, hidden, policy, now)
        name, renamed = _better_known(one, other, links, policy), _renamed(stays, rows)
        rows = [replace(row, after=_("as chosen above")) if name and is_name(row) else row for row in rows]
    else:
        rows = _people_side_by_side(one, other, hidden, policy, now)
    patterns = dict(waiting.values_list("pk", "pattern")[:FOUND_IN])
    order, others = list(patterns), sum(patterns[id] == pair.pattern for id in patterns if id != pair.pk)
    is_all = len(order) < FOUND_IN
    place = order.index(pair.pk) + 1 if pair.pk in order else 0
    return PairPage(
        pair=pair,
        words=evidence_of(pair, hidden),
        rows=rows,
        waiting=len(order) if is_all else waiting.count(),
        others=others if is_all else waiting.filter(pattern=pair.pattern).exclude(pk=pair.pk).count(),
        leans=leans_to_one(pair.evidence),
        stays=stays,
        renamed=renamed,
        names=[str(side.name) for side in pair.sides] if name else [],
        name=name,
        place=place,
    )


def side_by_side(one: Account, other: Account, user: User, now: datetime) -> list[Row]:
    """What each of two accounts shows, what they would show as one, and how they are called in their sources."""
    return _side_by_side(one.pk, other.pk, _links(one, other), hidden_fields(user), current_policy(), now)


def _renamed(stays: Account, rows: list[Row]) -> str:
    """What the account that stays would be called; `""` where that is its name."""
    return next((row.after for row in rows if is_name(row) and row.after != stays.name), "")


def is_name(row: Row) -> bool:
    return row.label == label_of("name")


def decided_pairs(user: User) -> list[Decided]:
    """What was said lately, the newest first."""
    pairs = Pair.objects.visible_to(user).exclude(verdict=Verdict.OPEN).exclude(decided_by=None)
    lately = pairs.with_sides().select_related("decided_by").order_by("-decided_at")[:RECENT]
    hidden = hidden_fields(user)
    return [Decided(pair, same_in_words(pair.rule, pair.evidence, hidden, _kind(pair))) for pair in lately]


def evidence_of(pair: Pair, hidden: Collection[str]) -> list[str]:
    """What speaks for and against it, in sentences, without what the reader may not see."""
    reasons = AGAINST if pair.first_id else AGAINST_ONE_PERSON
    against = reasons.get(pair.evidence.get("why", ""))
    return [in_words(pair.rule, pair.evidence, hidden, _kind(pair)), *([str(against)] if against else [])]


def _kind(pair: Pair) -> str:
    """The kind of record whose fields the evidence is of."""
    return "accounts" if pair.first_id else "contacts"


# Rung → what is the same, and the fields that say it.
SAME = {
    Evidence.SUBSCRIPTION: (gettext_lazy("Same subscription"), ("fields.subscription_id",)),
    Evidence.TAX_ID: (gettext_lazy("Same tax number"), ("fields.tax_id",)),
    Evidence.EMAIL: (gettext_lazy("Same e-mail address"), ("fields.email", "email")),
    Evidence.DOMAIN: (gettext_lazy("Same domain"), ("domain",)),
    Evidence.PHONE: (gettext_lazy("Same phone number"), ("fields.phone", "phone")),
    Evidence.BORN_ON: (gettext_lazy("Same birth date and postcode"), ("fields.born_on", "fields.postcode")),
    Evidence.ADDRESS: (gettext_lazy("Same address"), ("fields.street", "fields.postcode")),
}
ALL_THE_SAME = 100
ALIKE = (
    (NAMES_AGREE, gettext_lazy("names agree")), (NAMES_DIFFER, gettext_lazy("names are alike")),
    (0, gettext_lazy("names do not agree")),
)  # fmt: skip


def in_words(rule: str, evidence: Mapping[str, Any], hidden: Collection[str] = (), kind: str = "accounts") -> str:
    """Why something was held to be one account, or one person."""
    same, score = same_in_words(rule, evidence, hidden, kind), evidence.get("name_score")
    if score is None or not (same or rule == Evidence.NAME):
        return same or str(evidence.get("why") or Evidence(rule).label)
    alike = next(words for least, words in ALIKE if score >= least)
    names = _("Their %(alike)s (%(score)d of 100).") % {"alike": alike, "score": score}
    figures = evidence.get("parts", {})
    parts = [_part(part, figures[part]) for part in Part if part in figures and part != Part.NAME]
    return " ".join([*([same] if same else []), names, *([_("Beside them: %s.") % ", ".join(parts)] if parts else [])])


def same_in_words(rule: str, evidence: Mapping[str, Any], hidden: Collection[str], kind: str = "accounts") -> str:
    """What is the same, with its value where the reader may see it; empty where a person said so."""
    value = evidence.get("value", "")
    if rule not in SAME or not value:
        return ""
    words, fields = SAME[Evidence(rule)]
    return f"{words}." if {f"{kind}.{field}" for field in fields} & set(hidden) else f"{words} {value}."


def _part(name: str, score: int) -> str:
    field = label_of(name).lower()
    if score == ALL_THE_SAME:
        return _("%s the same") % field
    return _("%(field)s %(score)d of 100") % {"field": field, "score": score}


def _people_side_by_side(one: Any, other: Any, hidden: frozenset[str], policy: Policy, now: datetime) -> list[Row]:
    """Two records of contacts, what both say first, and how their sources call them; then what one person shows."""
    as_one = shown([sayings_of(record) for record in records_of([one.pk, other.pk])], policy, now)
    names = dict(Source.objects.filter(pk__in={one.source_id, other.source_id}).values_list("id", "name"))
    rows = [
        Row(label_of(name), contact_text(one, name), contact_text(other, name), written(name, as_one[name]))
        for name in (*FIELDS, "do_not_contact") if f"contacts.{name}" not in hidden
    ]  # fmt: skip
    rows = [row for row in rows if row.first or row.second]
    rows.sort(key=lambda row: not (row.first and row.second))
    first, second = (f"{names.get(side.source_id, _('a person'))}: {side.external_id}" for side in (one, other))
    return [*rows, Row(_("Id there"), first, second, _("both"), is_field=False)]


def _side_by_side(
    one: UUID, other: UUID, links: list[Link], hidden: frozenset[str], policy: Policy, now: datetime
) -> list[Row]:
    sources = dict(Source.objects.filter(pk__in={link.source_id for link in links}).values_list("id", "name"))
    sides = {id: _shown([link for link in links if link.account_id == id], policy, now) for id in (one, other)}
    order = dict.fromkeys(("name", "domain", *ORDER))
    places = {field: place for place, field in enumerate(order)}
    after = _shown(links, policy, now)
    people = names_of([value for values in (*sides.values(), after) for value in values.values()])

    def text(values: Mapping[str, Value], field: str) -> str:
        return text_of(values[field], people) if field in values else ""

    def called(id: UUID) -> str:
        names = (f"{sources.get(link.source_id, '')}: {link.external_id}" for link in links if _is_called(link, id))
        return ", ".join(names)

    seen = {field for field in (*sides[one], *sides[other]) if f"accounts.{field}" not in hidden}
    fields = sorted(seen, key=lambda field: (places.get(field, len(places)), field))
    rows = [
        Row(label_of(field), text(sides[one], field), text(sides[other], field), text(after, field)) for field in fields
    ]
    rows.sort(key=lambda row: not (row.first and row.second))  # what both say comes first
    rows.append(Row(_("Ids in its sources"), called(one), called(other), _("all of them"), is_field=False))
    for label, held in (
        (_("Contacts"), Contact.objects.filter(same_as=None)),
        (_("Contracts"), Contract.objects.all()),
    ):
        counts = _counts(held, [one, other])
        mine, theirs = counts.get(one, 0), counts.get(other, 0)
        rows.append(Row(label, str(mine), str(theirs), str(mine + theirs), is_field=False))
    return rows


def _is_called(link: Link, account_id: UUID) -> bool:
    return link.account_id == account_id and link.namespace_id is not None


def _shown(links: list[Link], policy: Policy, now: datetime) -> dict[str, Value]:
    """Field → what an account with these records shows: who is believed says which of them holds."""
    said: dict[str, list[Said]] = defaultdict(list)
    for link in links:
        for field, (value, at, id) in link.values.items():
            said[field].append(Said(value, at, id, link.source_id, link.namespace_id is None))
    chosen = {field: choose(sayings, policy.rule(field), now) for field, sayings in said.items()}
    return {
        field: Value(field, one.value, "", now, now) for field, one in chosen.items() if one and one.value is not None
    }


def _counts(held: QuerySet[Any], ids: list[UUID]) -> dict[UUID, int]:
    rows = held.filter(account__in=ids).order_by().values_list("account").annotate(count=Count("id"))
    return dict(rows)
