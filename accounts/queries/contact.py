"""Who says what about a contact: for each field what holds and what lost, the records, and why they are one person."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import NamedTuple
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.enums import Channel, ConsentState, Verdict
from accounts.models import Consent, Contact, Pair
from accounts.queries.pairs import in_words
from accounts.queries.people import Person, people_of, records_of, sayings_of, written
from accounts.queries.policies import current_policy
from accounts.queries.said import SaidField, SaidLine, said_field
from accounts.rules.people import FIELDS, rule_of, said_of, that_count
from accounts.rules.projection import Said
from core.models import User
from intake.models import Source
from intake.queries.privacy import hidden_fields


@dataclass(frozen=True)
class RecordLine:
    """A record of the person, and the pair by which it is held to be theirs: None for the one that stands for them."""

    contact: Contact
    source: str
    pair: Pair | None
    words: str


class ChannelLine(NamedTuple):
    """What holds of one channel, None: not asked; and who says so, each with the name of who told us."""

    label: str
    state: ConsentState | None
    said: list[tuple[str, Consent]]


@dataclass(frozen=True)
class ContactPage:
    """What `templates/accounts/contact.html` shows. doubtful: pairs with others there that nobody has decided."""

    person: Person
    channels: list[ChannelLine]
    fields: list[SaidField]
    records: list[RecordLine]
    doubtful: list[Pair]

    @property
    def is_disputed(self) -> bool:
        """Whether anything was said that does not hold."""
        return any(field.lost for field in self.fields)


def contact_page(contact: Contact, user: User, now: datetime) -> ContactPage:
    """The page of a person, by any of their records."""
    hidden = hidden_fields(user)
    [person] = people_of(records_of([contact.pk]))
    records = person.records
    consents = [consent for record in records for consent in record.consents.all()]
    sources = {one.source_id for one in records} | {one.source_id for one in consents}
    names = dict(Source.objects.filter(pk__in=sources).values_list("pk", "name"))
    fields = _fields(records, names, hidden, now)
    ids = [one.pk for one in records]
    about = Pair.objects.filter(Q(first_contact__in=ids) | Q(second_contact__in=ids)).with_sides()
    pairs = list(about.select_related("decided_by").exclude(verdict=Verdict.DIFFERENT))
    return ContactPage(
        person=person,
        channels=[_channel(channel, person, consents, names) for channel in Channel],
        fields=fields,
        records=[_line(one, person, pairs, names, hidden) for one in records],
        doubtful=[pair for pair in pairs if pair.verdict == Verdict.OPEN],
    )


def _channel(channel: Channel, person: Person, consents: Sequence[Consent], names: Mapping[UUID, str]) -> ChannelLine:
    """Who says what holds, each once; what was outweighed stands where consent is changed."""
    state = person.consents.get(channel)
    said = {(one.source_id, one.at): one for one in consents if one.channel == channel and one.state == state}
    return ChannelLine(str(channel.label), state, [(names.get(one.source_id, ""), one) for one in said.values()])


def _fields(
    records: Sequence[Contact], names: Mapping[UUID, str], hidden: Collection[str], now: datetime
) -> list[SaidField]:
    policy, sayings = current_policy(), [sayings_of(one) for one in records]
    found = []
    for name in FIELDS:
        said = said_of(name, sayings)
        if any(one.value is not None for one in said) and f"contacts.{name}" not in hidden:
            counted = that_count(name, said)
            field = said_field(name, counted, rule_of(name, policy), names, now, partial(_text, name))
            short = [SaidLine(_text(name, one), names.get(one.source, ""), None, _("shortened"))
                     for one in said if one not in counted]  # fmt: skip
            found.append(replace(field, lost=[*field.lost, *short]))
    return found


def _text(name: str, said: Said) -> str:
    return written(name, said.value)


def _line(
    record: Contact, person: Person, pairs: Sequence[Pair], names: Mapping[UUID, str], hidden: Collection[str]
) -> RecordLine:
    """A record with the pair by which it came to the others; the first that was known has none."""
    source = names.get(record.source_id, "")
    mine = [pair for pair in pairs if pair.verdict == Verdict.SAME and record in pair.sides]
    if record.pk == person.contact.pk or not mine:
        return RecordLine(record, source, None, "")
    pair = next((one for one in mine if person.contact in one.sides), mine[0])
    return RecordLine(record, source, pair, in_words(pair.rule, pair.evidence, hidden, "contacts"))
