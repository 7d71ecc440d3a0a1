"""What comes of a decision: what it began, or what holds it back and for how long, and what was there before it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from decisions.enums import Response, Suppression
from decisions.models import Decision, Item
from decisions.queries.words import takes_over
from playbooks.models import Task
from playbooks.queries.outcomes import label_of

# What is said of each thing that holds back, but for the cool-down, which has an end.
FOLLOWS: dict[str, Any] = {
    Suppression.STALE: gettext_lazy("It is kept as a record. What was decided on the newer signal stands."),
    Suppression.DWELL: gettext_lazy("It began and ended nothing. The next lower signals decide whether it falls."),
    Suppression.OPEN_ITEM: gettext_lazy("It was added as evidence to what was being done already."),
    Suppression.HOLD_OUT: gettext_lazy(
        "Nobody was to act on it: when it came, the account was held out. The next signal of this kind is decided anew "
        "once the account is released."
    ),
    Suppression.KILL_SWITCH: gettext_lazy(
        "It does not come back when automation is switched on again; the next signal of this kind is decided anew."
    ),
}


# And of each response that nothing held back.
BEGINS: dict[str, Any] = {
    Response.HUMAN: gettext_lazy("A task was opened for its owner."),
    Response.AUTOMATED: gettext_lazy("A playbook began by itself."),
    Response.MONITOR: gettext_lazy("The account went on its owner’s watch list. Nobody has to act."),
    Response.RECORD: gettext_lazy("It is kept as a record. Nobody has to act."),
}
TAKES_OVER = gettext_lazy("The playbook that was running stopped, and a task was opened for its owner.")


class Aftermath(NamedTuple):
    """`words`: what comes of it. `item`: what was done about the same before, or is being done; `task`: its last task.

    `outcome`: how that was closed; "" while it is open. `is_own`: this decision began it.
    """

    words: str
    item: Item | None
    task: Task | None
    outcome: str
    is_own: bool

    @property
    def state(self) -> str:
        """What became of the item that it began; of another, that it is about the same."""
        if not self.is_own:
            return _("About the same, closed") if self.outcome else _("About the same, open")
        return _("Closed") if self.outcome else _("Still open")

    @property
    def since(self) -> datetime | None:
        return self.task.opened_at if self.task else self.item.opened_at if self.item else None


def aftermath_of(decision: Decision, now: datetime) -> Aftermath:
    """For a decision whose item is loaded."""
    item = decision.item
    task = Task.objects.filter(item=item).select_related("closed_by").order_by("-opened_at").first() if item else None
    outcome = label_of(item.outcome) if item and item.outcome else ""
    begins = not decision.suppressed_by and decision.response in (Response.HUMAN, Response.AUTOMATED)
    return Aftermath(_words(decision, now), item, task, outcome, begins)


def _words(decision: Decision, now: datetime) -> str:
    if not decision.suppressed_by:
        return str(TAKES_OVER if takes_over(decision.reasons) else BEGINS[decision.response])
    cools = decision.suppressed_by == Suppression.COOL_DOWN
    return _cool_down(decision.item, now) if cools else str(FOLLOWS[decision.suppressed_by])


def _cool_down(item: Item | None, now: datetime) -> str:
    again = _("This signal does not come back; the next one of this kind is decided anew.")
    if item is None or not item.quiet:
        return _("The cool-down is over. %(again)s") % {"again": again}
    if item.quiet_until is None:
        closed = formats.date_format(timezone.localtime(item.closed_at), "j M Y") if item.closed_at else ""
        words = {"outcome": label_of(item.outcome), "day": closed}
        return _("Closed as “%(outcome)s” on %(day)s: quiet until the customer is won back.") % words
    day = formats.date_format(timezone.localtime(item.quiet_until), "j M Y, H:i")
    if item.quiet_until <= now:
        return _("The cool-down ended on %(day)s. %(again)s") % {"day": day, "again": again}
    return _(
        "The cool-down holds until %(day)s. Until then only a higher band, a new reason, or a red line such as a "
        "cancellation, opens something."
    ) % {"day": day}
