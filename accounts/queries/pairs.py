"""Pairs of accounts that may be one, side by side, with what speaks for and against it in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Count
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.enums import Evidence, Verdict
from accounts.models import Contact, Contract, Link, Pair
from accounts.queries.shown import ORDER, label_of, names_of, text_of
from accounts.queries.values import Value
from accounts.rules.identity import NAMES_AGREE
from core.models import User
from intake.models import Source
from intake.queries.privacy import hidden_fields

RECENT = 8


@dataclass(frozen=True)
class Row:
    """One line of two accounts side by side."""

    label: str
    first: str
    second: str
    is_field: bool = True

    @property
    def differs(self) -> bool:
        return self.is_field and bool(self.first and self.second) and self.first != self.second

    @property
    def agrees(self) -> bool:
        return self.is_field and bool(self.first) and self.first == self.second


@dataclass(frozen=True)
class PairPage:
    """A pair to decide, how many wait, how many have the same evidence, and what was said lately."""

    pair: Pair
    words: list[str]
    rows: list[Row]
    waiting: int
    alike: int


# Why the ladder did not simply join them.
AGAINST = {
    "name": gettext_lazy("Their names do not agree, so nobody joined them."),
    "several": gettext_lazy("Several accounts hold it, and more than one of them has such a name."),
    "two_ids": gettext_lazy("One source calls them by two ids, which it gives to different accounts."),
    "two_subscriptions": gettext_lazy("They have two subscriptions."),
}


def next_pair(user: User, pair_id: UUID | None = None) -> PairPage | None:
    """The pair to decide next, or the one that was asked for; None: nothing waits."""
    seen = Pair.objects.visible_to(user).select_related("first", "second")
    waiting = seen.waiting()
    pair = (seen.filter(pk=pair_id) if pair_id else waiting).first()
    if pair is None:
        return None
    return PairPage(
        pair=pair,
        words=evidence_of(pair),
        rows=_side_by_side(pair, hidden_fields(user)),
        waiting=waiting.count(),
        alike=waiting.filter(pattern=pair.pattern).count(),
    )


def decided_pairs(user: User) -> list[Pair]:
    """What was said lately, the newest first."""
    pairs = Pair.objects.visible_to(user).exclude(verdict=Verdict.OPEN).exclude(decided_by=None)
    return list(pairs.select_related("first", "second", "decided_by").order_by("-decided_at")[:RECENT])


def evidence_of(pair: Pair) -> list[str]:
    """What speaks for and against it, in sentences."""
    against = AGAINST.get(pair.evidence.get("why", ""))
    return [in_words(pair.rule, pair.evidence), *([str(against)] if against else [])]


def in_words(rule: str, evidence: Mapping[str, Any]) -> str:
    """Why something was held to be one account."""
    value, score = evidence.get("value", ""), evidence.get("name_score")
    sentences = {
        Evidence.SUBSCRIPTION: _("Same subscription %s."),
        Evidence.EMAIL: _("Same e-mail address %s."),
        Evidence.DOMAIN: _("Same domain %s."),
    }
    if rule not in sentences or not value:
        return str(evidence.get("why") or Evidence(rule).label)
    said = str(sentences[Evidence(rule)] % value)
    if score is None:
        return said
    alike = _("names agree") if score >= NAMES_AGREE else _("names differ")
    return f"{said} " + _("Their %(alike)s (%(score)d of 100).") % {"alike": alike, "score": score}


def _side_by_side(pair: Pair, hidden: frozenset[str]) -> list[Row]:
    one, other = pair.first.pk, pair.second.pk
    links = list(Link.objects.filter(account__in=(one, other), revoked_at=None))
    sources = dict(Source.objects.filter(pk__in={link.source_id for link in links}).values_list("id", "name"))
    said = {id: _said([link for link in links if link.account_id == id]) for id in (one, other)}
    order = dict.fromkeys(("name", "domain", *ORDER))
    places = {field: place for place, field in enumerate(order)}
    people = names_of([value for values in said.values() for value in values.values()])

    def text(id: UUID, field: str) -> str:
        return text_of(said[id][field], people) if field in said[id] else ""

    def called(id: UUID) -> str:
        names = (f"{sources.get(link.source_id, '')}: {link.external_id}" for link in links if _is_called(link, id))
        return ", ".join(names)

    seen = {field for field in (*said[one], *said[other]) if f"accounts.{field}" not in hidden}
    fields = sorted(seen, key=lambda field: (places.get(field, len(places)), field))
    rows = [Row(label_of(field), text(one, field), text(other, field)) for field in fields]
    rows.append(Row(_("Called"), called(one), called(other), is_field=False))
    for label, model in ((_("Contacts"), Contact), (_("Contracts"), Contract)):
        counts = _counts(model, [one, other])
        rows.append(Row(label, str(counts.get(one, 0)), str(counts.get(other, 0)), is_field=False))
    return rows


def _is_called(link: Link, account_id: UUID) -> bool:
    return link.account_id == account_id and link.namespace_id is not None


def _said(links: list[Link]) -> dict[str, Value]:
    """Field → the newest that a record says."""
    newest: dict[str, tuple[tuple[str, str], Any, Link]] = {}
    for link in links:
        for field, (value, at, id) in link.values.items():
            if value is not None and (field not in newest or newest[field][0] < (at, id)):
                newest[field] = ((at, id), value, link)
    return {
        field: Value(field, value, "", link.created_at, link.created_at) for field, (_at, value, link) in newest.items()
    }


def _counts(model: type[Contact] | type[Contract], ids: list[UUID]) -> dict[UUID, int]:
    rows = model.objects.filter(account__in=ids).order_by().values_list("account").annotate(count=Count("id"))
    return dict(rows)
