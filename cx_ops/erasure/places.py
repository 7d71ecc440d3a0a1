"""Where a person stands in columns of their own: one table, read by the export, the preview and the erasure.

What names them in free text is found by `core.services.scrubbing`, wherever it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.core.exceptions import EmptyResultSet
from django.db.models import Model, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.enums import Stakeholder
from accounts.models import Activity, Consent, Contact, Event, Pair, Prior, Visitor
from core.bulk import fetch_all
from core.models import Mail
from cx_ops.erasure.person import Person
from insights.models import Insight
from intake.models import Held, Quarantined, Record, RejectedRow, RowWarning
from playbooks.models import Effect, TaskNote

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise

ERASED_NAME = "Erased person"


@dataclass(frozen=True)
class Place:
    """Rows about a person, what of them is exported, and what is put in its place; None: the rows are deleted.

    hashed: the column whose hash the receipt keeps.
    texts: found by words, which the scrubbing takes out: here for the export alone.
    """

    name: str
    label: _StrOrPromise
    rows: Callable[[Person], QuerySet[Any]]
    shown: tuple[str, ...]
    blank: Mapping[str, Any] | None = field(default_factory=dict)
    hashed: str = ""
    texts: bool = False


def _any(column: str, values: list[str], how: str = "icontains") -> Q:
    """Rows whose `column` holds one of `values`; none where there are no values."""
    found = Q(pk__in=[])
    for value in values:
        found |= Q(**{f"{column}__{how}": value})
    return found


def _pairs(first: str, second: str, pairs: list[tuple[Any, str]]) -> Q:
    found = Q(pk__in=[])
    for one, other in pairs:
        found |= Q(**{first: one, second: other})
    return found


def _said(person: Person) -> list[str]:
    return [*person.emails, *person.names]


def _activities(person: Person) -> QuerySet[Activity]:
    return Activity.objects.filter(contact__in=person.contacts)


def _priors(person: Person) -> QuerySet[Prior]:
    """What imports kept of their contact and of what they did, to be taken back by."""
    activities = _activities(person).values("pk")
    return Prior.objects.filter(Q(row_id__in=person.contacts) | Q(row_id__in=activities))


def _events(person: Person) -> QuerySet[Event]:
    return Event.objects.filter(Q(contact__in=person.contacts) | _pairs("source_id", "user_id", person.user_ids))


def _records(person: Person) -> QuerySet[Record]:
    """What arrived about them, and about what they did."""
    told = list(_activities(person).values_list("source_id", "external_id"))
    about = Q(kind="contacts") & _pairs("source_id", "external_id", person.keys)
    done = ~Q(kind__in=("contacts", "insights", "accounts")) & _pairs("source_id", "external_id", told)
    return Record.objects.filter(about | done)


def _insights(person: Person) -> QuerySet[Insight]:
    by_email = _any("contact_ref__email", person.emails, "iexact")
    return Insight.objects.filter(by_email | _pairs("source_id", "contact_ref__external_id", person.keys))


def _pairs_of_contacts(person: Person) -> QuerySet[Pair]:
    return Pair.objects.filter(Q(first_contact__in=person.contacts) | Q(second_contact__in=person.contacts))


def _by_text(model: type[Model], *columns: str) -> Callable[[Person], QuerySet[Any]]:
    def rows(person: Person) -> QuerySet[Any]:
        found = Q(pk__in=[])
        for column in columns:
            found |= _any(column, _said(person))
        return model._default_manager.filter(found)

    return rows


# Events and records first: they are found by what the later ones take away.
PLACES = (
    Place("records", _("Records as they arrived"), _records, ("kind", "external_id", "landed_at", "payload"),
          {"payload": {}}, hashed="payload"),
    Place("held", _("Records of feeds that run beside others"), _by_text(Held, "payload"),
          ("kind", "external_id", "landed_at", "payload"), None),
    Place("events", _("Events"), _events, ("at", "name", "payload"),
          {"payload": {}, "user_id": "", "contact": None}, hashed="payload"),
    Place("visitors", _("Who clients said they are"), lambda who: Visitor.objects.filter(contact__in=who.contacts),
          ("user_id", "traits"), None),
    Place("priors", _("What files changed"), _priors, ("kind", "external_id", "fields"),
          {"fields": {}, "external_id": "erased"}),
    Place("activities", _("Activities with them"), _activities, ("kind", "happened_at", "summary", "body"),
          {"summary": "Erased", "body": "", "contact": None}),
    Place("insights", _("Insights that name them"), _insights, ("type_id", "scored_at", "contact_ref"),
          {"contact_ref": None}),
    Place("consents", _("What they agreed to"), lambda person: Consent.objects.filter(contact__in=person.contacts),
          ("channel", "state", "at", "proof"), None),
    Place("pairs", _("Pairs of their records"), _pairs_of_contacts, ("rule", "evidence", "verdict"), None),
    Place("quarantined", _("Records that were not taken"), _by_text(Quarantined, "payload"),
          ("kind", "received_at", "payload"), {"payload": "", "message": "", "field": ""}),
    Place("rejected", _("Rows of files that were not taken"), _by_text(RejectedRow, "cells", "value", "message"),
          ("row", "column", "cells"), {"cells": [], "value": "", "message": ""}),
    Place("warnings", _("Cells of files that were left out"), _by_text(RowWarning, "value", "message"),
          ("row", "column", "value"), {"value": "", "message": ""}),
    Place("contacts", _("Contacts"), lambda person: Contact.objects.filter(pk__in=person.contacts),
          ("account__name", "name", "email", "phone", "title", "stakeholder", "influence", "sentiment", "left_on",
           "do_not_contact"),
          {"name": ERASED_NAME, "email": "", "phone": "", "title": "", "stakeholder": Stakeholder.UNKNOWN,
           "influence": None, "sentiment": None, "left_on": None, "do_not_contact": True, "shown": {}, "since": {}}),
    Place("notes", _("Notes on tasks"), _by_text(TaskNote, "text"), ("at", "text"), texts=True),
    Place("effects", _("E-mails of playbooks"), _by_text(Effect, "subject", "body", "address"),
          ("created_at", "subject", "body"), texts=True),
    Place("mail", _("Mailbox"), _by_text(Mail, "subject", "body", "to"), ("sent_at", "subject", "body"), texts=True),
)  # fmt: skip


def count_rows(person: Person) -> dict[str, int]:
    """How many rows of each place are about the person; one query for all of them."""
    parts, params = [], list[Any]()
    for place in PLACES:
        try:
            sql, given = place.rows(person).order_by().values("pk").query.sql_with_params()
        except EmptyResultSet:
            continue
        parts.append(f"SELECT '{place.name}', count(*) FROM ({sql}) AS {place.name}")  # noqa: S608 - ours  # nosec B608
        params += given
    return {place.name: 0 for place in PLACES} | dict(fetch_all(" UNION ALL ".join(parts), params) if parts else ())
