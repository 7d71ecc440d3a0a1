"""Query sets that are written once: each call is for its own reader and its own values."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection
from django.db.models import Q, QuerySet
from django.test.utils import CaptureQueriesContext

from core.enums import Role
from core.models import Team, User
from core.written import Written
from playbooks.models import Task
from tests.factories import NOW, make_user
from tests.floor import Floor

pytestmark = pytest.mark.django_db


def seen(user: User, *, id: UUID) -> QuerySet[Task]:
    return Task.objects.visible_to(user).select_related("account").filter(pk=id)


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("of_the_team", [True, False, None])
def test_it_finds_what_the_query_set_itself_finds(floor: Floor, role: Role, of_the_team: bool | None) -> None:
    task = floor.task()
    team = {True: task.team, False: Team.objects.create(name="Others"), None: None}[of_the_team]
    written = Written(seen)
    for name in ("first", "second"):  # the second gets what was written for the first
        reader = make_user(name, role=role, team=team)
        assert list(written(reader, id=task.pk)) == list(seen(reader, id=task.pk))
    Task.objects.filter(pk=task.pk).update(assignee=reader)
    assert list(written(reader, id=task.pk)) == [task]
    User.objects.filter(pk=reader.pk).update(is_active=False)
    assert list(written(User.objects.get(pk=reader.pk), id=task.pk)) == []


def test_it_is_one_query_and_comes_with_what_it_selects(floor: Floor) -> None:
    task, written = floor.task(), Written(seen)
    written.one(floor.ana, id=task.pk)
    with CaptureQueriesContext(connection) as queries:
        assert written.one(floor.ana, id=task.pk).account == floor.account
    assert len(queries) == 1
    with pytest.raises(Task.DoesNotExist):
        written.one(floor.ana, id=floor.account.pk)


def test_its_plan_is_kept_by_the_connection(floor: Floor) -> None:
    task, written = floor.task(), Written(seen)
    for _ in range(3):
        written.one(floor.ana, id=task.pk)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%%FROM \"playbooks_task\"%%'")
        assert cursor.fetchone() == (1,)


def test_values_of_each_kind_differ_from_call_to_call(floor: Floor) -> None:
    @Written
    def opened(*, since: object, ids: list[UUID]) -> QuerySet[Task, tuple[str, object]]:
        among = Q(pk__in=[]) | Q(opened_at__gte=since, title__contains="50 %")
        return Task.objects.filter(among).extra(where=["id = ANY(%s)"], params=[ids]).values_list("title", "opened_at")

    Task.objects.create(account=floor.account, title="Save 50 %", due_at=NOW, opened_at=NOW)
    ids = list(Task.objects.values_list("pk", flat=True))
    assert list(opened(since=NOW, ids=ids)) == [("Save 50 %", NOW)]
    assert list(opened(since=NOW + timedelta(seconds=1), ids=ids)) == []
    assert list(opened(since=NOW, ids=[])) == []


def test_what_is_not_looked_for_as_it_is_cannot_be_written_once(floor: Floor) -> None:
    written = Written(lambda *, day: Task.objects.filter(due_at__gt=day + timedelta(days=1)))
    with pytest.raises(ValueError, match="not a plain value of this query: day"):
        written(day=NOW)
