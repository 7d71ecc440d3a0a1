"""The kinds of record this room takes, by API and by file; the composition root registers them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from django.utils.translation import gettext_lazy

from accounts.enums import AccountRole, Channel
from accounts.models import Activity, Contract
from accounts.queries.policies import owned_fields, owned_forecast
from accounts.rules import presets, records, support
from accounts.rules.events import EventItem, check_event
from accounts.rules.identity import standard_id
from accounts.rules.messages import Message, groups_in, people_in
from accounts.rules.movements import MovementItem, check_movement
from accounts.services.customers import upsert_activities, upsert_contacts, upsert_contracts
from accounts.services.events import EVENTS_THAT_CAME, take_events, take_messages
from accounts.services.orders import add_orders
from accounts.services.retracting import undo_accounts
from accounts.services.reverting import (
    teller,
    undo_contacts,
    undo_events,
    undo_orders,
    undo_rows,
)
from accounts.services.stating import SAID, state_accounts, state_rows
from accounts.services.support import add_movements, upsert_conversations, upsert_surveys, upsert_tickets
from accounts.services.upsert import upsert_accounts
from intake.enums import Scope
from intake.rules import ABOUT_ACCOUNTS, BELIEVED, Kind, State
from intake.rules.cells import read_json
from intake.services import external_id_of

# Currencies that a header may end in: `amount_usd` is a sum in US dollars.
CURRENCIES = ("usd", "eur", "gbp", "chf", "cad", "aud", "nzd", "sek", "nok", "dkk", "pln", "jpy", "inr", "brl")
ABOUT = {
    "account_id": "account.external_id",
    "account_external_id": "account.external_id",
    "account_source": "account.source",
    "account_domain": "account.domain",
}


def _same(names: str) -> dict[str, str]:
    """Columns that are called as the field."""
    return {name: name for name in names.split()}


def _account(raw: bytes) -> str:
    """What its source calls an account, as the account is known by it."""
    return standard_id(external_id_of(raw))


def _answer(raw: bytes) -> str:
    """The id of an answer to a survey, or what tells it from others."""
    return external_id_of(raw) or support.survey_id(_ANSWERS.decode(raw))


_ANSWERS = msgspec.json.Decoder(support.SurveyItem, strict=False)


def _about_accounts(
    name: str, *, own_id: str, columns: Mapping[str, str], names: Mapping[str, tuple[str, ...]] | None = None,
    told_as: tuple[str, ...] = (), state: State = state_rows, **rest: Any,
) -> Kind:  # fmt: skip
    """A kind of row about an account: it names the account in any of the usual ways, and waits for it.

    own_id: the column of its own id. told_as: under what its room keeps what an import did, if not under its name.
    """
    return Kind(
        name=name,
        tell=teller(*(told_as or (name,))),
        statuses=ABOUT_ACCOUNTS,
        columns={own_id: "external_id", **ABOUT, "external_id": "external_id", **columns},
        names={**presets.ABOUT_NAMES, **(names or {})},
        one_of=presets.ACCOUNT_BY,
        state=state,
        **rest,
    )


ACCOUNTS = Kind(
    name="accounts",
    tell=teller("accounts"),
    undo=undo_accounts,
    state=state_accounts,
    said=SAID,
    struct=records.AccountItem,
    about=lambda item: (records.AccountRef(external_id=item.external_id),),
    apply=upsert_accounts,
    check=records.check_account,
    key=_account,
    columns={
        "account_id": "external_id",
        "external_id": "external_id",
        "name": "name",
        "account_name": "name",
        "domain": "domain",
        "segment": "segment",
        "tier": "tier",
        "region": "region",
        "stage": "stage",
        "arr": "arr.amount",
        "arr_amount": "arr.amount",
        "arr_currency": "arr.currency",
        "currency": "arr.currency",
        "renews_on": "renews_on",
        "customer_since": "customer_since",
        "parent": "parent",
        "parent_id": "parent",
        **_same("subscription_id email phone street postcode city born_on tax_id"),
        **{role: f"people.{role}" for role in AccountRole.values},
    },
    required=("name",),
    names=presets.ACCOUNT_NAMES,
    doubts=presets.ACCOUNT_DOUBTS,
    presets=presets.ACCOUNTS,
    extra="fields",
    owned=owned_fields,
    logins=frozenset(f"people.{role}" for role in AccountRole.values),
)
CONTACTS = _about_accounts(
    "contacts",
    told_as=("contacts", "consents"),
    undo=undo_contacts,
    struct=records.ContactItem,
    apply=upsert_contacts,
    key=external_id_of,
    check=records.check_contact,
    own_id="contact_id",
    columns={
        **_same("name email phone title stakeholder influence sentiment left_on do_not_contact"),
        **{f"consent_{channel}": f"consents.{channel}" for channel in Channel.values},
    },
    required=("name",),
    names={
        "name": ("full name", "contact name", "contact"),
        "email": ("email address", "e-mail", "mail"),
        "phone": ("phone number", "telephone", "direct phone", "work phone", "mobile", "mobile phone"),
        "title": ("job title", "position"),
        "do_not_contact": ("opted out", "email opt out", "unsubscribed"),
    },
)
CONTRACTS = _about_accounts(
    "contracts",
    undo=undo_rows("contracts", Contract),
    struct=records.ContractItem,
    apply=upsert_contracts,
    key=external_id_of,
    check=records.check_contract,
    own_id="contract_id",
    columns={
        "arr": "arr.amount",
        "arr_amount": "arr.amount",
        "arr_currency": "arr.currency",
        "currency": "arr.currency",
        **_same("starts_on ends_on notice_on auto_renews forecast ended_early_on"),
    },
    required=("starts_on", "ends_on"),
    names={
        "contract_id": ("contract no", "contract number", "contract", "agreement no", "agreement number"),
        "starts_on": ("start date", "contract start", "term start"),
        "ends_on": ("end date", "contract end", "term end", "expiry date"),
        "notice_on": ("notice date", "cancel by"),
        "arr": ("annual recurring revenue", "acv", "annual value"),
    },
    doubts=presets.CONTRACT_DOUBTS,
    presets=(presets.STRIPE_SUBSCRIPTIONS,),
    owned=owned_forecast,
)
ACTIVITIES = _about_accounts(
    "activities",
    undo=undo_rows("activities", Activity),
    struct=records.ActivityItem,
    apply=upsert_activities,
    key=external_id_of,
    check=records.check_activity,
    own_id="activity_id",
    people=lambda item: (item.contact,),
    columns={
        "contact_id": "contact",
        **_same("kind happened_at summary body value contact by"),
    },
    required=("kind", "happened_at", "summary"),
    names={"happened_at": presets.HAPPENED, "summary": ("subject", "title")},
)
ORDERS = _about_accounts(
    "orders",
    undo=undo_orders,
    struct=records.OrderItem,
    apply=add_orders,
    check=records.check_order,
    own_id="order_id",
    columns={
        "ordered_on": "happened_on",
        **_same("happened_on amount currency units kind status"),
        **{f"amount_{currency}": f"amounts.{currency}" for currency in CURRENCIES},
    },
    either=(("amount", "amount_usd"),),
    names=presets.ORDER_NAMES,
    presets=(presets.STRIPE_PAYMENTS,),
)
TICKETS = _about_accounts(
    "tickets",
    undo=undo_rows("tickets", Activity),
    struct=support.TicketItem,
    apply=upsert_tickets,
    key=external_id_of,
    check=support.check_ticket,
    own_id="ticket_id",
    columns=_same("opened_at subject body status priority channel requester solved_at rating tags"),
    required=("ticket_id", "opened_at"),
    names={
        "opened_at": presets.HAPPENED,
        "subject": ("title", "summary"),
        "solved_at": ("resolved at", "closed at"),
        "rating": ("satisfaction", "csat"),
    },
    presets=(presets.ZENDESK,),
)
CONVERSATIONS = _about_accounts(
    "conversations",
    undo=undo_rows("conversations", Activity),
    struct=support.ConversationItem,
    apply=upsert_conversations,
    key=external_id_of,
    check=support.check_conversation,
    own_id="conversation_id",
    columns=_same("started_at subject body status channel with_whom closed_at rating tags"),
    required=("conversation_id", "started_at"),
    presets=(presets.INTERCOM,),
)
SURVEYS = _about_accounts(
    "surveys",
    undo=undo_rows("surveys", Activity),
    struct=support.SurveyItem,
    apply=upsert_surveys,
    key=_answer,
    check=support.check_survey,
    own_id="response_id",
    columns=_same("survey score answered_at lowest highest respondent comment"),
    required=("survey", "score", "answered_at"),
    names={
        "answered_at": ("responded at", "submitted at", "response date"),
        "respondent": ("respondent email", "email"),
        "comment": ("feedback", "verbatim"),
        "survey": ("survey type",),
    },
)
REVENUE = _about_accounts(
    "revenue",
    told_as=("orders",),
    undo=undo_orders,
    struct=MovementItem,
    apply=add_movements,
    check=check_movement,
    own_id="movement_id",
    columns={
        "movement": "kind",
        **_same("kind happened_on amount currency"),
    },
    required=("movement", "happened_on", "amount"),
    names={
        "movement": ("movement type", "change type", "mrr movement"),
        "happened_on": ("effective date", "date"),
        "amount": ("arr change", "delta"),
    },
)
EVENTS = Kind(
    name="events",
    undo=undo_events,
    struct=EventItem,
    apply=take_events,
    check=check_event,
    columns={
        **ABOUT,
        "event": "name",
        "event_id": "external_id",
        "timestamp": "happened_at",
        **_same("name external_id happened_at kind user_id email properties"),
    },
    readers={"properties": read_json},
    statuses=BELIEVED,
    scope=Scope.EVENTS_WRITE,
    required=("event", "timestamp"),
    either=(("account_id", "account_domain", "user_id", "email"),),
    people=lambda item: (item.user_id,),
    came=EVENTS_THAT_CAME,
)
# What Segment's and PostHog's clients send (docs/events.md).
MESSAGES = Kind(
    name="messages",
    called=gettext_lazy("what Segment’s and PostHog’s clients send"),
    struct=Message,
    apply=take_messages,
    statuses=BELIEVED,
    scope=Scope.EVENTS_WRITE,
    people=people_in,
    about=lambda message: (records.AccountRef(external_id=group) for group in groups_in(message)),
    came=EVENTS_THAT_CAME,
)
KINDS = (
    ACCOUNTS, CONTACTS, CONTRACTS, ACTIVITIES, ORDERS, TICKETS, CONVERSATIONS, SURVEYS, REVENUE, EVENTS, MESSAGES,
)  # fmt: skip
