"""The open work behind a figure of the team board: the same tasks, one a line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q
from django.http import Http404
from django.utils.translation import gettext as _

from core.models import Organisation, Team, User
from playbooks.enums import Lane
from playbooks.models import Task
from playbooks.models.task import TaskQuerySet
from playbooks.queries.deadlines import Deadline, next_deadline
from playbooks.queries.money import Money, exposed_of
from playbooks.queries.team import LATE_WORDS, boarded_teams, late_tasks, team_tasks

NOBODY = "nobody"


@dataclass(frozen=True)
class Work:
    """One open task, as a lead looks at it."""

    task: Task
    deadline: Deadline
    exposed: Money

    @property
    def lane(self) -> str:
        return str(Lane(self.task.lane).label)


@dataclass(frozen=True)
class WorkFilter:
    """Which of the teams' open tasks: whose ("" all, a person's id, "nobody", "team:<id>"), which lane, what is late.

    `late` is a key of `LATE_WORDS`, "any", or empty.
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
        if self.who.startswith("team:"):
            team = teams.filter(pk=_uuid(self.who.removeprefix("team:"))).first()
            return str(_found(team))
        return str(_found(User.objects.visible_to(user).filter(pk=_uuid(self.who), team__in=teams).first()))

    def _what(self) -> Iterator[str]:
        if self.lane:
            if self.lane not in Lane.values:
                raise Http404
            yield str(Lane(self.lane).label)
        if self.late:
            if self.late != "any" and self.late not in LATE_WORDS:
                raise Http404
            yield str(LATE_WORDS.get(self.late, _("Late")))

    def apply(self, tasks: TaskQuerySet, now: datetime) -> TaskQuerySet:
        if self.who == NOBODY:
            tasks = tasks.filter(assignee=None)
        elif self.who.startswith("team:"):
            team = self.who.removeprefix("team:")
            tasks = tasks.filter(Q(assignee__team=team) | Q(assignee=None, team=team))
        elif self.who:
            tasks = tasks.filter(assignee=_uuid(self.who))
        if self.lane:
            tasks = tasks.filter(lane=self.lane)
        late = late_tasks(now)
        if self.late == "any":
            tasks = tasks.filter(late["acknowledge"] | late["touch"] | late["next"])
        elif self.late:
            tasks = tasks.filter(late[self.late])
        return tasks


def find_work(user: User, wanted: WorkFilter, now: datetime) -> TaskQuerySet:
    """The tasks behind a figure, in the order of a queue."""
    tasks = wanted.apply(team_tasks(user, boarded_teams(user)), now)
    return tasks.select_related("account", "source", "assignee", "type", "team").order_by("-priority", "due_at", "id")


def as_work(tasks: Iterable[Task], now: datetime) -> Iterator[Work]:
    """Each task with what is due next and what is at stake."""
    reporting = Organisation.objects.values_list("reporting_currency", flat=True).first() or ""
    for task in tasks:
        yield Work(task, next_deadline(task, now), exposed_of(task, reporting))


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Http404 from None


def _found(row: Team | User | None) -> Team | User:
    if row is None:
        raise Http404
    return row
