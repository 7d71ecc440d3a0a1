"""Contacts, contracts and activities as they come from sources."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from uuid import UUID

from django.utils.translation import gettext as _
from msgspec import UNSET
from msgspec.structs import replace

from accounts.enums import Forecast, Stakeholder
from accounts.models import Activity, Contact, Contract
from accounts.queries.identity import find_people
from accounts.queries.privacy import anybody_erased, erased_among
from accounts.rules.erased import email_digest, key_digest
from accounts.rules.records import ActivityItem, ContactItem, ContractItem, Money, given
from accounts.services.consent import remember_consents
from accounts.services.contacts import lock_contacts, settle_contacts
from accounts.services.priors import keep_priors
from accounts.services.rows import RowKind, Values, upsert_rows
from accounts.services.whose import Refusals
from intake.enums import Landing
from intake.rules import ERASED, UPSERTED, Arrival, Problem, Result
from intake.rules.warned import UNKNOWN_PERSON

CENT = Decimal("0.01")
VALUE = Decimal("0.0001")


def upsert_contacts(items: Sequence[ContactItem], raw: Sequence[bytes], arrival: Arrival) -> list[Result]:
    """Also refuses people who were erased, keeps what the others agreed to, and holds together who is one person."""
    kind = RowKind(
        "contacts", Contact, _contact, refuse=_erased, before=_lock, after=_settle, matters=_matters, dated=True
    )
    results = upsert_rows(kind, items, raw, arrival)
    said = {
        result.id: item.consents
        for item, result in zip(items, results, strict=True)
        if result.status in UPSERTED and isinstance(result.id, UUID) and isinstance(item.consents, dict)
    }
    if not said:
        return results
    changed = remember_consents(said, source_id=arrival.source_id, now=arrival.now)
    names = {result.id: item.external_id for item, result in zip(items, results, strict=True)}
    keep_priors("consents", ((id, names[id], False, fields) for id, fields in changed.items()), arrival)
    return [
        Result(Landing.UPDATED, id=result.id) if result.status is Landing.UNCHANGED and result.id in changed else result
        for result in results
    ]


def upsert_contracts(items: Sequence[ContractItem], raw: Sequence[bytes], arrival: Arrival) -> list[Result]:
    kind = RowKind("contracts", Contract, _contract, by_hand={"forecast": "forecast_by_id"})
    return upsert_rows(kind, items, raw, arrival)


def upsert_activities(items: Sequence[ActivityItem], raw: Sequence[bytes], arrival: Arrival) -> list[Result]:
    """Also refuses rows whose contact is not known; where somebody is unknown, a row of a file is taken without."""
    people = find_people({item.by for item in items if isinstance(item.by, str) and given(item.by)})
    strangers = _unknown_people(items, people)
    contacts = _contacts({item.contact for item in items if isinstance(item.contact, str)}, arrival)
    kind = RowKind(
        "activities",
        Activity,
        values=lambda item: _activity(item, contacts, {name: person.pk for name, person in people.items()}),
        refuse=lambda items, arrival: _unknown_contacts(items, contacts) | ({} if arrival.import_id else strangers),
    )
    results = upsert_rows(kind, items, raw, arrival)
    if not arrival.import_id:
        return results
    return [
        replace(result, warnings=strangers[row]) if row in strangers and not result.errors else result
        for row, result in enumerate(results)
    ]


def _lock(names: Collection[str], accounts: Collection[UUID], arrival: Arrival) -> None:
    """Also the accounts that the rows are of now, where they move to others."""
    held = Contact.objects.filter(source_id=arrival.source_id, external_id__in=names)
    lock_contacts({*accounts, *held.values_list("account_id", flat=True)})


def _matters(row: Contact, changed: Collection[str]) -> bool:
    """Of whom nobody else speaks, only what tells who they are."""
    return bool(row.same_as_id or row.shown or {"account_id", "name", "email", "phone"} & set(changed))


def _settle(accounts: Collection[UUID], arrival: Arrival) -> None:
    settle_contacts(accounts, now=arrival.now, import_id=arrival.import_id)


def _erased(items: Sequence[ContactItem], arrival: Arrival) -> Refusals:
    """Who was erased is known again by the hash of their e-mail address, or of what this source calls them."""
    if not anybody_erased():
        return {}
    marks = {row: _marks(item, arrival) for row, item in enumerate(items)}
    known = erased_among({mark for each in marks.values() for mark in each})
    text = _("This person was erased on their wish, and is not taken again. Remove them from the source.")
    return {row: (Problem("external_id", ERASED, text),) for row, each in marks.items() if known & each}


def _marks(item: ContactItem, arrival: Arrival) -> set[bytes]:
    marks = {key_digest(arrival.source_id, item.external_id)}
    return marks | {email_digest(item.email)} if isinstance(item.email, str) and given(item.email) else marks


def _contact(item: ContactItem) -> Values:
    said = _said(item, ("title", "phone", "left_on", "influence", "sentiment"), texts=("title", "phone"))
    if given(item.email):
        said["email"] = (item.email or "").strip().lower()
    if given(item.stakeholder):
        said["stakeholder"] = item.stakeholder or Stakeholder.UNKNOWN
    if item.do_not_contact is not UNSET:
        said["do_not_contact"] = item.do_not_contact
    return {"name": item.name.strip(), **said}


def _contract(item: ContractItem) -> Values:
    said = _said(item, ("notice_on", "ended_early_on"))
    if item.arr is not UNSET:
        said["arr_amount"] = item.arr.amount.quantize(CENT) if isinstance(item.arr, Money) else None
        said["arr_currency"] = item.arr.currency.upper() if isinstance(item.arr, Money) else ""
    if item.auto_renews is not UNSET:
        said["auto_renews"] = item.auto_renews
    if given(item.forecast):
        said["forecast"] = item.forecast or Forecast.UNKNOWN
    return {"starts_on": item.starts_on, "ends_on": item.ends_on, **said}


def _activity(item: ActivityItem, contacts: dict[str, UUID], people: dict[str, UUID]) -> Values:
    said = _said(item, ("body",), texts=("body",))
    if item.value is not UNSET:
        said["value"] = item.value.quantize(VALUE) if item.value is not None else None
    if given(item.contact):
        said["contact_id"] = contacts[str(item.contact)] if item.contact else None
    if given(item.by) and (not item.by or item.by in people):
        said["by_id"] = people[str(item.by)] if item.by else None
    return {"kind": item.kind, "happened_at": item.happened_at, "summary": item.summary.strip(), **said}


def _said(item: object, names: tuple[str, ...], texts: tuple[str, ...] = ()) -> Values:
    """What an item says under `names`; a null empties a text."""
    found = {name: getattr(item, name) for name in names if given(getattr(item, name))}
    return {name: "" if value is None and name in texts else value for name, value in found.items()}


def _contacts(external_ids: set[str], arrival: Arrival) -> dict[str, UUID]:
    if not external_ids:
        return {}
    known = Contact.objects.filter(source_id=arrival.source_id, external_id__in=external_ids)
    return dict(known.values_list("external_id", "id"))


def _unknown_contacts(items: Sequence[ActivityItem], contacts: Mapping[str, object]) -> Refusals:
    text = _("No contact '%s' of this source is known: send it first.")
    return {
        row: (Problem("contact", "unknown_contact", text % item.contact),)
        for row, item in enumerate(items)
        if isinstance(item.contact, str) and given(item.contact) and item.contact not in contacts
    }


def _unknown_people(items: Sequence[ActivityItem], people: Mapping[str, object]) -> Refusals:
    text = _("Nobody active has the user name or e-mail '%s'.")
    return {
        row: (Problem("by", UNKNOWN_PERSON, text % item.by),)
        for row, item in enumerate(items)
        if isinstance(item.by, str) and given(item.by) and item.by not in people
    }
