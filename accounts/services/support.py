"""Tickets, conversations, survey answers and changes of recurring revenue, as they come from sources."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from msgspec import UNSET

from accounts.enums import ActivityKind
from accounts.models import Activity
from accounts.rules.movements import MovementItem
from accounts.rules.records import OrderItem, given
from accounts.rules.support import NAMES, ConversationItem, SurveyItem, TicketItem, survey_id
from accounts.services.orders import add_orders
from accounts.services.rows import RowKind, Values, upsert_rows
from intake.rules import Arrival, Result

TICKET_FACTS = ("status", "priority", "channel", "requester", "solved_at", "rating", "tags")
CONVERSATION_FACTS = ("status", "channel", "with_whom", "closed_at", "rating", "tags")
LONGEST_SUMMARY = 300


def upsert_tickets(items: Sequence[TicketItem], raw: Sequence[bytes], arrival: Arrival) -> list[Result]:
    return upsert_rows(RowKind("tickets", Activity, _ticket), _called(items, "ticket"), raw, arrival)


def upsert_conversations(items: Sequence[ConversationItem], raw: Sequence[bytes], arrival: Arrival) -> list[Result]:
    kind = RowKind("conversations", Activity, _conversation)
    return upsert_rows(kind, _called(items, "conversation"), raw, arrival)


def upsert_surveys(items: Sequence[SurveyItem], raw: Sequence[bytes], arrival: Arrival) -> list[Result]:
    for item in items:
        if item.external_id is UNSET:
            item.external_id = survey_id(item)
    return upsert_rows(RowKind("surveys", Activity, _survey), items, raw, arrival)


def add_movements(items: Sequence[MovementItem], raw: Sequence[bytes], arrival: Arrival) -> list[Result]:
    """Add changes of recurring revenue to the ledger, each with the sign of its kind."""
    entries = [
        OrderItem(
            account=item.account, happened_on=item.happened_on, amount=item.change, currency=item.currency,
            kind=item.kind, external_id=item.external_id,
        )
        for item in items
    ]  # fmt: skip
    return add_orders(entries, raw, arrival, kind="revenue")


def _called(items: Sequence[Any], what: str) -> Sequence[Any]:
    """The items under ids that no activity of another sort has: a help desk numbers each of its lists from 1."""
    for item in items:
        item.external_id = f"{what}/{item.external_id}"
    return items


def _ticket(item: TicketItem) -> Values:
    return _activity(item, ActivityKind.TICKET, item.opened_at, TICKET_FACTS, _("Ticket"))


def _conversation(item: ConversationItem) -> Values:
    return _activity(item, ActivityKind.EMAIL, item.started_at, CONVERSATION_FACTS, _("Conversation"))


def _survey(item: SurveyItem) -> Values:
    low, high = item.scale
    words = {"survey": NAMES[item.survey], "score": f"{item.score.normalize():f}", "high": high}
    facts = {"survey": item.survey, "lowest": low, "highest": high, **_facts(item, ("respondent",))}
    said: Values = {"body": item.comment or ""} if given(item.comment) else {}
    return {
        "kind": ActivityKind.SURVEY.value,
        "happened_at": item.answered_at,
        "summary": _("%(survey)s %(score)s of %(high)s") % words,
        "value": item.score.quantize(Decimal("0.0001")),
        "facts": facts,
        **said,
    }


def _activity(item: Any, kind: ActivityKind, at: datetime, names: tuple[str, ...], untitled: str) -> Values:
    number = item.external_id.partition("/")[2]
    subject = (item.subject or "").strip() if given(item.subject) else ""
    said: Values = {"body": item.body or ""} if given(item.body) else {}
    summary = (subject or f"{untitled} {number}")[:LONGEST_SUMMARY]
    return {"kind": kind.value, "happened_at": at, "summary": summary, "facts": _facts(item, names), **said}


def _facts(item: object, names: tuple[str, ...]) -> dict[str, object]:
    """What is said under these names, as JSON has it."""
    found = {name: getattr(item, name) for name in names if given(getattr(item, name))}
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in found.items()
        if value is not None
    }
