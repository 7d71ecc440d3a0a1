"""Accounts and what hangs on them, taken in bulk."""

import json
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Account, AccountPerson, Activity, Contact, Contract, FieldValue, LedgerEntry, StageEntry
from accounts.queries import account_as_of
from accounts.services.kinds import ACCOUNTS, ACTIVITIES, CONTACTS, CONTRACTS, ORDERS
from core.ids import uuid7
from intake.models import Record, Source
from intake.rules import Arrival, Kind, Result
from intake.services import take
from tests.factories import NOW, make_account, make_source, make_team, make_user

pytestmark = pytest.mark.django_db


def arrival(source: Source, **fields: Any) -> Arrival:
    terms = {"namespace_id": source.id, "now": NOW, "actor": "test"} | fields
    return Arrival(source_id=source.id, source_slug=source.slug, **terms)


def send(kind: Kind, source: Source, *items: dict[str, Any], **fields: Any) -> list[Result]:
    return take(kind, [json.dumps(item).encode() for item in items], arrival(source, **fields), from_text=True)


def statuses(results: list[Result]) -> list[str]:
    return [result.status.value for result in results]


def on_account(item: dict[str, Any]) -> dict[str, Any]:
    return {**item, "account": {"external_id": "A1"}}


FULL = {
    "external_id": "A1",
    "name": "Fictional Foods",
    "domain": "https://www.Foods.example/",
    "segment": "Mid Market",
    "tier": "Strategic",
    "region": "EMEA",
    "stage": "live",
    "arr": {"amount": "1200.005", "currency": "eur"},
    "renews_on": "2026-12-31",
    "customer_since": "2020-01-01",
    "fields": {"seats": 12, "plan": "gold"},
}


def test_an_account_is_created_changed_and_left_alone(source: Source) -> None:
    assert statuses(send(ACCOUNTS, source, FULL)) == ["created"]
    assert statuses(send(ACCOUNTS, source, FULL)) == ["unchanged"]
    assert statuses(send(ACCOUNTS, source, FULL | {"tier": "Growth"})) == ["updated"]
    account = Account.objects.get()
    assert (account.domain, account.segment, account.tier, account.region) == (
        "foods.example", "mid-market", "growth", "emea",
    )  # fmt: skip
    assert (str(account.arr_amount), account.arr_currency) == ("1200.00", "EUR")
    assert account.fields == {"seats": 12, "plan": "gold"}
    assert Record.objects.filter(kind="accounts").count() == 3


def test_every_changed_value_is_remembered_with_its_record(source: Source) -> None:
    send(ACCOUNTS, source, FULL)
    send(ACCOUNTS, source, FULL | {"tier": "Growth", "arr": None, "fields": {"plan": None}})
    account = Account.objects.get()
    second = Record.objects.order_by("-id").first()
    assert second is not None
    later = FieldValue.objects.filter(record_id=second.id)
    assert {row.field: row.value for row in later} == {"tier": "growth", "arr": None, "fields.plan": None}
    assert account.arr_amount is None
    assert account.fields == {"seats": 12}
    assert account_as_of(account.id, NOW)["fields.seats"].value == 12


def test_absent_says_nothing_blank_is_ignored_and_null_clears(source: Source) -> None:
    send(ACCOUNTS, source, FULL)
    short = {"external_id": "A1", "name": "Fictional Foods"}
    assert statuses(send(ACCOUNTS, source, short)) == ["unchanged"]
    assert statuses(send(ACCOUNTS, source, short | {"domain": "", "tier": " "})) == ["unchanged"]
    assert statuses(send(ACCOUNTS, source, short | {"domain": None, "renews_on": None})) == ["updated"]
    account = Account.objects.get()
    assert (account.domain, account.renews_on, account.tier) == ("", None, "strategic")


def test_stages_leave_a_history(source: Source) -> None:
    send(ACCOUNTS, source, FULL)
    send(ACCOUNTS, source, FULL | {"stage": "renewal"})
    send(ACCOUNTS, source, FULL | {"stage": None})
    assert [(entry.stage, entry.active_to) for entry in StageEntry.objects.order_by("id")] == [
        ("live", NOW),
        ("renewal", NOW),
    ]


def test_people_by_user_name_or_address_and_the_team_follows_the_csm(source: Source) -> None:
    team = make_team("North")
    ana, ben = make_user("ana", team=team), make_user("ben")
    results = send(ACCOUNTS, source, FULL | {"people": {"csm": "ANA@example.com", "marketer": "Ben"}})
    assert statuses(results) == ["created"]
    account = Account.objects.get()
    assert account.team == team
    assert dict(AccountPerson.objects.values_list("role", "user_id")) == {"csm": ana.pk, "marketer": ben.pk}
    again = send(ACCOUNTS, source, FULL | {"csm": "ben", "people": {"marketer": None}})
    assert statuses(again) == ["updated"]
    assert dict(AccountPerson.objects.values_list("role", "user_id")) == {"csm": ben.pk}


def test_an_unknown_or_departed_person_is_refused_by_name(source: Source) -> None:
    make_user("gone", is_active=False)
    [fine, unknown, gone] = send(
        ACCOUNTS,
        source,
        FULL,
        {"external_id": "A2", "name": "B", "csm": "nobody"},
        {"external_id": "A3", "name": "C", "people": {"marketer": "gone"}},
    )
    assert statuses([fine, unknown, gone]) == ["created", "rejected", "rejected"]
    assert (unknown.errors[0].field, unknown.errors[0].code) == ("csm", "unknown_person")
    assert "nobody" in unknown.errors[0].message
    assert gone.errors[0].field == "people.marketer"
    assert Account.objects.count() == Record.objects.count() == 1


def test_parents_in_one_call_unknown_parents_and_cycles(source: Source) -> None:
    child, parent, orphan = (
        {"external_id": "A1", "name": "Child", "parent": "A2"},
        {"external_id": "A2", "name": "Parent"},
        {"external_id": "A3", "name": "Orphan", "parent": "A9"},
    )
    assert statuses(send(ACCOUNTS, source, child, parent, orphan)) == ["created", "created", "rejected"]
    assert Account.objects.get(name="Child").parent == Account.objects.get(name="Parent")
    [cycle] = send(ACCOUNTS, source, parent | {"parent": "A1"})
    assert cycle.errors[0].code == "cycle"
    [itself] = send(ACCOUNTS, source, parent | {"parent": "A2"})
    assert itself.errors[0].code == "self_parent"


def test_new_accounts_that_name_each_other_as_parents_do_not_spoil_the_call(source: Source) -> None:
    results = send(
        ACCOUNTS,
        source,
        {"external_id": "A1", "name": "One", "parent": "A2"},
        {"external_id": "A2", "name": "Two", "parent": "A1"},
        {"external_id": "A3", "name": "Three"},
    )
    connection.check_constraints()
    assert statuses(results) == ["rejected", "rejected", "created"]


def test_the_same_account_twice_in_a_call_counts_in_order(source: Source) -> None:
    results = send(ACCOUNTS, source, FULL, FULL, FULL | {"name": "Renamed"})
    assert statuses(results) == ["created", "unchanged", "updated"]
    assert len({result.id for result in results}) == 1
    assert Account.objects.get().name == "Renamed"


def test_two_sources_can_share_ids_by_a_namespace(source: Source) -> None:
    crm = make_source("crm", account_namespace=source)
    send(ACCOUNTS, source, FULL)
    assert statuses(send(ACCOUNTS, crm, FULL, namespace_id=source.id)) == ["unchanged"]
    other = FULL | {"name": "Another Company", "domain": "another.example"}
    assert statuses(send(ACCOUNTS, make_source("else"), other)) == ["created"]


def test_the_number_of_queries_does_not_grow_with_the_rows(source: Source) -> None:
    make_user("ana", team=make_team())
    asked = []
    for name, rows in (("A", 3), ("B", 300)):
        ids = [f"{name}{n}" for n in range(rows)]
        items = [FULL | {"external_id": one, "csm": "ana", "parent": ids[0] if one != ids[0] else None} for one in ids]
        with CaptureQueriesContext(connection) as queries:
            assert set(statuses(send(ACCOUNTS, source, *items))) == {"created"}
        asked.append(len(queries))
    assert asked[1] <= asked[0] <= 26


def test_unknown_fields_are_refused_by_name(source: Source) -> None:
    [result] = send(ACCOUNTS, source, FULL | {"colour": "red"})
    assert (result.errors[0].field, result.errors[0].code) == ("colour", "unknown_field")


def test_contacts(source: Source) -> None:
    account = make_account(external_id="A1", source=source)
    item = on_account({"external_id": "C1", "name": "Cy", "email": " Cy@Foods.example ", "stakeholder": "sponsor"})
    assert statuses(send(CONTACTS, source, item)) == ["created"]
    assert statuses(send(CONTACTS, source, item)) == ["unchanged"]
    assert statuses(send(CONTACTS, source, item | {"left_on": "2026-02-01", "email": None})) == ["updated"]
    contact = Contact.objects.get()
    assert (contact.account, contact.email, str(contact.left_on)) == (account, "", "2026-02-01")
    [unknown] = send(CONTACTS, source, item | {"external_id": "C2", "account": {"id": str(uuid7())}})
    assert (unknown.errors[0].field, unknown.errors[0].code) == ("account", "unknown_account")


def test_contracts(source: Source) -> None:
    make_account(external_id="A1", source=source)
    item = on_account({"external_id": "K1", "starts_on": "2026-01-01", "ends_on": "2026-12-31"})
    priced = item | {"arr": {"amount": "10", "currency": "usd"}, "notice_on": "2026-09-30", "forecast": "at_risk"}
    assert statuses(send(CONTRACTS, source, item, priced, priced)) == ["created", "updated", "unchanged"]
    contract = Contract.objects.get()
    assert (str(contract.arr_amount), contract.arr_currency, contract.forecast) == ("10.00", "USD", "at_risk")
    assert statuses(send(CONTRACTS, source, priced | {"arr": None})) == ["updated"]
    assert Contract.objects.get().arr_amount is None


def test_activities_name_their_contact_and_person(source: Source) -> None:
    make_account(external_id="A1", source=source)
    ana = make_user("ana")
    send(CONTACTS, source, on_account({"external_id": "C1", "name": "Cy"}))
    item = on_account({"external_id": "T1", "kind": "call", "happened_at": "2026-03-01T09:00:00Z", "summary": "Talked"})
    results = send(
        ACTIVITIES,
        source,
        item | {"contact": "C1", "by": "ana"},
        item | {"external_id": "T2", "contact": "C9"},
        item | {"external_id": "T3", "by": "nobody"},
    )
    assert statuses(results) == ["created", "rejected", "rejected"]
    assert [result.errors[0].code for result in results[1:]] == ["unknown_contact", "unknown_person"]
    activity = Activity.objects.get()
    assert activity.by == ana
    assert activity.contact is not None
    assert activity.contact.name == "Cy"


def test_another_sources_account_ids(source: Source) -> None:
    account = make_account(external_id="A1", source=source)
    helpdesk = make_source("helpdesk")
    item = {"external_id": "C1", "name": "Cy", "account": {"external_id": "A1", "source": source.slug}}
    assert statuses(send(CONTACTS, helpdesk, item)) == ["created"]
    assert Contact.objects.get().account == account
    assert statuses(send(CONTACTS, helpdesk, item | {"account": {"external_id": "A1"}})) == ["parked"]
    assert statuses(send(CONTACTS, helpdesk, item | {"account": {"external_id": "A1", "source": "no"}})) == ["rejected"]


ORDER = {"account": {"external_id": "A1"}, "happened_on": "2026-02-01", "units": "2", "amounts": {"usd": "11.77"}}


def test_two_equal_lines_of_a_file_are_two_orders_and_the_file_again_is_none(source: Source) -> None:
    make_account(external_id="A1", source=source)
    first, again = uuid7(), uuid7()
    assert statuses(send(ORDERS, source, ORDER, import_id=first)) == ["created"]
    assert statuses(send(ORDERS, source, ORDER, ORDER | {"units": "3"}, import_id=first)) == ["created", "created"]
    assert statuses(send(ORDERS, source, ORDER, ORDER, ORDER | {"units": "3"}, import_id=again)) == ["unchanged"] * 3
    assert LedgerEntry.objects.count() == 3


def test_orders_with_ids_of_their_own_cannot_change(source: Source) -> None:
    make_account(external_id="A1", source=source)
    order = ORDER | {"external_id": "O1"}
    assert statuses(send(ORDERS, source, order, order)) == ["created", "unchanged"]
    [changed] = send(ORDERS, source, order | {"amounts": {"usd": "12"}})
    assert changed.errors[0].code == "external_id_reused"
    assert str(LedgerEntry.objects.get().amount) == "11.77"
    assert statuses(send(ORDERS, source, ORDER | {"account": {"external_id": "A9"}})) == ["parked"]
