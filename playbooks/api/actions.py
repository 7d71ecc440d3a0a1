"""What a signed-in person does with a task by API: close, snooze, hand over.

A token cannot: a close is a person's word about what happened, and the proof is built on it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast
from uuid import UUID

from django.http import Http404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.etags import check_if_match, etag_of
from core.api.idempotency import idempotent
from core.api.schema import problems
from core.api.views import ApiView, read_json
from core.bulk import database_now
from core.models import User
from playbooks.api.answers import answers_refusals, person_called
from playbooks.api.serializers import AssignIn, CloseIn, SnoozeIn, TaskOut
from playbooks.models import Task
from playbooks.services.tasks import assign_task, close_task, snooze_task

IF_MATCH = OpenApiParameter(
    "If-Match",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    required=True,
    description="The ETag of the task as you saw it.",
)
ANSWERS = {200: TaskOut} | problems(400, 401, 403, 404, 409, 412, 415, 422, 428, 429, 503)
ONLY_PEOPLE = " Only a signed-in person may: the task's assignee, people with a role on its account, their managers."


class TaskAction(ApiView):
    """A change to one task at the version named in If-Match: 428 without it, 412 when it has changed since."""

    people_write = True

    def change(
        self, request: Request, id: UUID, body: type[serializers.Serializer[Any]], act: Callable[..., Task]
    ) -> Response:
        """Do `act` with the checked body; the task as it is then, with its new ETag."""
        person = cast("User", request.user)
        task = Task.objects.visible_to(person).filter(id=id).first()
        if task is None:
            raise Http404
        check_if_match(request, task.version)
        values = dict(read_json(request, body))
        with answers_refusals(task.version):
            fresh = act(task_id=id, by=person, version=task.version, now=database_now(), **values)
        return Response(TaskOut(fresh).data, headers={"ETag": etag_of(fresh.version)})


class CloseTask(TaskAction):
    """`/api/v1/tasks/{id}/close`"""

    @extend_schema(
        operation_id="close_task",
        description="Close a task with its outcome. A second “no_response” in a row goes to the team's lead and stays"
        " open." + ONLY_PEOPLE,
        parameters=[IF_MATCH],
        request=CloseIn,
        responses=ANSWERS,
    )
    @idempotent
    def post(self, request: Request, id: UUID) -> Response:
        return self.change(request, id, CloseIn, close_task)


class SnoozeTask(TaskAction):
    """`/api/v1/tasks/{id}/snooze`"""

    @extend_schema(
        operation_id="snooze_task",
        description="Put a task off until a moment, or sooner if it gets worse." + ONLY_PEOPLE,
        parameters=[IF_MATCH],
        request=SnoozeIn,
        responses=ANSWERS,
    )
    @idempotent
    def post(self, request: Request, id: UUID) -> Response:
        return self.change(request, id, SnoozeIn, snooze_task)


class AssignTask(TaskAction):
    """`/api/v1/tasks/{id}/assign`"""

    @extend_schema(
        operation_id="assign_task",
        description="Hand a task over to somebody who has neither left nor is away." + ONLY_PEOPLE,
        parameters=[IF_MATCH],
        request=AssignIn,
        responses=ANSWERS,
    )
    @idempotent
    def post(self, request: Request, id: UUID) -> Response:
        return self.change(request, id, AssignIn, _assign)


def _assign(*, to: str, **fields: Any) -> Task:
    return assign_task(to=person_called(to, "to"), **fields)
