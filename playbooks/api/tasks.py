"""Tasks by API."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Account
from core.api.etags import etag_of
from core.api.idempotency import idempotent
from core.api.problems import unprocessable
from core.api.schema import problems
from core.api.views import ApiView, page, person_of, read_json, read_query, visible_rows
from core.bulk import database_now
from intake.enums import Scope
from intake.models import ApiToken
from playbooks.api.answers import answers_refusals, person_called
from playbooks.api.serializers import TaskIn, TaskOut, TaskQuery
from playbooks.models import Task
from playbooks.services.tasks import add_task, create_task

FILTERS = {
    "assignee": "assignee__username", "status": "status", "account": "account_id", "source": "source__slug",
}  # fmt: skip


class Tasks(ApiView):
    """`/api/v1/tasks`: a person, or a token of scope `accounts:write`, may make one by hand."""

    people_write = True
    write_scope = Scope.ACCOUNTS_WRITE

    @extend_schema(
        operation_id="list_tasks",
        parameters=[TaskQuery],
        responses={200: TaskOut(many=True)} | problems(401, 403, 422, 429),
    )
    def get(self, request: Request) -> Response:
        query = read_query(request, TaskQuery)
        rows = visible_tasks(request).filter(**{FILTERS[name]: value for name, value in query.items()})
        if "source" not in query:  # a caller of v1 that knows accounts alone meets no other
            rows = rows.filter(account__isnull=False)
        return page(self, request, rows, TaskOut)

    @extend_schema(
        operation_id="create_task",
        description="Make a task by hand, as a signed-in person on an account that they may see, or with a token of"
        " scope `accounts:write`, whose source is then named as its author.",
        request=TaskIn,
        responses={201: TaskOut} | problems(400, 401, 403, 404, 409, 415, 422, 429, 503),
    )
    @idempotent
    def post(self, request: Request) -> Response:
        values = read_json(request, TaskIn)
        accounts: QuerySet[Account, Any] = visible_rows(request, Account.objects.all())
        account = accounts.filter(id=values["account"]).first()
        if account is None:
            raise unprocessable("account", "unknown", _("There is no such account that you may see."))
        fields = {
            "account": account, "title": values["title"], "text": values["text"], "due_at": values["due_at"],
            "assignee": person_called(values["assignee"], "assignee"), "now": database_now(),
        }  # fmt: skip
        person = person_of(request)
        with answers_refusals():
            task = (
                create_task(by=person, **fields) if person else add_task(by=None, actor=_source_of(request), **fields)
            )
        headers = {"Location": f"/api/v1/tasks/{task.id}", "ETag": etag_of(task.version)}
        return Response(TaskOut(task).data, status=201, headers=headers)


class OneTask(ApiView):
    """`/api/v1/tasks/{id}`: its ETag is what an edit sends as If-Match."""

    @extend_schema(operation_id="read_task", responses={200: TaskOut} | problems(401, 403, 404, 429))
    def get(self, request: Request, id: UUID) -> Response:
        row = visible_tasks(request).filter(id=id).first()
        if row is None:
            raise Http404
        return Response(TaskOut(row).data, headers={"ETag": etag_of(row.version)})


def _source_of(request: Request) -> str:
    return cast("ApiToken", request.auth).source.slug


def visible_tasks(request: Request) -> QuerySet[Task, Any]:
    """Tasks that the caller may see."""
    rows: QuerySet[Task, Any] = visible_rows(request, Task.objects.all())
    return rows.select_related("assignee", "source")
