"""Decisions by API, with their tasks and runs: here, because decisions do not know what is made of them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.schema import problems
from core.api.views import ApiView, page, person_of, read_query
from decisions.models import Decision
from playbooks.api.serializers import DecisionOut, DecisionQuery
from playbooks.queries.verdicts import about_external_id, with_work

FILTERS = {
    "insight": "insight_id",
    "account": "account_id",
    "band": "band_response",
    "response": "response",
    "since": "decided_at__gte",
}


class Decisions(ApiView):
    """`/api/v1/decisions`"""

    @extend_schema(
        operation_id="list_decisions",
        parameters=[DecisionQuery],
        responses={200: DecisionOut(many=True)} | problems(401, 403, 422, 429),
    )
    def get(self, request: Request) -> Response:
        query = dict(read_query(request, DecisionQuery))
        rows = _visible(request)
        if external_id := query.pop("insight_external_id", None):
            rows = about_external_id(rows, external_id)
        return page(self, request, rows.filter(**{FILTERS[name]: value for name, value in query.items()}), DecisionOut)


class OneDecision(ApiView):
    """`/api/v1/decisions/{insight id}`"""

    @extend_schema(operation_id="read_decision", responses={200: DecisionOut} | problems(401, 403, 404, 429))
    def get(self, request: Request, id: UUID) -> Response:
        row = _visible(request).filter(insight_id=id).first()
        if row is None:
            raise Http404
        return Response(DecisionOut(row).data)


def _visible(request: Request) -> QuerySet[Decision, Any]:
    told = Decision.objects.told_to(person_of(request), getattr(request.auth, "source_id", None))
    return with_work(told)
