"""Whose an event is: accounts, contacts, and the ids that are one person's (INTAKE.md, Events)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Account, Awaited, Contact, Event, Visitor
from accounts.services import link_events
from core.bulk import database_now
from cx_ops.invariants import broken_invariants
from intake.models import Quarantined, Source
from tests.conftest import ApiClient
from tests.factories import make_account, make_contact
from tests.senders import Sender, track

pytestmark = pytest.mark.django_db
MIB = 1024 * 1024


@pytest.fixture
def sender(source: Source) -> Sender:
    return Sender(source)


@pytest.fixture
def acme(source: Source) -> Account:
    return make_account("Acme", external_id="ACME", source=source)


# ── Whose ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "where",
    [
        {"groupId": "ACME"},
        {"context": {"groupId": "ACME"}},
        {"properties": {"$groups": {"company": "ACME"}}},
        {"groupId": "ACME", "context": {"groupId": "OTHER"}},
    ],
)
def test_the_group_is_the_account(sender: Sender, acme: Account, where: dict[str, Any]) -> None:
    sender.batch(track(**where))
    assert Event.objects.get().account == acme


def test_the_contacts_account_by_user_id_and_by_address(sender: Sender, acme: Account) -> None:
    contact = make_contact(acme, email="ana@example.com", source_id=sender.source.id, external_id="u1")
    sender.batch(
        track("a"),
        track("b", userId="ana@example.com"),
        track("c", userId="other", context={"traits": {"email": "Ana@Example.com"}}),
    )
    assert {(event.account, event.contact) for event in Event.objects.all()} == {(acme, contact)}


def test_before_the_account_it_waits_and_is_linked_when_that_comes(sender: Sender, api: ApiClient) -> None:
    sender.batch(track("a", groupId="LATE"), track("b", userId="u2"))
    assert not Event.objects.exclude(account=None).exists()
    link_events(database_now())
    assert Awaited.objects.count() == 2
    api.send("/api/v1/accounts/bulk", [{"external_id": "LATE", "name": "Late"}])
    item = {"external_id": "u2", "account": {"external_id": "LATE"}, "name": "Bea"}
    api.send("/api/v1/contacts/bulk", [item])
    link_events(database_now() + timedelta(seconds=1))
    late = Account.objects.get()
    assert {event.account for event in Event.objects.all()} == {late}
    assert Event.objects.get(user_id="u2").contact == Contact.objects.get()
    assert not Awaited.objects.exists()


def test_group_makes_an_account_and_identify_a_contact(sender: Sender) -> None:
    sender.batch(
        {
            "type": "group",
            "userId": "u1",
            "groupId": "G1",
            "traits": {"name": "Globex", "plan": "pro"},
            "messageId": "1",
        },
        {"type": "identify", "userId": "u1", "traits": {"name": "Ana", "email": "Ana@Example.com"}, "messageId": "2"},
        track("3"),
    )
    account, contact = Account.objects.get(), Contact.objects.get()
    assert (account.name, account.fields["plan"]) == ("Globex", "pro")
    assert (contact.account, contact.name, contact.email) == (account, "Ana", "ana@example.com")
    event = Event.objects.get(kind="track")
    assert (event.account, event.contact) == (account, contact)


def test_traits_are_merged_and_the_message_wins(sender: Sender, acme: Account) -> None:
    message = {"type": "identify", "userId": "u1", "messageId": "1", "traits": {"name": "Ana B"}}
    sender.batch({**message, "context": {"groupId": "ACME", "traits": {"name": "Ana", "email": "a@example.com"}}})
    sender.batch({"type": "identify", "userId": "u1", "messageId": "2", "traits": {"title": "CFO"}})
    contact = Contact.objects.get()
    assert (contact.name, contact.email, contact.title) == ("Ana B", "a@example.com", "CFO")
    assert Visitor.objects.get().traits == {"name": "Ana B", "email": "a@example.com", "title": "CFO"}


def test_a_group_without_a_name_keeps_the_one_it_has(sender: Sender, acme: Account) -> None:
    sender.batch({"type": "group", "userId": "u1", "groupId": "ACME", "traits": {"seats": 5}, "messageId": "1"})
    acme.refresh_from_db()
    assert (acme.name, acme.fields) == ("Acme", {"seats": 5})


def test_identify_before_the_account_makes_the_contact_when_that_comes(sender: Sender, api: ApiClient) -> None:
    sender.batch({"type": "identify", "userId": "u1", "traits": {"name": "Ana"}, "messageId": "1",
                  "context": {"groupId": "LATE"}}, track("2"))  # fmt: skip
    assert not Contact.objects.exists()
    api.send("/api/v1/accounts/bulk", [{"external_id": "LATE", "name": "Late"}])
    for seconds in (1, 2):
        link_events(database_now() + timedelta(seconds=seconds))
    contact = Contact.objects.get()
    event = Event.objects.get(kind="track")
    assert (event.account, event.contact) == (contact.account, contact)


def test_an_address_at_the_accounts_own_domain_says_whose_contact_it_is(sender: Sender, source: Source) -> None:
    account = make_account("Initech", domain="initech.example")
    sender.batch({"type": "identify", "userId": "u1", "traits": {"email": "bo@initech.example"}, "messageId": "1"})
    assert Contact.objects.get().account == account


def test_a_contact_that_another_source_knows_is_not_doubled(sender: Sender, acme: Account) -> None:
    known = make_contact(acme, "Ana Bell", email="ana@example.com")
    traits = {"email": "ana@example.com", "title": "CFO"}
    sender.batch({"type": "identify", "userId": "u9", "traits": traits, "messageId": "1"},
                 track("2", userId="u9"))  # fmt: skip
    record = Contact.objects.get(external_id="u9")
    assert (record.account, record.same_as) == (acme, known)
    assert Event.objects.get(kind="track").contact == record
    known.refresh_from_db()
    assert (known.shown["name"], known.shown["title"]) == ("Ana Bell", "CFO")


def test_alias_joins_ids_and_takes_along_what_came_before(sender: Sender, acme: Account) -> None:
    contact = make_contact(acme, source_id=sender.source.id, external_id="u1")
    sender.batch(track("a", userId=None, anonymousId="browser-1"))
    assert Event.objects.get().account is None
    sender.batch({"type": "alias", "previousId": "browser-1", "userId": "u1", "messageId": "b"})
    sender.batch(track("c", userId=None, anonymousId="browser-1"))
    link_events(database_now() + timedelta(seconds=1))
    found = {(event.account, event.contact) for event in Event.objects.filter(kind="track")}
    assert found == {(acme, contact)}


def test_identify_joins_the_anonymous_id(sender: Sender, acme: Account) -> None:
    sender.batch(track("a", userId=None, anonymousId="browser-1"))
    message = {"type": "identify", "anonymousId": "browser-1", "userId": "u1", "messageId": "b"}
    sender.batch({**message, "traits": {"name": "Ana"}, "context": {"groupId": "ACME"}})
    link_events(database_now() + timedelta(seconds=1))
    assert Event.objects.get(kind="track").contact == Contact.objects.get(account=acme)


def test_what_posthog_sends(sender: Sender) -> None:
    events = [
        {"event": "$groupidentify", "distinct_id": "x", "uuid": "1",
         "properties": {"$group_type": "company", "$group_key": "G1", "$group_set": {"name": "Globex"}}},
        {"event": "$set", "distinct_id": "u1", "uuid": "2", "$set": {"name": "Cem", "email": "cem@example.com"},
         "properties": {"$groups": {"company": "G1"}}},
        {"event": "Report opened", "distinct_id": "u1", "uuid": "3", "properties": {"n": 1}},
        {"event": "$create_alias", "distinct_id": "anon", "uuid": "4",
         "properties": {"distinct_id": "anon", "alias": "u1"}},
    ]  # fmt: skip
    answer = sender.post({"batch": events, "api_key": sender.key, "sent_at": timezone.now().isoformat()}, "/batch/")
    assert answer.status_code == 200
    assert not Quarantined.objects.exists()
    contact = Contact.objects.get()
    assert (contact.name, contact.account.name) == ("Cem", "Globex")
    assert Event.objects.get(kind="track").contact == contact
    assert Visitor.objects.get(user_id="anon").same_as == "u1"


def test_nothing_waits_unseen(sender: Sender, acme: Account, api: ApiClient) -> None:
    sender.batch(
        track("a", groupId="ACME"), track("b", groupId="LATE"), track("c", userId="u2"),
        {**track("d", context={"groupId": "LATE"}), "type": "identify", "userId": "u3", "traits": {"name": "Ana"}},
        {"type": "group", "userId": "u3", "groupId": "G2", "messageId": "e"},
        {"type": "alias", "previousId": "p", "userId": "u2", "messageId": "f"},
    )  # fmt: skip
    assert not any(broken_invariants().values())
    api.send("/api/v1/accounts/bulk", [{"external_id": "LATE", "name": "Late"}])
    link_events(database_now() + timedelta(seconds=1))
    assert not any(broken_invariants().values())


def test_somebody_is_of_the_account_that_they_act_for(sender: Sender, acme: Account) -> None:
    sender.batch({"type": "identify", "userId": "u1", "traits": {"name": "Ana"}, "messageId": "a"})
    assert not Contact.objects.exists()
    sender.batch(track("b", groupId="ACME"))
    link_events(database_now() + timedelta(seconds=1))
    contact = Contact.objects.get()
    assert (contact.account, Event.objects.get(kind="track").account) == (acme, acme)
    assert Event.objects.get(kind="track").contact == contact
