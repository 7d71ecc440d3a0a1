"""Contacts as people: who is known from several sources, from which, and what each of them says."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from copy import copy
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Protocol
from uuid import UUID

from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.utils import formats
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.enums import Channel, ConsentState, Stakeholder
from accounts.models import Consent, Contact
from accounts.rules.people import FIELDS, Sayings, plain
from accounts.rules.permission import strictest
from intake.models import Source


@dataclass
class Person:
    """Somebody at an account: a copy of the row that stands for them with what they show, and their records.

    known_from: the sources, by name, where there are several records. consents: what holds of each channel.
    """

    contact: Contact
    records: list[Contact]
    known_from: list[str] = field(default_factory=list)
    consents: dict[Channel, ConsentState] = field(default_factory=dict)

    @property
    def ways(self) -> list[tuple[str, str]]:
        """How to reach them, each as an address of a link and in words: what they have not refused."""
        if self.contact.left_on or self.contact.do_not_contact:
            return []
        known = ((Channel.PHONE, "tel", self.contact.phone), (Channel.EMAIL, "mailto", self.contact.email))
        free = [way for way in known if way[2] and self.consents.get(way[0]) != ConsentState.REFUSED]
        return [(f"{scheme}:{''.join(value.split())}", value) for _channel, scheme, value in free]

    @property
    def feeling(self) -> str:
        """In words; "" where it is not known, or not shown."""
        feeling = self.contact.sentiment
        return "" if feeling is None else str(FEELINGS[feeling]).capitalize()

    @property
    def feeling_tone(self) -> str:
        feeling = self.contact.sentiment or 0
        return "good" if feeling > 0 else "warn" if feeling < 0 else ""

    @property
    def known_words(self) -> str:
        return get_text_list(self.known_from, _("and"))


class Row(Protocol):
    """A contact as it is kept, a model or not: `FIELDS` as attributes, and these."""

    @property
    def source_id(self) -> UUID: ...
    @property
    def external_id(self) -> str: ...
    @property
    def since(self) -> dict[str, str]: ...
    @property
    def do_not_contact(self) -> bool: ...


def sayings_of(contact: Row) -> Sayings:
    """What the row's source says."""
    values = {name: plain(name, _kept(getattr(contact, name))) for name in FIELDS}
    return Sayings(contact.source_id, contact.external_id, values, contact.since, contact.do_not_contact)


def _kept(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def as_shown(contact: Contact) -> Contact:
    """A copy of the contact with what the person shows; to be read, not to be saved."""
    person = copy(contact)
    for name, value in contact.shown.items():
        setattr(person, name, _as_column(name, value))
    return person


def _as_column(name: str, value: Any) -> Any:
    if name == "left_on":
        return date.fromisoformat(value) if value else None
    if name == "stakeholder":
        return value or Stakeholder.UNKNOWN
    return ("" if name in ("email", "phone", "title") else None) if value is None else value


def people_of(rows: QuerySet[Contact]) -> list[Person]:
    """The people whom these rows are about; each row that stands for somebody is among them. Two queries."""
    names = Source.objects.filter(pk=OuterRef("source_id")).values("name")
    records: dict[UUID, list[Contact]] = defaultdict(list)
    sources: dict[UUID, set[str]] = defaultdict(set)
    found = list(rows.annotate(source_name=Subquery(names[:1])).prefetch_related("consents"))
    for row in found:
        head = row.same_as_id or row.pk
        records[head].append(row)
        sources[head] |= {row.source_name} - {None}
    return [
        Person(as_shown(row), mine, sorted(sources[row.pk]) if len(mine) > 1 else [], consents_of(mine))
        for row in found if row.same_as_id is None and (mine := records[row.pk])
    ]  # fmt: skip


def consents_of(records: Iterable[Contact]) -> dict[Channel, ConsentState]:
    """What holds of each channel for somebody with these records: the strictest that is said of them."""
    return strictest(
        {Channel(one.channel): ConsentState(one.state) for one in record.consents.all()} for record in records
    )


def list_consents(person: Person) -> list[tuple[str, Consent]]:
    """What each record says of each channel, with the record's source where there are several."""
    said = [(record, consent) for record in person.records for consent in record.consents.all()]
    several = len(person.records) > 1
    sources = Source.objects.filter(pk__in={record.source_id for record, _consent in said}) if several else ()
    names = {source.pk: source.name for source in sources}
    said.sort(key=lambda one: (one[1].channel, one[1].pk))
    return [(names.get(record.source_id, ""), consent) for record, consent in said]


def records_of(contact_ids: Iterable[UUID]) -> QuerySet[Contact]:
    """Every row that is about one of the people whom these rows are about, with its consents. The ids cost a query."""
    some = Contact.objects.filter(pk__in=contact_ids).values_list("pk", "same_as")
    heads = {same_as or pk for pk, same_as in some}
    return Contact.objects.filter(Q(pk__in=heads) | Q(same_as__in=heads)).prefetch_related("consents").order_by("pk")


FEELINGS = {
    -2: gettext_lazy("very unhappy"), -1: gettext_lazy("unhappy"), 0: gettext_lazy("neutral"),
    1: gettext_lazy("happy"), 2: gettext_lazy("very happy"),
}  # fmt: skip
# How a field's value is said on a page, where it is not a text of its own.
WRITTEN: dict[str, Callable[[Any], str]] = {
    "stakeholder": lambda value: str(Stakeholder(value).label),
    "influence": lambda value: _("%d of 5") % value,
    "sentiment": lambda value: str(FEELINGS[value]),
    "left_on": lambda value: formats.date_format(_day(value), "j M Y"),
    "do_not_contact": lambda value: _("yes") if value else "",
}


def contact_text(contact: Contact, name: str) -> str:
    """What a record says of a field, as it is written on a page; empty where it says nothing."""
    return written(name, plain(name, getattr(contact, name)))


def written(name: str, value: Any) -> str:
    return "" if value is None else WRITTEN.get(name, str)(value)


def _day(value: Any) -> date:
    return value if isinstance(value, date) else date.fromisoformat(value)
