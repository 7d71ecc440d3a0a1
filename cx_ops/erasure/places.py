"""Where a person stands in columns of their own: one table, read by the export, the preview and the erasure.

What names them in free text is found by `core.services.scrubbing`, wherever it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgspec
from django.core.exceptions import EmptyResultSet
from django.db.models import Exists, Model, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.enums import Stakeholder
from accounts.models import (
    Activity,
    Awaited,
    Consent,
    Contact,
    Contract,
    Event,
    LedgerEntry,
    Link,
    Pair,
    Prior,
    Visitor,
)
from core.bulk import fetch_all
from cx_ops.erasure import own
from cx_ops.erasure.person import Person
from cx_ops.erasure.place import ERASED_NAME, Place, any_of, pairs_of
from insights.models import Insight
from intake.models import Held, Quarantined, Record, RejectedRow, RowWarning


def _visitors(person: Person) -> QuerySet[Visitor]:
    acted = pairs_of("source_id", "user_id", person.user_ids if person.own else ())
    put = pairs_of("source_id", "group_id", ((space, value) for space, _kind, value in person.own_keys if space))
    return Visitor.objects.filter(Q(contact__in=person.contacts) | acted | put)


def _awaited(person: Person) -> QuerySet[Awaited]:
    """What was waited for, to tell whose events are."""
    keys = ((space, value) for space, _kind, value in person.own_keys)
    return Awaited.objects.filter(pairs_of("namespace_id", "value", [*person.user_ids, *person.keys, *keys]))


def _said(person: Person) -> list[str]:
    return [*person.emails, *person.names]


def _activities(person: Person) -> QuerySet[Activity]:
    return Activity.objects.filter(Q(contact__in=person.contacts) | Q(account__in=person.own))


def _priors(person: Person) -> QuerySet[Prior]:
    """What imports kept of their contact, of what they did and of their account, to be taken back by."""
    found = Q(row_id__in=person.contacts) | Q(row_id__in=_activities(person).values("pk"))
    for model in (Link, Contract, LedgerEntry) if person.own else ():
        found |= Q(row_id__in=model._default_manager.filter(account__in=person.own).values("pk"))
    return Prior.objects.filter(found)


def _events(person: Person) -> QuerySet[Event]:
    theirs = Q(contact__in=person.contacts) | Q(account__in=person.own)
    return Event.objects.filter(theirs | pairs_of("source_id", "user_id", person.user_ids))


def _records(person: Person) -> QuerySet[Record]:
    """What arrived about them, and about what they did."""
    same = {"source_id": OuterRef("source_id"), "external_id": OuterRef("external_id")}
    about = Q(kind="contacts") & pairs_of("source_id", "external_id", person.keys)
    done = ~Q(kind__in=("contacts", "insights", "accounts")) & Exists(_activities(person).filter(**same))
    return Record.objects.filter(about | done | own.records(person))


def _warnings(person: Person) -> QuerySet[RowWarning]:
    """Of each file with a row of theirs: a cell that was left out does not say whose it was."""
    return RowWarning.objects.filter(of__in=_records(person).exclude(import_id=None).values("import_id"))


def _insights(person: Person) -> QuerySet[Insight]:
    by_email = any_of("contact_ref__email", person.emails, "iexact")
    named = by_email | pairs_of("source_id", "contact_ref__external_id", person.keys)
    return Insight.objects.filter(named).exclude(account__in=person.own)


def _pairs_of_contacts(person: Person) -> QuerySet[Pair]:
    return Pair.objects.filter(Q(first_contact__in=person.contacts) | Q(second_contact__in=person.contacts))


def _by_text(model: type[Model], *columns: str) -> Callable[[Person], QuerySet[Any]]:
    def rows(person: Person) -> QuerySet[Any]:
        found = Q(pk__in=[])
        for column in columns:
            found |= any_of(column, _said(person))
        return model._default_manager.filter(found)

    return rows


# Events and records first: they are found by what the later ones take away.
PLACES = (
    *own.BEFORE,
    Place("warnings", _("Cells of files that were left out"), _warnings, ("row", "column", "value"),
          {"value": "", "message": ""}),
    Place("records", _("Records as they arrived"), _records, ("kind", "external_id", "landed_at", "payload"),
          {"payload": {}}, hashed="payload"),
    Place("held", _("Records of feeds that run beside others"), _by_text(Held, "payload"),
          ("kind", "external_id", "landed_at", "payload"), None),
    Place("events", _("Events"), _events, ("at", "name", "payload"),
          {"payload": {}, "user_id": "", "contact": None}, hashed="payload"),
    Place("visitors", _("Who clients said they are"), _visitors,
          ("user_id", "traits"), None),
    Place("awaited", _("Whose events were looked for"), _awaited, ("kind", "value"), None),
    Place("priors", _("What files changed"), _priors, ("kind", "external_id", "fields"),
          {"fields": {}, "external_id": "erased"}),
    Place("activities", _("Activities with them"), _activities, ("kind", "happened_at", "summary", "body"),
          {"summary": "Erased", "body": "", "contact": None}),
    Place("own_facts", _("Facts of those"), lambda person: Activity.objects.filter(account__in=person.own),
          ("happened_at", "facts"), {"facts": {}}),
    Place("insights", _("Insights that name them"), _insights, ("type_id", "scored_at", "contact_ref"),
          {"contact_ref": None}),
    Place("consents", _("Consent"), lambda person: Consent.objects.filter(contact__in=person.contacts),
          ("channel", "state", "at", "proof"), None),
    Place("pairs", _("Pairs of their records"), _pairs_of_contacts, ("rule", "evidence", "verdict"), None),
    Place("quarantined", _("Records that were not taken"), _by_text(Quarantined, "payload"),
          ("kind", "received_at", "payload"), {"payload": "", "message": "", "field": ""}),
    Place("rejected", _("Rows of files that were not taken"), _by_text(RejectedRow, "cells", "value", "message"),
          ("row", "column", "cells"), {"cells": [], "value": "", "message": ""}),
    Place("contacts", _("Contacts"), lambda person: Contact.objects.filter(pk__in=person.contacts),
          ("account__name", "name", "email", "phone", "title", "stakeholder", "influence", "sentiment", "left_on",
           "do_not_contact"),
          {"name": ERASED_NAME, "email": "", "phone": "", "title": "", "stakeholder": Stakeholder.UNKNOWN,
           "influence": None, "sentiment": None, "left_on": None, "do_not_contact": True, "shown": {}, "since": {}}),
    *own.AFTER,
)  # fmt: skip


def read_rows(person: Person) -> dict[str, list[dict[str, Any]]]:
    """Each place's rows as JSON has them: what is shown of them, and `pk`; one query for all of them."""
    each = ((place, place.rows(person).values("pk", *place.shown)) for place in PLACES)
    found = dict(_of_all(each, "coalesce(jsonb_agg(shown), '[]')::text"))
    return {place.name: msgspec.json.decode(found.get(place.name, "[]")) for place in PLACES}


def _of_all(each: Iterable[tuple[Place, QuerySet[Any]]], what: str) -> list[tuple[str, Any]]:
    parts, params = [], list[Any]()
    for place, rows in each:
        try:
            sql, given = rows.order_by().query.sql_with_params()
        except EmptyResultSet:
            continue
        parts.append(f"SELECT '{place.name}', {what} FROM ({sql}) AS shown")  # noqa: S608 - ours  # nosec B608
        params += given
    return fetch_all(" UNION ALL ".join(parts), params) if parts else []
