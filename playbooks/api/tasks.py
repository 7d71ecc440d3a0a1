"""Tasks by API."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.etags import etag_of
from core.api.schema import problems
from core.api.views import ApiView, page, read_query, visible_rows
from playbooks.api.serializers import TaskOut, TaskQuery
from playbooks.models import Task

FILTERS = {"assignee": "assignee__username", "status": "status", "account": "account_id"}


class Tasks(ApiView):
    """`/api/v1/tasks`"""

    @extend_schema(
        operation_id="list_tasks",
        parameters=[TaskQuery],
        responses={200: TaskOut(many=True)} | problems(401, 403, 422, 429),
    )
    def get(self, request: Request) -> Response:
        query = read_query(request, TaskQuery)
        rows = visible_tasks(request).filter(**{FILTERS[name]: value for name, value in query.items()})
        return page(self, request, rows, TaskOut)


class OneTask(ApiView):
    """`/api/v1/tasks/{id}`: its ETag is what an edit sends as If-Match."""

    @extend_schema(operation_id="read_task", responses={200: TaskOut} | problems(401, 403, 404, 429))
    def get(self, request: Request, id: UUID) -> Response:
        row = visible_tasks(request).filter(id=id).first()
        if row is None:
            raise Http404
        return Response(TaskOut(row).data, headers={"ETag": etag_of(row.version)})


def visible_tasks(request: Request) -> QuerySet[Task, Any]:
    """Tasks that the caller may see."""
    rows: QuerySet[Task, Any] = visible_rows(request, Task.objects.all())
    return rows.select_related("assignee")
