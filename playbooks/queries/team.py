"""The team board: who has how much, what is late, and what nobody has. Counts are of the rows that the links show."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any, NamedTuple, cast
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Count, Q, QuerySet, Subquery
from django.utils.translation import gettext_lazy as _

from accounts.models import Account
from core.bulk import fetch_all, ids_of
from core.enums import Role
from core.models import Absence, Alert, Organisation, Team, User
from core.queries import Told, fold_alerts
from playbooks.enums import Lane, TaskStatus
from playbooks.models import CapCounter, Task
from playbooks.models.task import TaskQuerySet
from playbooks.queries.filters import HELD

# An absence is announced so long before it begins.
AHEAD = timedelta(days=14)
ALERTS_SHOWN, ALERTS_READ = 5, 100
UNASSIGNED_SHOWN = 20
# Alerts of what the board counts itself: an alert holds the figure of the hour in which it was raised.
COUNTED = ("capped", "late_acknowledge", "late_touch")

# Tasks of somebody that wait for room under their cap.
BEYOND = HELD & Q(status__in=(TaskStatus.OPEN, TaskStatus.CLAIMED), assignee__isnull=False)

# What a late task waits for, in the order in which `next_deadline` looks: the sum is the number of late chips.
LATE_WORDS = {
    "acknowledge": _("Not acknowledged in time"),
    "touch": _("No first touch in time"),
    "next": _("Next step or due time passed"),
}


@dataclass
class Load:
    """Open work: tasks by lane, those of them that are late by what they wait for.

    `urgent`: urgent ones in Now; `held`: those in Later that wait for room under the cap. `revenue`: a year, of the
    accounts that they are about (None: unknown); one on which two people work is in both theirs, so it has no sum.
    """

    lanes: dict[str, int] = field(default_factory=lambda: {lane.value: 0 for lane in Lane})
    late: dict[str, int] = field(default_factory=lambda: dict.fromkeys(LATE_WORDS, 0))
    revenue: Decimal | None = None
    urgent: int = 0
    held: int = 0

    @property
    def total(self) -> int:
        return sum(self.lanes.values())

    @property
    def late_total(self) -> int:
        return sum(self.late.values())

    @property
    def by_lane(self) -> list[tuple[str, str, int]]:
        """(lane, its name, how many), in order."""
        return [(lane.value, str(lane.label), self.lanes[lane.value]) for lane in Lane]

    @property
    def late_text(self) -> str:
        """What the late ones wait for, such as "Not acknowledged in time: 2"."""
        return ", ".join(f"{LATE_WORDS[what]}: {count}" for what, count in self.late.items() if count)

    def add(self, other: Load) -> None:
        for lane, count in other.lanes.items():
            self.lanes[lane] += count
        for what, count in other.late.items():
            self.late[what] += count
        self.urgent += other.urgent
        self.held += other.held


class Bar(NamedTuple):
    """A lane's part of a person's bar, on the scale of the longest (0 to 100)."""

    lane: str
    x: float
    width: float


@dataclass
class Person:
    """One line of the board. `given`: urgent tasks that they were given today; `away`: now, else next."""

    user: User
    load: Load
    given: int
    away: Absence | None
    is_away: bool
    bars: list[Bar] = field(default_factory=list)

    @property
    def cap_used(self) -> int:
        """What counts against their cap: urgent tasks given today, or still in Now where those are more (`Room`)."""
        return max(self.given, self.load.urgent)


@dataclass
class TeamCard:
    """A team with its people, and what of its work nobody has."""

    team: Team
    people: list[Person]
    total: Load
    unassigned: int = 0

    @property
    def lines(self) -> list[Person]:
        """All but a lead who has nothing to do here: they are named above."""
        return [person for person in self.people if not self._is_aside(person)]

    def _is_aside(self, person: Person) -> bool:
        is_idle = not (person.load.total or person.away)
        return is_idle and person.user.pk == self.team.lead_id and len(self.people) > 1


@dataclass
class Board:
    """Everything on the page. `stray`: accounts of no team, where no catch-all takes what comes up there."""

    teams: list[TeamCard]
    total: Load
    unassigned: list[Task]
    unassigned_count: int
    alerts: list[Told]
    away_now: int
    currency: str
    stray: int

    @cached_property
    def staff(self) -> list[User]:
        """Everybody of these teams, whether or not they are a line."""
        return [person.user for card in self.teams for person in card.people]

    def takers(self, team_id: UUID | None) -> list[User]:
        """Who of these teams can be given something now, those of the task's own team first."""
        away = {person.user.pk for card in self.teams for person in card.people if person.is_away}
        here = [user for user in self.staff if user.is_active and user.role in (Role.CSM, Role.MANAGER)]
        here = [user for user in here if user.pk not in away]
        return sorted(here, key=lambda user: (user.team_id != team_id, str(user)))


def boarded_teams(user: User) -> QuerySet[Team]:
    """The teams whose board `user` may see: a manager's own and those they lead; leaders and operations all."""
    teams = Team.objects.filter(is_active=True)
    if user.role == Role.MANAGER and not user.is_superuser:
        teams = teams.filter(Q(lead=user) | Q(pk=user.team_id))
    return teams.select_related("lead")


def _of_the_house() -> tuple[str, int]:
    """The currency of its sums, and the accounts of no team as long as no catch-all takes what comes up there."""
    without = Account.objects.filter(archived_at=None, team=None).order_by().values("team").annotate(n=Count("pk"))
    rows = Organisation.objects.annotate(without=Subquery(without.values("n")))
    row = rows.values_list("reporting_currency", "without", "catch_all__is_active").first()
    currency, stray, is_caught = row or ("", 0, False)
    return currency, 0 if is_caught else stray or 0


def may_lead(user: User) -> bool:
    """Whether `user` gives work away; leaders and operations only read."""
    return user.role == Role.MANAGER or user.is_superuser


def late_tasks(now: datetime) -> dict[str, Q]:
    """Which tasks are late, by what they wait for; no task is two of them."""
    going = ~Q(status=TaskStatus.WAITING)
    to_acknowledge = Q(acknowledge_by__isnull=False, acknowledged_at=None)
    to_touch = ~to_acknowledge & Q(touch_by__isnull=False, touched_at=None)
    return {
        "acknowledge": going & to_acknowledge & Q(acknowledge_by__lte=now),
        "touch": going & to_touch & Q(touch_by__lte=now),
        "next": going & ~to_acknowledge & ~to_touch & Q(due_at__lte=now),
    }


def team_tasks(user: User, teams: Iterable[Team]) -> TaskQuerySet:
    """Open tasks of these teams' people, and those of the teams that nobody has, as far as `user` may see them."""
    ids = [team.pk for team in teams]
    mine = Q(assignee__team__in=ids) | Q(assignee=None, team__in=ids)
    return Task.objects.visible_to(user).active().filter(mine)


def load_board(user: User, now: datetime) -> Board:
    """The board of all teams that `user` may see, in a number of queries that does not depend on how much there is."""
    teams = list(boarded_teams(user))
    tasks = team_tasks(user, teams)
    loads, nobodys = _loads(tasks, now)
    cards = {team.pk: TeamCard(team, [], Load(), 0) for team in teams}
    for person in _people(teams, loads, now):
        card = cards[person.user.team_id]  # type: ignore[index]
        card.people.append(person)
        card.total.add(person.load)
    for pk, card in cards.items():
        card.unassigned = nobodys[pk]
    unseen = Alert.objects.visible_to(user).filter(seen_at=None).exclude(kind__in=COUNTED)
    currency, stray = _of_the_house()
    board = Board(
        teams=list(cards.values()),
        total=Load(),
        unassigned=list(
            tasks.filter(assignee=None).select_related("account", "source", "team", "type")[:UNASSIGNED_SHOWN]
        ),
        unassigned_count=nobodys.total(),
        alerts=fold_alerts(unseen.select_related("team")[:ALERTS_READ])[:ALERTS_SHOWN],
        away_now=sum(person.is_away for card in cards.values() for person in card.people),
        currency=currency,
        stray=stray,
    )
    for card in board.teams:
        board.total.add(card.total)
    _draw(board)
    return board


def _people(teams: Iterable[Team], loads: dict[UUID, Load], now: datetime) -> list[Person]:
    """Everybody of these teams who works here, and who left with something still open."""
    users = User.objects.filter(Q(is_active=True) | Q(pk__in=list(loads)), team__in=[team.pk for team in teams])
    people = list(users.exclude(role=Role.INTEGRATION).order_by("first_name", "username"))
    given = _given_today(people, now)
    away = _absences(people, now)
    return [
        Person(user, loads.get(user.pk) or Load(), given.get(user.pk, 0), absence, _is_away(absence, now))
        for user in people
        for absence in [away.get(user.pk)]
    ]


def _loads(tasks: TaskQuerySet, now: datetime) -> tuple[dict[UUID, Load], Counter[UUID]]:
    """What each person has, and how much of each team's work nobody has."""
    counts = {what: Count("id", filter=which) for what, which in late_tasks(now).items()}
    counts["urgent_now"] = Count("id", filter=Q(lane=Lane.NOW, urgent=True))
    counts["held"] = Count("id", filter=BEYOND)
    loads: dict[UUID, Load] = defaultdict(Load)
    nobodys: Counter[UUID] = Counter()
    rows = tasks.values("assignee_id", "team_id", "lane").annotate(n=Count("id"), **counts).order_by()
    for row in cast("Iterable[dict[str, Any]]", rows):
        if row["assignee_id"] is None:
            nobodys[row["team_id"]] += row["n"]
            continue
        load = loads[row["assignee_id"]]
        load.lanes[row["lane"]] += row["n"]
        load.urgent += row["urgent_now"]
        load.held += row["held"]
        for what in LATE_WORDS:
            load.late[what] += row[what]
    for user_id, amount in _revenue(tasks, now):
        loads[user_id].revenue = amount
    return dict(loads), nobodys


# An account counts once, however many of its tasks somebody has.
WORKED_ON = """
SELECT each.assignee_id,
    sum(each.arr_amount * CASE WHEN each.arr_currency = organisation.currency THEN 1 ELSE fx.rate END)
FROM (
    SELECT DISTINCT t.assignee_id, a.id, a.arr_amount, a.arr_currency
    FROM playbooks_task t JOIN ({tasks}) AS mine USING (id) JOIN accounts_account a ON a.id = t.account_id
    WHERE t.assignee_id IS NOT NULL
) AS each
CROSS JOIN (SELECT coalesce(max(reporting_currency), 'USD') AS currency FROM core_organisation) AS organisation
LEFT JOIN (
    SELECT DISTINCT ON (currency) currency, rate FROM accounts_fxrate WHERE on_day <= %s ORDER BY currency, on_day DESC
) AS fx ON fx.currency = each.arr_currency
GROUP BY each.assignee_id
"""


def _revenue(tasks: TaskQuerySet, now: datetime) -> list[tuple[UUID, Decimal | None]]:
    sql, params = ids_of(tasks)
    return fetch_all(WORKED_ON.format(tasks=sql), [*params, now.date()])


def _given_today(people: list[User], now: datetime) -> dict[UUID, int]:
    """How many urgent tasks each was given on their own today."""
    days = {user.pk: _today(user, now) for user in people}
    rows = CapCounter.objects.filter(user__in=people, on_day__in=set(days.values()))
    return {row.user_id: row.taken for row in rows if row.on_day == days[row.user_id]}


def _today(user: User, now: datetime) -> date:
    return now.astimezone(ZoneInfo(user.timezone)).date()


def _absences(people: list[User], now: datetime) -> dict[UUID, Absence]:
    """The absence of each that holds now, else their next one."""
    rows = Absence.objects.filter(user__in=people, active_to__gt=now, active_from__lte=now + AHEAD).select_related(
        "user"
    )
    found: dict[UUID, Absence] = {}
    for row in rows.order_by("active_from"):
        found.setdefault(row.user_id, row)
    return found


def _is_away(absence: Absence | None, now: datetime) -> bool:
    return absence is not None and absence.active_from <= now


def _draw(board: Board) -> None:
    people = [person for card in board.teams for person in card.people]
    longest = max((person.load.total for person in people), default=0) or 1
    for person in people:
        x = 0.0
        for lane, count in person.load.lanes.items():
            width = round(100 * count / longest, 2)
            if width:
                person.bars.append(Bar(lane, round(x, 2), width))
            x += width
