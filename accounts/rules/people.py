"""Which contacts of one account are one person, and what such a person shows. Pure.

Contacts climb the ladder of `matching` with rungs of their own, all of one account at once and always in the same
order: who is held to be one follows from what is there, not from what came first. An e-mail address is enough where
names do not contradict each other; a phone number or a name never is, and leaves a pair for a person.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from accounts.enums import Evidence, Matching, Stakeholder
from accounts.rules.alike import NAMES_AGREE, Part, Parts
from accounts.rules.identity import is_placeholder, plain_words
from accounts.rules.keys import email_key, phone_key
from accounts.rules.matching import NAMES_DIFFER, Index, Match, Rung, Sighted, match_all
from accounts.rules.projection import FieldRule, Policy, Said, choose

# More than all that can be had: such a rung asks, and never decides.
NEVER = 101
RUNGS = (
    Rung(Evidence.EMAIL, 0.97, strict=NAMES_DIFFER, relaxed=NAMES_DIFFER),
    Rung(Evidence.PHONE, 0.9, strict=NEVER, relaxed=NEVER, ask=NAMES_AGREE),
    Rung(Evidence.NAME, 0.5, strict=NEVER, relaxed=NEVER, ask=NAMES_AGREE, within=False),
)
# Mailboxes that several people read: whoever has one as their address is not told by it.
BOXES = """
abuse account accounting accounts accountspayable admin administrator ap ar billing bookings buchhaltung bureau careers
compliance contact contracts customercare customerservice customersupport desk donotreply einkauf enquiries finance
frontdesk general hello help helpdesk hi hostmaster hr info information inquiries invoice invoices invoicing it
itsupport jobs kontakt legal mail mailbox marketing media news newsletter noc noreply office operations ops order orders
partners payable payables payments people postmaster press privacy procurement purchasing rechnung reception recruiting
root sales secretary security service services shop smtp staff success support sysadmin team tech technik training
vertrieb web webmaster welcome
"""
SHARED_BOXES = frozenset(BOXES.split())


class Card(NamedTuple):
    """What one source says of a contact, as far as it tells who they are."""

    id: UUID
    source: UUID
    external_id: str
    name: str
    email: str
    phone: str


class Edge(NamedTuple):
    """Two records of contacts that are held to be one person, or (`doubt`) may be one; `first` comes first in order."""

    first: UUID
    second: UUID
    rule: Evidence
    evidence: Mapping[str, object]
    doubt: bool

    @property
    def pattern(self) -> str:
        return f"contact:{self.rule.value}:{self.evidence.get('why', '')}"


def email_of(text: str) -> str:
    """The address as it may tell who somebody is; empty for one that several people read."""
    email = email_key(text)
    box = re.sub(r"[._-]", "", email.partition("@")[0].partition("+")[0])
    return "" if box in SHARED_BOXES or is_placeholder(box) else email


def keys_of(card: Card) -> dict[Evidence, str]:
    """By what the card is looked up: names by the first letters of their words, whatever their order."""
    words = _words(card.name)
    letters = "".join(sorted(word[0] for word in words)) if len(words) > 1 else ""
    keys = {Evidence.EMAIL: email_of(card.email), Evidence.PHONE: phone_key(card.phone), Evidence.NAME: letters}
    return {rule: key for rule, key in keys.items() if key}


def hold_together(
    cards: Iterable[Card], *, same: Collection[tuple[UUID, UUID]] = (), apart: Collection[tuple[UUID, UUID]] = ()
) -> list[Edge]:
    """What the ladder says of the contacts of one account: who is one person, and who may be.

    same: those that are one already, by a person's word or from before; apart: those of whom a person said that they
    are two, which nothing outweighs.
    """
    ordered = sorted(cards, key=lambda card: (str(card.source), card.external_id))
    if len(ordered) < 2:
        return []
    keys = {card.id: keys_of(card) for card in ordered}
    borne = Counter(key for each in keys.values() for key in each.items())
    if max(borne.values(), default=0) < 2:
        return []
    heads = heads_of([card.id for card in ordered], same)
    number = {card.id: UUID(int=place) for place, card in enumerate(ordered, 1)}
    whose = {number[id]: id for id in number}
    forbidden: dict[UUID, set[UUID]] = {}
    for one, other in apart:
        if one in number and other in number:
            forbidden.setdefault(number[one], set()).add(number[other])
            forbidden.setdefault(number[other], set()).add(number[one])
    index = Index(forbidden)
    grouped = {heads[card.id] for card in ordered if heads[card.id] != card.id}
    for card in ordered:
        index.members[number[heads[card.id]]].add(number[card.id])
        if heads[card.id] in grouped:
            index.add(number[heads[card.id]], card.source, _parts(card), keys[card.id])
    alone = [card for card in ordered if heads[card.id] not in grouped and _is_shared(keys[card.id], borne)]
    sighted = [Sighted(number[card.id], card.source, _parts(card), keys[card.id]) for card in alone]
    matches = match_all(sighted, index, Matching.STRICT, RUNGS)
    nameless = {card.id for card in ordered if not _words(card.name)}
    edges = [edge for card, match in zip(alone, matches, strict=True) if (edge := _edge(card, match, whose))]
    return [edge for edge in edges if not _only_an_address(edge, nameless)]


def _is_shared(keys: Mapping[Evidence, str], borne: Mapping[tuple[Evidence, str], int]) -> bool:
    """Whether somebody else can be found by one of these keys: most can be by none."""
    return any(borne[key] > 1 for key in keys.items())


def heads_of(ids: Sequence[UUID], same: Collection[tuple[UUID, UUID]]) -> dict[UUID, UUID]:
    """Record → the first, in the order of `ids`, of those that are the same person."""
    place = {id: at for at, id in enumerate(ids)}
    head = {id: id for id in ids}

    def find(id: UUID) -> UUID:
        while head[id] != id:
            id = head[id]
        return id

    for one, other in same:
        if one in head and other in head:
            first, second = sorted((find(one), find(other)), key=place.__getitem__)
            head[second] = first
    return {id: find(id) for id in ids}


def _edge(card: Card, match: Match, whose: Mapping[UUID, UUID]) -> Edge | None:
    if match.rule != Evidence.NEW:
        return Edge(whose[match.account], card.id, match.rule, match.evidence, doubt=False)
    doubt = match.doubt
    return doubt and Edge(whose[doubt.other], card.id, doubt.rule, doubt.evidence, doubt=True)


def _only_an_address(edge: Edge, nameless: Collection[UUID]) -> bool:
    """Whether nothing but an address that one source has twice speaks for a doubtful pair: no reason to ask."""
    return edge.doubt and edge.evidence.get("why") == "two_ids" and (edge.first in nameless or edge.second in nameless)


@lru_cache(maxsize=65536)
def _words(name: str) -> tuple[str, ...]:
    """The words of a name; an address that stands for one is none."""
    return () if "@" in name else tuple(plain_words(name).split())


def _parts(card: Card) -> Parts:
    return {Part.NAME: card.name} if _words(card.name) else {}


# ── What a person shows ───────────────────────────────────────────────────────────────────────────────────────────

FIELDS = ("name", "email", "phone", "title", "stakeholder", "influence", "sentiment", "left_on")


@dataclass(frozen=True)
class Sayings:
    """What one source says of a contact: field → value, None where it says nothing; and since when, where it has."""

    source: UUID
    external_id: str
    values: Mapping[str, Any]
    since: Mapping[str, str] = field(default_factory=dict)
    do_not_contact: bool = False


def shown(records: Sequence[Sayings], policy: Policy, now: datetime) -> dict[str, Any]:
    """What a person shows who is known from several records; nobody is written to whom one source says not to."""
    said = {name: choose(that_count(name, said_of(name, records)), rule_of(name, policy), now) for name in FIELDS}
    found = {name: one.value if one else None for name, one in said.items()}
    return found | {"do_not_contact": any(record.do_not_contact for record in records)}


def rule_of(name: str, policy: Policy) -> FieldRule | None:
    return policy.rule(f"contacts.{name}")


def said_of(name: str, records: Sequence[Sayings]) -> list[Said]:
    """What records say of a field; nothing said, unless it was taken back, is no saying."""
    return [
        Said(record.values[name], record.since.get(name, ""), record.external_id, record.source, by_person=False)
        for record in records
        if record.values.get(name) is not None or name in record.since
    ]


def that_count(name: str, said: Sequence[Said]) -> Sequence[Said]:
    """Of names those that are spelt out, where there is one: "A. Ek" and an address say less than "Anna Ek"."""
    if name != "name":
        return said
    whole = [one for one in said if (words := _words(str(one.value or ""))) and min(map(len, words)) > 1]
    return whole or [one for one in said if _words(str(one.value or ""))] or said


def plain(name: str, value: Any) -> Any:
    """A column's value as it is said: None where the column is empty."""
    return None if value in ("", Stakeholder.UNKNOWN) else value
