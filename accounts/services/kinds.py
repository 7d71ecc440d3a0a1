"""The kinds of record this room takes, by API and by file; the composition root registers them."""

from __future__ import annotations

from accounts.enums import AccountRole, Channel
from accounts.queries.policies import owned_fields, owned_forecast
from accounts.rules import presets, records, support
from accounts.rules.events import EventItem, check_event
from accounts.rules.messages import Message
from accounts.rules.movements import MovementItem, check_movement
from accounts.services.customers import upsert_activities, upsert_contacts, upsert_contracts
from accounts.services.events import take_events, take_messages
from accounts.services.orders import add_orders
from accounts.services.retracting import undo_accounts
from accounts.services.reverting import (
    UNDO_ACTIVITIES,
    UNDO_CONTRACTS,
    UNDO_CONVERSATIONS,
    UNDO_SURVEYS,
    UNDO_TICKETS,
    teller,
    undo_contacts,
    undo_events,
    undo_orders,
)
from accounts.services.support import add_movements, upsert_conversations, upsert_surveys, upsert_tickets
from accounts.services.upsert import upsert_accounts
from intake.enums import Scope
from intake.rules import ABOUT_ACCOUNTS, BELIEVED, Kind
from intake.rules.cells import read_json

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


ACCOUNTS = Kind(
    name="accounts",
    tell=teller("accounts"),
    undo=undo_accounts,
    struct=records.AccountItem,
    apply=upsert_accounts,
    check=records.check_account,
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
    presets=presets.ACCOUNTS,
    extra="fields",
    owned=owned_fields,
    logins=frozenset(f"people.{role}" for role in AccountRole.values),
)
CONTACTS = Kind(
    name="contacts",
    tell=teller("contacts"),
    undo=undo_contacts,
    statuses=ABOUT_ACCOUNTS,
    struct=records.ContactItem,
    apply=upsert_contacts,
    check=records.check_contact,
    columns={
        **ABOUT,
        "contact_id": "external_id",
        **_same("external_id name email title stakeholder influence sentiment left_on do_not_contact"),
        **{f"consent_{channel}": f"consents.{channel}" for channel in Channel.values},
    },
    required=("name",),
    names={
        **presets.ABOUT_NAMES,
        "name": ("full name", "contact name", "contact"),
        "email": ("email address", "e-mail", "mail"),
        "title": ("job title", "position"),
        "do_not_contact": ("opted out", "email opt out", "unsubscribed"),
    },
    one_of=presets.ACCOUNT_BY,
)
CONTRACTS = Kind(
    name="contracts",
    tell=teller("contracts"),
    undo=UNDO_CONTRACTS,
    statuses=ABOUT_ACCOUNTS,
    struct=records.ContractItem,
    apply=upsert_contracts,
    check=records.check_contract,
    columns={
        **ABOUT,
        "contract_id": "external_id",
        "arr": "arr.amount",
        "arr_amount": "arr.amount",
        "arr_currency": "arr.currency",
        "currency": "arr.currency",
        **_same("external_id starts_on ends_on notice_on auto_renews forecast ended_early_on"),
    },
    required=("starts_on", "ends_on"),
    names={
        **presets.ABOUT_NAMES,
        "starts_on": ("start date", "contract start", "term start"),
        "ends_on": ("end date", "contract end", "term end", "expiry date"),
        "notice_on": ("notice date", "cancel by"),
        "arr": ("annual recurring revenue", "acv", "annual value"),
    },
    presets=(presets.STRIPE_SUBSCRIPTIONS,),
    owned=owned_forecast,
    one_of=presets.ACCOUNT_BY,
)
ACTIVITIES = Kind(
    name="activities",
    tell=teller("activities"),
    undo=UNDO_ACTIVITIES,
    statuses=ABOUT_ACCOUNTS,
    struct=records.ActivityItem,
    apply=upsert_activities,
    check=records.check_activity,
    columns={
        **ABOUT,
        "activity_id": "external_id",
        "contact_id": "contact",
        **_same("external_id kind happened_at summary body value contact by"),
    },
    required=("kind", "happened_at", "summary"),
    names={**presets.ABOUT_NAMES, "happened_at": presets.HAPPENED, "summary": ("subject", "title")},
    one_of=presets.ACCOUNT_BY,
)
ORDERS = Kind(
    name="orders",
    tell=teller("orders"),
    undo=undo_orders,
    statuses=ABOUT_ACCOUNTS,
    struct=records.OrderItem,
    apply=add_orders,
    check=records.check_order,
    columns={
        **ABOUT,
        "order_id": "external_id",
        "ordered_on": "happened_on",
        **_same("external_id happened_on amount currency units kind status"),
        **{f"amount_{currency}": f"amounts.{currency}" for currency in CURRENCIES},
    },
    names={**presets.ABOUT_NAMES, **presets.ORDER_NAMES},
    presets=(presets.STRIPE_PAYMENTS,),
    one_of=presets.ACCOUNT_BY,
)
TICKETS = Kind(
    name="tickets",
    tell=teller("tickets"),
    undo=UNDO_TICKETS,
    statuses=ABOUT_ACCOUNTS,
    struct=support.TicketItem,
    apply=upsert_tickets,
    check=support.check_ticket,
    columns={
        "ticket_id": "external_id",
        **ABOUT,
        **_same("external_id opened_at subject body status priority channel requester solved_at rating tags"),
    },
    required=("ticket_id", "opened_at"),
    names={
        **presets.ABOUT_NAMES,
        "opened_at": presets.HAPPENED,
        "subject": ("title", "summary"),
        "solved_at": ("resolved at", "closed at"),
        "rating": ("satisfaction", "csat"),
    },
    presets=(presets.ZENDESK,),
    one_of=presets.ACCOUNT_BY,
)
CONVERSATIONS = Kind(
    name="conversations",
    tell=teller("conversations"),
    undo=UNDO_CONVERSATIONS,
    statuses=ABOUT_ACCOUNTS,
    struct=support.ConversationItem,
    apply=upsert_conversations,
    check=support.check_conversation,
    columns={
        "conversation_id": "external_id",
        **ABOUT,
        **_same("external_id started_at subject body status channel with_whom closed_at rating tags"),
    },
    required=("conversation_id", "started_at"),
    names=presets.ABOUT_NAMES,
    presets=(presets.INTERCOM,),
    one_of=presets.ACCOUNT_BY,
)
SURVEYS = Kind(
    name="surveys",
    tell=teller("surveys"),
    undo=UNDO_SURVEYS,
    statuses=ABOUT_ACCOUNTS,
    struct=support.SurveyItem,
    apply=upsert_surveys,
    check=support.check_survey,
    columns={
        "response_id": "external_id",
        **ABOUT,
        **_same("external_id survey score answered_at lowest highest respondent comment"),
    },
    required=("survey", "score", "answered_at"),
    names={
        **presets.ABOUT_NAMES,
        "answered_at": ("responded at", "submitted at", "response date"),
        "respondent": ("respondent email", "email"),
        "comment": ("feedback", "verbatim"),
        "survey": ("survey type",),
    },
    one_of=presets.ACCOUNT_BY,
)
REVENUE = Kind(
    name="revenue",
    tell=teller("orders"),
    undo=undo_orders,
    statuses=ABOUT_ACCOUNTS,
    struct=MovementItem,
    apply=add_movements,
    check=check_movement,
    columns={
        "movement_id": "external_id",
        **ABOUT,
        "movement": "kind",
        **_same("external_id kind happened_on amount currency"),
    },
    required=("movement", "happened_on", "amount"),
    names={
        **presets.ABOUT_NAMES,
        "movement": ("movement type", "change type", "mrr movement"),
        "happened_on": ("effective date", "date"),
        "amount": ("arr change", "delta"),
    },
    one_of=presets.ACCOUNT_BY,
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
)
# What Segment's and PostHog's clients send (docs/events.md).
MESSAGES = Kind(
    name="messages",
    struct=Message,
    apply=take_messages,
    statuses=BELIEVED,
    scope=Scope.EVENTS_WRITE,
)
KINDS = (
    ACCOUNTS, CONTACTS, CONTRACTS, ACTIVITIES, ORDERS, TICKETS, CONVERSATIONS, SURVEYS, REVENUE, EVENTS, MESSAGES,
)  # fmt: skip
