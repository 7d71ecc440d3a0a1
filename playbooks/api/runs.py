"""Runs of playbooks by API."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.schema import problems
from core.api.views import ApiView, page, read_query, visible_rows
from playbooks.api.serializers import RunOut, RunQuery
from playbooks.models import Run

FILTERS = {"account": "account_id", "playbook": "version__playbook_id", "status": "status"}


class Runs(ApiView):
    """`/api/v1/runs`"""

    @extend_schema(
        operation_id="list_runs",
        parameters=[RunQuery],
        responses={200: RunOut(many=True)} | problems(401, 403, 422, 429),
    )
    def get(self, request: Request) -> Response:
        query = read_query(request, RunQuery)
        rows = visible_rows(request, Run.objects.select_related("version", "owner"))
        return page(self, request, rows.filter(**{FILTERS[name]: value for name, value in query.items()}), RunOut)
