"""Who says what about an account: for each field what holds and what lost, its records, and its merges."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from uuid import UUID

from django.utils.translation import gettext as _

from accounts.models import Account, Link, Merge
from accounts.queries.pairs import in_words
from accounts.queries.policies import current_policy
from accounts.queries.shown import ORDER, label_of, names_of, text_of
from accounts.queries.values import Value
from accounts.rules.projection import FieldRule, Policy, Said, is_too_old, rank
from intake.models import Source


@dataclass(frozen=True)
class SaidLine:
    """What one source says of one field; `why` it does not hold, empty where it does."""

    value: str
    source: str
    at: datetime | None
    why: str = ""


@dataclass(frozen=True)
class SaidField:
    field: str
    label: str
    holds: SaidLine | None
    lost: list[SaidLine]


@dataclass(frozen=True)
class LinkLine:
    """A record of the account, and why we hold it to be the account's."""

    link: Link
    source: str
    words: str


@dataclass(frozen=True)
class Identity:
    fields: list[SaidField]
    links: list[LinkLine]
    merges: list[Merge]


def account_identity(account: Account, now: datetime, hidden: Collection[str] = ()) -> Identity:
    """What the page of who says what shows, without the fields in `hidden`; seven queries at most."""
    links = list(Link.objects.filter(account=account, revoked_at=None))
    names = {source.id: source.name for source in Source.objects.filter(pk__in={link.source_id for link in links})}
    merges = Merge.objects.filter(survivor=account).select_related("merged", "by", "undone_by")
    return Identity(
        fields=[one for one in _fields(links, names, current_policy(), now) if f"accounts.{one.field}" not in hidden],
        links=[
            LinkLine(link, names.get(link.source_id, ""), in_words(link.rule, link.evidence, hidden))
            for link in links
            if link.namespace_id is not None
        ],
        merges=list(merges),
    )


def _fields(links: list[Link], names: Mapping[UUID, str], policy: Policy, now: datetime) -> list[SaidField]:
    sayings: dict[str, list[Said]] = {}
    for link in links:
        for field, (value, at, id) in link.values.items():
            sayings.setdefault(field, []).append(Said(value, at, id, link.source_id, link.namespace_id is None))
    values = [_as_value(field, said, names) for field, all_said in sayings.items() for said in all_said]
    people = names_of(values)
    shown = [_field(field, all_said, policy, names, people, now) for field, all_said in sayings.items()]
    places = {field: place for place, field in enumerate(ORDER)}
    return sorted(shown, key=lambda one: (places.get(one.field, len(ORDER)), one.label))


def _field(
    field: str, sayings: list[Said], policy: Policy, names: Mapping[UUID, str], people: Mapping[str, str], now: datetime
) -> SaidField:
    return said_field(
        field, sayings, policy.rule(field), names, now, lambda said: text_of(_as_value(field, said, names), people)
    )


def said_field(
    field: str, sayings: Sequence[Said], rule: FieldRule | None, names: Mapping[UUID, str], now: datetime,
    text: Callable[[Said], str],
) -> SaidField:  # fmt: skip
    """What is said of one field, what holds first. `text`: a value in words; `names`: of the sources."""
    ranked = rank(sayings, rule, now)
    if ranked and not ranked[0].by_person:  # of sources that say what holds, whoever has said it longest
        same = [said for said in ranked if said.value == ranked[0].value and not said.by_person]
        longest = min(same, key=attrgetter("at"))
        ranked = [longest, *(said for said in ranked if said is not longest)]
    first = ranked[0] if ranked else None
    lost = [*ranked[1:], *(said for said in sayings if said not in ranked)]

    def line(said: Said, why: str = "") -> SaidLine:
        words = _("(empty)") if said.value is None else text(said)
        return SaidLine(words, names.get(said.source, ""), datetime.fromisoformat(said.at) if said.at else None, why)

    return SaidField(
        field=field,
        label=label_of(field),
        holds=line(first) if first else None,
        lost=[line(said, _why(said, first, rule, names, now)) for said in lost],
    )


def _why(said: Said, first: Said | None, rule: FieldRule | None, names: Mapping[UUID, str], now: datetime) -> str:
    """Why a saying does not hold, in a few words."""
    if first is None or said.value is None:
        return _("a blank is ignored here")
    if said.value == first.value:
        return _("says the same")
    if rule is not None and said.who in rule.sources and is_too_old(said, rule, now):
        return _("older than %d days") % rule.max_age_days
    if rule is not None and first.who in rule.sources and said.who != first.who:
        who = _("what was typed here") if first.by_person else names.get(first.source, "")
        return _("%s is believed first") % who
    return _("an older one") if said.at <= first.at else _("it was filled already")


def _as_value(field: str, said: Said, names: Mapping[UUID, str]) -> Value:
    at = datetime.fromisoformat(said.at)
    return Value(field, said.value, names.get(said.source, ""), at, at)


def survivor_of(account: Account) -> UUID | None:
    """The account that this one was merged into, if it was: no query for an account that is not archived."""
    if account.archived_at is None:
        return None
    return Merge.objects.filter(merged=account, undone_at=None).values_list("survivor_id", flat=True).first()
