"""What is at stake on a task: the yearly revenue of its account."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models.expressions import RawSQL
from django.utils.translation import gettext as _

from core.templatetags.cx import short_money, to_decimal
from decisions.queries.facts import TYPICAL
from decisions.queries.worth import REVENUE
from playbooks.models import Task

REPORTING = RawSQL("SELECT reporting_currency FROM core_organisation LIMIT 1", ())  # a constant  # nosec B611


class Money(NamedTuple):
    """An amount, empty where it is unknown, and its currency; an estimate is what such accounts pay."""

    amount: Decimal | None
    currency: str
    is_estimate: bool = False

    @property
    def a_year(self) -> str:
        """In words, for where it is known."""
        words = _("about %(money)s a year") if self.is_estimate else _("%(money)s a year")
        return words % {"money": short_money(self.amount, self.currency)}


def exposed_revenue(parts: Iterable[Sequence[Any]], amount: Decimal | None, currency: str, reporting: str) -> Money:
    """Yearly revenue at stake: as the priority counted it, but the account's own rather than an estimate."""
    for part in parts:
        if part[0] == REVENUE:
            is_estimate = str(part[2]).startswith(TYPICAL)
            if is_estimate and amount is not None:
                break
            return Money(to_decimal(part[1]), reporting, is_estimate)
    return Money(amount, currency)


def exposed_of(task: Task, reporting: str) -> Money:
    """The same of a task, whose account is there with it; of a source nothing can be counted."""
    parts = task.priority_parts if isinstance(task.priority_parts, list) else []
    if task.account is None:
        return Money(None, "")
    return exposed_revenue(parts, task.account.arr_amount, task.account.arr_currency, reporting)
