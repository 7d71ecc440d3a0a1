"""Insights by API: singly, in bulk, lists, and taking one back."""

from __future__ import annotations

from typing import cast
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404, HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.idempotency import idempotent
from core.api.problems import Problem
from core.api.schema import bulk_body, bulk_result, item_body, item_result, problems
from core.api.views import ApiView, page, person_of, raw_body, read_json, read_query
from core.bulk import database_now
from insights.api.serializers import InsightOut, InsightQuery, RetractionOut, Why
from insights.models import Insight
from insights.queries import insights_told_to, sent_by
from insights.rules import InsightItem
from insights.services import INSIGHTS, AlreadyRetracted, NotBelievedYet, retract_insight
from intake.api.bodies import arrival_of, refusal, row_of, take_items
from intake.enums import Landing, Scope
from intake.models import ApiToken
from intake.services import take

STATUS = {Landing.ACCEPTED: 201, Landing.DUPLICATE: 200, Landing.PARKED: 202}


class Insights(ApiView):
    """`/api/v1/insights`"""

    write_scope = Scope.INSIGHTS_WRITE

    @extend_schema(
        operation_id="list_insights",
        parameters=[InsightQuery],
        responses={200: InsightOut(many=True)} | problems(401, 403, 422, 429),
    )
    def get(self, request: Request) -> Response:
        query = read_query(request, InsightQuery)
        rows = _told(request)
        names = {"account": "account_id", "type": "type_id", "source": "source__slug", "since": "accepted_at__gte"}
        rows = rows.filter(**{names.get(name, name): value for name, value in query.items()})
        return page(self, request, rows, InsightOut)

    @extend_schema(
        operation_id="send_insight",
        request=item_body(InsightItem),
        responses=item_result(201, 200, 202) | problems(400, 401, 403, 409, 413, 415, 422, 429, 503),
    )
    @idempotent
    def post(self, request: Request) -> HttpResponseBase:
        raw = raw_body(request)
        [result] = take(INSIGHTS, [raw], arrival_of(cast("ApiToken", request.auth)))
        if result.status is Landing.REJECTED:
            if result.errors[0].code == "malformed":
                raise Problem(400, result.errors[0].message)
            raise refusal(result.errors)
        row = row_of(0, raw, result)
        return Response(
            {"external_id": row["external_id"], "status": result.status.value, "id": str(result.id)},
            status=STATUS[result.status],
            headers={"Location": f"/api/v1/insights/{result.id}"},
        )


class InsightsBulk(ApiView):
    """`/api/v1/insights/bulk`"""

    write_scope = Scope.INSIGHTS_WRITE

    @extend_schema(
        operation_id="send_insights",
        request=bulk_body(InsightItem),
        responses=bulk_result(INSIGHTS.statuses) | problems(400, 401, 403, 409, 413, 415, 422, 429, 503),
    )
    @idempotent
    def post(self, request: Request) -> HttpResponseBase:
        return take_items(INSIGHTS, request, cast("ApiToken", request.auth))


class OneInsight(ApiView):
    """`/api/v1/insights/{id}`"""

    @extend_schema(operation_id="read_insight", responses={200: InsightOut} | problems(401, 403, 404, 429))
    def get(self, request: Request, id: UUID) -> Response:
        row = _told(request).filter(id=id).first()
        if row is None:
            raise Http404
        return Response(InsightOut(row).data)


def _told(request: Request) -> QuerySet[Insight]:
    return insights_told_to(person_of(request), getattr(request.auth, "source_id", None))


class RetractInsight(ApiView):
    """`/api/v1/insights/{id}/retract`: a source takes back what it sent.

    Sent again under the same external id it is a duplicate, and stays taken back.
    """

    write_scope = Scope.INSIGHTS_WRITE

    @extend_schema(
        operation_id="retract_insight",
        request=Why,
        responses={200: RetractionOut} | problems(400, 401, 403, 404, 409, 415, 422, 429, 503),
    )
    @idempotent
    def post(self, request: Request, id: UUID) -> Response:
        why = read_json(request, Why)["why"]
        token = cast("ApiToken", request.auth)
        if not sent_by(token.source_id, id):
            raise Http404
        try:
            found = retract_insight(insight_id=id, why=why, now=database_now(), actor=f"source {token.source.slug}")
        except Insight.DoesNotExist:
            raise Http404 from None
        except (AlreadyRetracted, NotBelievedYet) as error:
            raise Problem(409, str(error)) from None
        return Response(RetractionOut(found).data)
