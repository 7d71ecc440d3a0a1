"""The next deadline of a task, as the chip that says it: state, words, and what is due."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import NamedTuple, Protocol

from django.utils import timezone
from django.utils.dates import MONTHS_3
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from playbooks.enums import Lane, TaskStatus
from playbooks.rules.lanes import SOON

CLOSING = timedelta(days=3)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


class Deadline(NamedTuple):
    """`state` is one of the chip's; `text` is short ("4 hours late", "due in 7 days"), `reason` says what, and when.

    `at`: that moment; None while the customer has the next move, and beyond the cap.
    """

    state: str
    text: str
    reason: str
    at: datetime | None = None

    @property
    def whole(self) -> str:
        """Both in one line, where there is room."""
        return self.text if self.state == "paused" else f"{self.text} · {self.reason}"


class HasDeadlines(Protocol):
    """The columns of a task that a deadline is made of."""

    status: str
    lane: str
    back_to: str
    urgent: bool
    due_at: datetime
    acknowledge_by: datetime | None
    acknowledged_at: datetime | None
    touch_by: datetime | None
    touched_at: datetime | None
    expires_at: datetime | None
    snooze_reason: str
    next_step_on: date | None


def next_deadline(task: HasDeadlines, now: datetime) -> Deadline:
    """What is due next. Late comes before soon, soon before a window that closes."""
    if task.status == TaskStatus.WAITING:
        return _paused(task)
    what, at = _what_is_due(task)
    reason = f"{what} {in_words(at)}"
    left = at - now
    if left <= timedelta(0):
        return Deadline("late", _("%(time)s late") % {"time": span(at, now)}, reason, at)
    if left <= SOON:
        return Deadline("due_soon", _("due in %(time)s") % {"time": span(now, at)}, reason, at)
    if task.expires_at and task.expires_at - now <= CLOSING:
        closing = _("Window closes in %(time)s") % {"time": span(now, task.expires_at)}
        return Deadline("closing", closing, reason, at)
    lane = task.back_to if task.lane == Lane.WAITING else task.lane
    if lane == Lane.LATER and task.urgent and not task.touched_at:
        reason = _("More came than one is given in a day. Begin it at any time.")
        return Deadline("on_track", _("no deadline yet"), reason)
    if task.next_step_on:
        return Deadline("on_track", _("begun, next step by %(day)s") % {"day": day_of(at)}, reason, at)
    if _runs_since_begun(task):
        return Deadline("on_track", _("begun, due in %(time)s") % {"time": span(now, at)}, reason, at)
    return Deadline("on_track", _("due in %(time)s") % {"time": span(now, at)}, reason, at)


def _paused(task: HasDeadlines) -> Deadline:
    still = _("The clock stands still while the customer has the next move.")
    reason = f"{task.snooze_reason} · {still}" if task.snooze_reason else still
    if task.next_step_on is None:
        return Deadline("paused", _("Waiting"), reason)
    return Deadline("paused", _("Waiting until %(day)s") % {"day": day_of(task.next_step_on)}, reason)


def _what_is_due(task: HasDeadlines) -> tuple[str, datetime]:
    if task.acknowledge_by and not task.acknowledged_at:
        return _("Acknowledge by"), task.acknowledge_by
    if task.touch_by and not task.touched_at:
        return _("First touch by"), task.touch_by
    if task.next_step_on:
        return _("Next step by"), task.due_at
    if task.touched_at and _runs_since_begun(task):
        return _("Begun %(day)s, to be done by") % {"day": day_of(task.touched_at)}, task.due_at
    return _("To be done by"), task.due_at


def _runs_since_begun(task: HasDeadlines) -> bool:
    """Whether its deadline is the one of its first touch: nobody has said yet when it goes on."""
    return bool(task.urgent and task.touched_at and not task.next_step_on)


def day_of(at: date) -> str:
    """A day in the reader's zone, such as "23 Nov"."""
    local = timezone.localtime(at) if isinstance(at, datetime) else at
    return f"{local.day} {MONTHS_3[local.month].title()}"


def in_words(at: datetime) -> str:
    """A moment in the reader's zone, such as "23 Nov, 09:00"."""
    local = timezone.localtime(at)
    return (
        f"{local.day} {MONTHS_3[local.month].title()}, {local:%H:%M}"  # "j M, H:i", without reading that for each row
    )


def span(start: datetime, end: datetime) -> str:
    """A time in its largest unit, such as "5 hours"; from two days on the days of the reader's calendar, so that it
    agrees with the dates of both ends."""
    length = end - start
    if length < HOUR:
        minutes = max(1, length // MINUTE)
        return ngettext("%(n)d minute", "%(n)d minutes", minutes) % {"n": minutes}
    if length < 2 * DAY:
        hours = length // HOUR
        return ngettext("%(n)d hour", "%(n)d hours", hours) % {"n": hours}
    days = days_since(start, end)
    return ngettext("%(n)d day", "%(n)d days", days) % {"n": days}


def days_since(start: datetime, now: datetime) -> int:
    """How many days of the reader's calendar ago `start` was."""
    return (timezone.localtime(now).date() - timezone.localtime(start).date()).days
