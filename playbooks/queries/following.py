"""Which task comes next, once one is done with."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import BooleanField, Q, QuerySet
from django.db.models.expressions import RawSQL

from core.models import User
from core.written import Written
from playbooks.enums import TaskStatus
from playbooks.models import Task
from playbooks.models.task import TaskQuerySet
from playbooks.queries.queue import IN_ORDER, Scope, after_position, position


def next_in_order(
    task: Task, order: Sequence[UUID], *, user: User, scope: Scope, lane: str, now: datetime
) -> UUID | None:
    """The next open task that nobody else works on.

    In the frozen `order` that was on the screen; when that is done, further down the `lane` of the list, of which the
    screen shows only what was scrolled to. Without an order: one's own, this task's lane first.
    """
    if not order:
        mine = _free(Task.objects.filter(assignee=user), user, now).exclude(pk=task.pk)
        return _following(task, mine.filter(lane=task.lane)) or _first(mine)
    at = order.index(task.pk) if task.pk in order else 0
    wanted = [*order[at:], *order[:at]]
    found = set(_free_among(user, ids=wanted, now=now)) - {task.pk}
    if found:
        return next(pk for pk in wanted if pk in found)
    rest = _free(scope.tasks, user, now).filter(lane=lane).exclude(pk__in=[task.pk, *order])
    return _following(task, rest)


@Written
def _free_among(user: User, *, ids: list[UUID], now: datetime) -> QuerySet[Task, UUID]:
    # Not `pk__in`, which is written anew for any other number of them.
    among = RawSQL("playbooks_task.id = ANY(%s)", [ids], output_field=BooleanField())  # nosec B611
    return _free(Task.objects.visible_to(user).filter(among), user, now).values_list("pk", flat=True)


def _free(tasks: TaskQuerySet, user: User, now: datetime) -> TaskQuerySet:
    """Those to be worked on that nobody else has."""
    return tasks.filter(Q(status=TaskStatus.OPEN) | Q(status=TaskStatus.CLAIMED, assignee=user)).free_for(user, now)


def _following(task: Task, tasks: TaskQuerySet) -> UUID | None:
    return _first(after_position(tasks, position(task.priority, task.due_at, task.pk))) or _first(tasks)


def _first(tasks: TaskQuerySet) -> UUID | None:
    return tasks.order_by(*IN_ORDER).values_list("pk", flat=True).first()
