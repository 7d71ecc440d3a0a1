"""What other systems say just now about an account, for somebody who may see it."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from django.db.models import QuerySet

from accounts.enums import KeyKind
from accounts.models import Account, AccountKey
from core.models import User
from intake.enums import SourceMode, ValueFormat
from intake.models import LookedUp, LookUp
from intake.queries.privacy import hidden_fields
from intake.services.federating import fields_of, look_up_all

PRIVACY = "lookups"


class LiveValue(NamedTuple):
    name: str
    value: str | None
    format: ValueFormat


class LiveSource(NamedTuple):
    """One source's answer: `answer.fetched_at` is how old it is, `answer.problem` why it could not be asked now."""

    look_up: LookUp
    answer: LookedUp
    values: list[LiveValue]


def has_look_ups() -> bool:
    return _look_ups().exists()


def live_values(account: Account, *, user: User, now: datetime) -> list[LiveSource]:
    """Ask every source that is looked up live and knows the account, and wait two seconds at most."""
    look_ups = list(_look_ups().select_related("source__account_namespace"))
    keys = AccountKey.objects.filter(account=account, kind=KeyKind.EXTERNAL_ID).order_by("-id")
    known = dict(keys.values_list("namespace_id", "value"))
    wanted = [
        (look_up, known[namespace])
        for look_up in look_ups
        if (namespace := look_up.source.account_namespace_id or look_up.source_id) in known
    ]
    by_id = {look_up.pk: look_up for look_up, _id in wanted}
    hidden = hidden_fields(user)
    return [
        LiveSource(by_id[answer.look_up_id], answer, _values(by_id[answer.look_up_id], answer, hidden))
        for answer in look_up_all(wanted, now)
    ]


def _look_ups() -> QuerySet[LookUp]:
    return LookUp.objects.filter(is_on=True, source__is_active=True, source__mode=SourceMode.FEDERATE)


def _values(look_up: LookUp, answer: LookedUp, hidden: frozenset[str]) -> list[LiveValue]:
    return [
        LiveValue(field.name, answer.values.get(field.name), field.format)
        for field in fields_of(look_up)
        if f"{PRIVACY}.{field.name}" not in hidden
    ]
