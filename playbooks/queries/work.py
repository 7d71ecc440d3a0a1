"""The open work behind a figure of the team board: the same tasks, one a line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import UUID

from django.db.models import Case as DbCase
from django.db.models import Count, DateTimeField, DecimalField, F, OrderBy, OuterRef, Q, Subquery, Value, When
from django.db.models.expressions import RawSQL
from django.db.models.functions import Cast, Coalesce
from django.http import Http404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Account
from accounts.queries import rates_on, yearly_revenue
from core.models import Organisation, Team, User
from decisions.queries.worth import REVENUE
from playbooks.enums import Lane, TaskStatus
from playbooks.models import Task
from playbooks.models.task import TaskQuerySet
from playbooks.queries.deadlines import Deadline, day_of, next_deadline
from playbooks.queries.filters import NEXT_DUE
from playbooks.queries.money import Money, exposed_of
from playbooks.queries.team import BEYOND, LATE_WORDS, boarded_teams, late_tasks, team_tasks

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as StrPromise

NOBODY = "nobody"
# What of the lane Later waits for room under its owner's cap.
HELD_BACK = "held"


# When a task needs somebody again, by the day where only that is set; what is beyond the cap by the end of its window.
UNTIL = DbCase(When(status=TaskStatus.WAITING, then=Cast("next_step_on", DateTimeField())), default=NEXT_DUE)
BY_DEADLINE = "deadline"
LANE_ORDER = DbCase(*(When(lane=lane, then=Value(place)) for place, lane in enumerate(Lane.values)))
COUNTED = """
(SELECT (part ->> 1)::numeric
 FROM jsonb_array_elements(CASE WHEN jsonb_typeof(priority_parts) = 'array' THEN priority_parts END) part
 WHERE part ->> 0 = %s LIMIT 1)
"""
# The orders of the list, by the column that one clicks: its words, and what comes first.
SORTS: dict[str, tuple[StrPromise, tuple[OrderBy, ...]]] = {
    "account": (gettext_lazy("Account"), (Coalesce("account__name", "source__name").asc(),)),
    "owner": (gettext_lazy("Owner"), (F("assignee__first_name").asc(nulls_last=True), F("assignee__username").asc())),
    "lane": (gettext_lazy("Lane"), (LANE_ORDER.asc(),)),
    BY_DEADLINE: (gettext_lazy("Next deadline"), (F("until").asc(nulls_last=True),)),
    "revenue": (gettext_lazy("Revenue a year"), (F("exposed").desc(nulls_last=True),)),
}


@dataclass(frozen=True)
class Work:
    """One open task, as a lead looks at it. `converted`: what is at stake, in the `reporting` currency, if known."""

    task: Task
    deadline: Deadline
    exposed: Money
    converted: Decimal | None
    reporting: str

    @property
    def lane(self) -> str:
        return str(Lane(self.task.lane).label)

    @property
    def snoozed(self) -> str:
        """Until when it sleeps, while what it waits for runs on; "" where it does not."""
        if self.task.status != TaskStatus.SNOOZED or self.task.snoozed_until is None:
            return ""
        return _("snoozed until %(day)s, its deadline runs") % {"day": day_of(self.task.snoozed_until)}


@dataclass(frozen=True)
class WorkFilter:
    """Which of the teams' open tasks.

    who: "" all, a person's id, "team:<id>", "nobody", or "nobody:<a team's id>". lane: one, "held", or empty.
    late: a key of `LATE_WORDS`, "any", or empty.
    """

    who: str = ""
    lane: str = ""
    late: str = ""

    def words(self, user: User) -> str:
        """What is shown, as a heading; Http404 where it is not for `user` or makes no sense."""
        parts = [self._whose(user), *self._what()]
        return " · ".join(part for part in parts if part)

    def _whose(self, user: User) -> str:
        if not self.who:
            return _("All teams")
        if self.who == NOBODY:
            return _("Nobody's yet")
        teams = boarded_teams(user)
        kind, is_team, team = self.who.partition(":")
        if is_team:
            name = str(_found(teams.filter(pk=_uuid(team)).first()))
            return _("%(team)s: nobody's yet") % {"team": name} if kind == NOBODY else name
        return str(_found(User.objects.visible_to(user).filter(pk=_uuid(self.who), team__in=teams).first()))

    def _what(self) -> Iterator[str]:
        if self.lane == HELD_BACK:
            yield _("More came than one is given in a day")
        elif self.lane:
            if self.lane not in Lane.values:
                raise Http404
            yield str(Lane(self.lane).label)
        if self.late:
            if self.late != "any" and self.late not in LATE_WORDS:
                raise Http404
            yield str(LATE_WORDS.get(self.late, _("Late")))

    def apply(self, tasks: TaskQuerySet, now: datetime) -> TaskQuerySet:
        kind, _is_team, team = self.who.partition(":")
        if kind == NOBODY:
            tasks = tasks.filter(assignee=None, **{"team": team} if team else {})
        elif team:
            tasks = tasks.filter(Q(assignee__team=team) | Q(assignee=None, team=team))
        elif self.who:
            tasks = tasks.filter(assignee=_uuid(self.who))
        if self.lane:
            tasks = tasks.filter(BEYOND if self.lane == HELD_BACK else Q(lane=self.lane))
        late = late_tasks(now)
        if self.late == "any":
            tasks = tasks.filter(late["acknowledge"] | late["touch"] | late["next"])
        elif self.late:
            tasks = tasks.filter(late[self.late])
        return tasks


def find_work(user: User, wanted: WorkFilter, now: datetime, sort: str = BY_DEADLINE) -> TaskQuerySet:
    """The tasks behind a figure, in one of `SORTS`."""
    tasks = wanted.apply(team_tasks(user, boarded_teams(user)), now)
    tasks = tasks.select_related("account", "source", "assignee", "type", "team").annotate(
        until=UNTIL, exposed=_exposed_at(rates_on(now.date()))
    )
    return tasks.order_by(*SORTS[sort][1], F("until").asc(nulls_last=True), "-priority", "id")


def count_work(tasks: TaskQuerySet, now: datetime) -> tuple[int, dict[str, int]]:
    """How many `tasks` there are, and how many of them are late by what they wait for."""
    late = {what: Count("id", filter=which) for what, which in late_tasks(now).items()}
    found = tasks.order_by().aggregate(n=Count("id"), **late)
    return found["n"], {what: found[what] for what in LATE_WORDS}


def _exposed_at(rates: dict[str, Decimal]) -> Coalesce:
    """Revenue at stake in the reporting currency, as `exposed_of` reads it."""
    own = Account.objects.filter(pk=OuterRef("account")).annotate(yearly=yearly_revenue(rates)).values("yearly")
    counted = RawSQL(COUNTED, [REVENUE], DecimalField())  # COUNTED is above  # noqa: S611  # nosec B611
    return Coalesce(counted, Subquery(own, DecimalField()))


def as_work(tasks: Iterable[Task], now: datetime) -> Iterator[Work]:
    """Each task with what is due next and what is at stake; converted where `find_work` found it."""
    reporting = Organisation.objects.values_list("reporting_currency", flat=True).first() or ""
    for task in tasks:
        yield Work(
            task, next_deadline(task, now), exposed_of(task, reporting), getattr(task, "exposed", None), reporting
        )


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Http404 from None


def _found(row: Team | User | None) -> Team | User:
    if row is None:
        raise Http404
    return row
