"""A queue: whose it is, its lanes with counts, a page of rows in their frozen order, and what has changed since."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple, cast
from uuid import UUID

from django.db.models import Count, Q, QuerySet
from django.http import Http404
from django.utils import formats, timezone
from django.utils.translation import gettext as _

from core.enums import Role
from core.models import Team, User
from core.templatetags.cx import percent, short_money
from core.written import Written
from decisions.queries.worth import REVENUE, Worth, worth_of
from intake.enums import Problem
from playbooks.enums import ACTIVE, Lane, TaskStatus
from playbooks.models import Task
from playbooks.models.task import TaskQuerySet
from playbooks.queries.deadlines import Deadline, HasDeadlines, day_of, next_deadline
from playbooks.queries.filters import NEXT_DUE, Filters, is_late
from playbooks.queries.money import REPORTING, Money
from playbooks.queries.strangers import stranger, whose_account
from playbooks.queries.terms import Term, running_term

PAGE = 25
MOST_SEGMENTS = 50
IN_ORDER = ("-priority", "due_at", "id")
ROW_COLUMNS = (
    "id", "title", "status", "lane", "priority", "priority_parts", "due_at", "acknowledge_by", "acknowledged_at",
    "touch_by", "touched_at", "expires_at", "flag", "urgent", "back_to",
    "account__name", "account__arr_amount", "account__arr_currency", "type__name",
    "snooze_reason", "snoozed_until", "next_step_on", "claimed_until", "claimed_by_id", "assignee_id", "source_id",
    "run_step_id",
)  # fmt: skip
# What few tasks have: asked for where one has it, since with these tables too PostgreSQL plans ten times as long.
SELDOM = (
    "source__name", "trouble__problem", "claimed_by__username", "claimed_by__first_name", "assignee__username",
    "assignee__first_name",
)  # fmt: skip


@dataclass(frozen=True)
class Scope:
    """Whose work is shown: one person's, or a team's."""

    key: str
    label: str
    tasks: TaskQuerySet
    is_own: bool
    whole_of: User | None = None
    """Whose own queue it is, unless it is narrowed."""

    def narrowed(self, filters: Filters, now: datetime) -> Scope:
        """The same with only what fits the filters: rows and counts alike."""
        if not any(filters):
            return self
        return replace(self, tasks=filters.narrow(self.tasks, now), whole_of=None)


class Row(NamedTuple):
    """One line of the queue, in words: `meta` says what acting is worth, then what of it weighs most.

    `worth`: the same with what it is the product of. `gone`: where it went, of one that has left the list it stands in.
    """

    id: UUID
    account: str
    title: str
    type: str
    deadline: Deadline
    meta: list[str]
    worth: str
    state: str
    flag: str
    at_work: str
    is_snoozed: bool
    is_active: bool
    position: str
    gone: str = ""

    @property
    def flag_label(self) -> str:
        return _("Look again")

    @property
    def pick_label(self) -> str:
        return _("Select %(account)s") % {"account": self.account}


def find_scope(user: User, key: str) -> Scope:
    """The queue named by `key`: "" is one's own, "team:<id>" a team's, else a colleague's id. Http404 if not theirs."""
    if not key or key == str(user.pk):
        return Scope("", str(user), Task.objects.filter(assignee=user), is_own=True, whole_of=user)
    choices = dict(queue_choices(user))
    if key not in choices:
        raise Http404
    visible = Task.objects.visible_to(user)
    if key.startswith("team:"):
        team = key.removeprefix("team:")
        tasks = visible.filter(Q(assignee__team_id=team) | Q(assignee=None, team_id=team))
        return Scope(key, choices[key], tasks, is_own=False)
    return Scope(key, choices[key], visible.filter(assignee_id=UUID(key)), is_own=False)


def queue_choices(user: User) -> list[tuple[str, str]]:
    """The teams and people whose queues `user` may open; only leads have any."""
    if user.role in (Role.CSM, Role.OPS) and not user.is_superuser:
        return []
    teams = Team.objects.filter(is_active=True)
    if user.role == Role.MANAGER and not user.is_superuser:
        teams = teams.filter(Q(lead=user) | Q(pk=user.team_id))
    names = dict(teams.values_list("pk", "name"))
    people = User.objects.filter(team__in=list(names), is_active=True).exclude(pk=user.pk)
    return [(f"team:{pk}", name) for pk, name in names.items()] + [
        (str(person.pk), str(person)) for person in people.order_by("first_name", "username")
    ]


def segments_of(user: User) -> list[str]:
    """The segments of the accounts on which `user` has open work."""
    mine = Task.objects.active().filter(Q(assignee=user) | Q(team=user.team_id, team__isnull=False))
    found = mine.exclude(account__segment="").values_list("account__segment", flat=True).order_by()
    return sorted(set(found.distinct()[:MOST_SEGMENTS]))


class Counted(NamedTuple):
    """How many active tasks a lane holds, and how many of them are late."""

    all: int = 0
    late: int = 0


def count_lanes(scope: Scope, now: datetime) -> dict[str, Counted]:
    """The counts of every lane."""
    rows = _own_lanes(scope.whole_of, now=now) if scope.whole_of else _counted(scope.tasks, now)
    found = {lane: Counted(*counts) for lane, *counts in rows}
    return {lane.value: found.get(lane.value, Counted()) for lane in Lane}


def _counted(tasks: TaskQuerySet, now: datetime) -> QuerySet[Task, tuple[Any, ...]]:
    lanes = tasks.active().annotate(next_due=NEXT_DUE).values_list("lane")
    return lanes.annotate(n=Count("id"), late=Count("id", filter=is_late(now))).order_by()


@Written
def _own_lanes(user: User, *, now: datetime) -> QuerySet[Task, tuple[Any, ...]]:
    return _counted(Task.objects.filter(assignee=user), now)


def load_page(scope: Scope, lane: str, *, after: str, user: User, now: datetime) -> tuple[list[Row], str]:
    """A page of rows, and the cursor of the next page ("" at the end). `after` is a row's `position`."""
    tasks = after_position(scope.tasks.active().filter(lane=lane), after).order_by(*IN_ORDER)
    found = read_columns(tasks[: PAGE + 1], user.pk, now)
    rows = [_row(values, user.pk, now) for values in found[:PAGE]]
    return rows, rows[-1].position if len(found) > PAGE else ""


def all_ids(scope: Scope, lane: str, *, most: int) -> list[UUID]:
    """The tasks of a lane in their order, as many as may be changed at once."""
    return list(lane_tasks(scope, lane).values_list("pk", flat=True)[:most])


def lane_tasks(scope: Scope, lane: str) -> TaskQuerySet:
    """The open tasks of a lane in the order of the queue, with what a line or a file says of them."""
    tasks = scope.tasks.active().filter(lane=lane).select_related("account", "source", "assignee", "type", "team")
    return tasks.order_by(*IN_ORDER)


def load_rows_of(task_id: UUID, *, user: User, now: datetime) -> list[Row]:
    """The row of a task as it is now; none where `user` may not see it any more."""
    columns = _columns_of(user, task_id=task_id, now=now, today=now.date())
    return [_row(values, user.pk, now) for values in _with_seldom(columns, user.pk)]


def rows_beside(task: Task, scope: Scope, lane: str, *, user: User, now: datetime) -> list[Row]:
    """`load_rows_of` as the list of `lane` in `scope` has it: what is put off, taken up, ended, handed over is gone."""
    rows = load_rows_of(task.pk, user=user, now=now)
    is_open, waits = task.status in ACTIVE, task.lane == Lane.WAITING
    if is_open and waits == (lane == Lane.WAITING):
        if scope.tasks.filter(pk=task.pk).exists():
            return rows
        return [row._replace(gone=_("With %(name)s") % {"name": task.assignee}) for row in rows]
    taken_up = _("In %(lane)s") % {"lane": Lane(task.lane).label} if is_open and not waits else ""
    return [row._replace(gone=taken_up or row.state) for row in rows]


@Written
def _columns_of(user: User, *, task_id: UUID, now: datetime, today: date) -> QuerySet[Task, dict[str, Any]]:
    return _columns(Task.objects.visible_to(user).filter(pk=task_id), now, today)


def read_columns(tasks: TaskQuerySet, viewer: UUID, now: datetime) -> list[dict[str, Any]]:
    """What the lines of these tasks are made of for a user, by column."""
    return _with_seldom(_columns(tasks, now, now.date()), viewer)


def _columns(tasks: TaskQuerySet, now: datetime, today: date) -> QuerySet[Task, dict[str, Any]]:
    columns: QuerySet[Task, dict[str, Any]] = tasks.values(
        *ROW_COLUMNS, reporting=REPORTING, term=running_term(today), stranger=stranger(now)
    )
    return columns


def _with_seldom(tasks: QuerySet[Task, dict[str, Any]], viewer: UUID) -> list[dict[str, Any]]:
    rows = list(tasks)
    few = [row["id"] for row in rows if row["source_id"] or row["claimed_by_id"] or row["assignee_id"] != viewer]
    seldom = {row["id"]: row for row in Task.objects.filter(pk__in=few).values("id", *SELDOM)} if few else {}
    return [row | (seldom.get(row["id"]) or dict.fromkeys(SELDOM)) for row in rows]


def count_changes(scope: Scope, lane: str, *, user: User, since: datetime) -> tuple[int, int]:
    """How many tasks are new in the lane, and how many left it by somebody else's hand, since `since`."""
    new = scope.tasks.active().filter(lane=lane, opened_at__gt=since).count()
    closed = scope.tasks.filter(closed_at__gt=since).exclude(closed_by=user).count()
    return new, closed


def position(priority: Decimal, due_at: datetime, pk: UUID) -> str:
    """Where a row stands, as a cursor."""
    return f"{priority}~{due_at.isoformat()}~{pk}"


def after_position(tasks: TaskQuerySet, cursor: str) -> TaskQuerySet:
    """Those that stand below a row's `position`; all without one. Http404 where it is none."""
    if not cursor:
        return tasks
    try:
        first, second, third = cursor.split("~")
        priority, due_at, pk = Decimal(first), datetime.fromisoformat(second), UUID(third)
    except (ValueError, InvalidOperation):
        raise Http404 from None
    same = Q(priority=priority) & (Q(due_at__gt=due_at) | Q(due_at=due_at, pk__gt=pk))
    return tasks.filter(Q(priority__lt=priority) | same, priority__lte=priority)


class Columns:
    """The columns of a row by name, for `next_deadline`."""

    def __init__(self, values: dict[str, Any]) -> None:
        self.__dict__.update(values)


def title_beside(title: str, *shown: str | None) -> str:
    """A task's title without what is `shown` beside it: its type, or the name of its account or source."""
    for words in filter(None, shown):
        title = title.removeprefix(f"{words}: ").removesuffix(f": {words}")
    return f"{title[:1].upper()}{title[1:]}"


def _row(values: dict[str, Any], viewer: UUID, now: datetime) -> Row:
    worth = worth_of(values["priority_parts"])
    return Row(
        id=values["id"],
        account=values["account__name"] or values["source__name"],
        title=title_beside(values["title"], values["source__name"], values["type__name"]),
        type=values["type__name"] or (str(Problem(problem).label) if (problem := values["trouble__problem"]) else ""),
        deadline=next_deadline(cast("HasDeadlines", Columns(values)), now),
        meta=list(filter(None, _meta(values, worth, viewer, timezone.localtime(now).date()))),
        worth=_product(worth, values["reporting"] or ""),
        state=_state(values),
        flag=values["flag"],
        at_work=_at_work(values, now),
        is_snoozed=values["status"] == TaskStatus.SNOOZED,
        is_active=values["status"] in ACTIVE,
        position=position(values["priority"], values["due_at"], values["id"]),
    )


def _at_work(values: Mapping[str, Any], now: datetime) -> str:
    """Who works on it just now, where that is not whose it is; "" where nobody does."""
    if values["claimed_by_id"] == values["assignee_id"] or not values["claimed_until"]:
        return ""
    if values["claimed_until"] <= now:
        return ""
    return str(values["claimed_by__first_name"] or values["claimed_by__username"])


def _state(values: Mapping[str, Any]) -> str:
    if values["status"] == TaskStatus.SNOOZED:
        day = formats.date_format(timezone.localtime(values["snoozed_until"]), "j M")
        return _("Snoozed until %(day)s") % {"day": day}
    if values["status"] == TaskStatus.WAITING and values["next_step_on"]:
        return _("Waiting until %(day)s") % {"day": day_of(values["next_step_on"])}
    return str(TaskStatus(values["status"]).label)


def _product(worth: Worth, currency: str) -> str:
    """What the order goes by, as the task's page has its factors one below the other; "" where nothing counts."""
    if not worth.money:
        return ""
    written = {REVENUE: lambda value: short_money(value, currency)}
    words = {
        "money": short_money(worth.money, currency),
        "product": " × ".join(written.get(part.name, percent)(part.value) for part in worth.parts),
    }
    return _("Acting is worth %(money)s: %(product)s (revenue × chance × effect of acting)") % words


def _pressure(worth: Worth, term: Term | None, today: date) -> str:
    """By how much it is moved up, and what is near; "" where nothing is."""
    near = term.nearness(today) if term else ""
    if not worth.presses:
        return near
    return _("%(near)s: × %(factor)s") % {"near": near or _("urgency"), "factor": formats.localize(worth.presses)}


def _meta(values: Mapping[str, Any], worth: Worth, viewer: UUID, today: date) -> Iterator[str]:
    """The first is what acting is worth, if that is known; the last whose it or its account is, if not the viewer's."""
    reporting = values["reporting"] or ""
    if worth.money:
        words = _("worth about %(gain)s") if worth.is_estimate else _("worth %(gain)s")
        yield words % {"gain": short_money(worth.money, reporting)}
    else:
        if values["account__name"] and not values["type__name"]:
            yield _("by hand")
        if (own := Money(values["account__arr_amount"], values["account__arr_currency"])).amount is not None:
            yield own.a_year
    if values["priority"]:
        yield _pressure(worth, Term.read(values["term"]), today)
    if values["run_step_id"]:
        yield _("playbook step")
    if values["assignee_id"] != viewer:
        yield str(values["assignee__first_name"] or values["assignee__username"] or _("Nobody yet"))
    elif values["stranger"] is not None:
        yield whose_account(values["stranger"])
