"""What comes of a decision: what it began, or what holds it back and for how long, and what was there before it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from decisions.enums import Response, Suppression
from decisions.models import Decision, Item
from playbooks.models import Task
from playbooks.queries.outcomes import label_of

# What is said of each thing that holds back, but for the cool-down, which has an end.
FOLLOWS: dict[str, Any] = {
    Suppression.STALE: gettext_lazy("It is kept as a record. What was decided on the newer signal stands."),
    Suppression.DWELL: gettext_lazy("What was decided before goes on. The next lower signals decide whether it ends."),
    Suppression.OPEN_ITEM: gettext_lazy("It was added as evidence to what is being done already."),
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


class Aftermath(NamedTuple):
    """`words`: what comes of it. `item`: what was done about the same before, or is being done; `task`: its last task.

    `outcome`: how that was closed; "" while it is open.
    """

    words: str
    item: Item | None
    task: Task | None
    outcome: str


def aftermath_of(decision: Decision, now: datetime) -> Aftermath:
    """For a decision whose item is loaded."""
    item = decision.item
    task = Task.objects.filter(item=item).select_related("closed_by").order_by("-opened_at").first() if item else None
    outcome = label_of(item.outcome) if item and item.outcome else ""
    return Aftermath(_words(decision, now), item, task, outcome)


def _words(decision: Decision, now: datetime) -> str:
    if not decision.suppressed_by:
        return str(BEGINS[decision.response])
    cools = decision.suppressed_by == Suppression.COOL_DOWN
    return _cool_down(decision.item, now) if cools else str(FOLLOWS[decision.suppressed_by])


def _cool_down(item: Item | None, now: datetime) -> str:
    again = _("This signal does not come back; the next one of this kind is decided anew.")
    if item is None or not item.quiet:
        return _("The cool-down is over. %(again)s") % {"again": again}
    if item.quiet_until is None:
        return _("It stays quiet until the account is a customer again.")
    day = formats.date_format(timezone.localtime(item.quiet_until), "j M Y, H:i")
    if item.quiet_until <= now:
        return _("The cool-down ended on %(day)s. %(again)s") % {"day": day, "again": again}
    return _(
        "The cool-down holds until %(day)s. Until then only a higher band, a new reason, or a red line such as a "
        "cancellation, opens something."
    ) % {"day": day}
