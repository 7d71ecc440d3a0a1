"""Outcomes by API."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.schema import problems
from core.api.views import ApiView, page, read_query, visible_rows
from outcomes.api.serializers import OutcomeOut, OutcomeQuery
from outcomes.models import Outcome

FILTERS = {"account": "account_id", "type": "type_id", "kind": "kind", "since": "happened_at__gte"}


class Outcomes(ApiView):
    """`/api/v1/outcomes`"""

    @extend_schema(
        operation_id="list_outcomes",
        parameters=[OutcomeQuery],
        responses={200: OutcomeOut(many=True)} | problems(401, 403, 422, 429),
    )
    def get(self, request: Request) -> Response:
        query = read_query(request, OutcomeQuery)
        rows = visible_rows(request, Outcome.objects.select_related("by"))
        return page(self, request, rows.filter(**{FILTERS[name]: value for name, value in query.items()}), OutcomeOut)
