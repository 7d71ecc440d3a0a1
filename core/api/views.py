"""What every view of the API has: problem documents, quota headers, bodies checked before they are read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar, cast

from django.db.models import Model, QuerySet
from django.http import HttpResponseBase
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.api.pagination import Pages
from core.api.problems import Problem
from core.api.throttling import Quota
from core.models import User

Row = TypeVar("Row", bound=Model)
JSON_TYPE = "application/json"
NDJSON_TYPE = "application/x-ndjson"


class ApiView(APIView):
    """Base of the API's views."""

    quota: Quota | None = None

    def finalize_response(  # type: ignore[override]
        self, request: Request, response: HttpResponseBase, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        answer = super().finalize_response(request, response, *args, **kwargs)  # type: ignore[arg-type]
        for name, value in (self.quota.headers() if self.quota else {}).items():
            answer[name] = value
        return answer


def raw_body(request: Request, *, takes: Sequence[str] = (JSON_TYPE,)) -> bytes:
    """The body as it came; raises 415 for a content type that is not in `takes`, 413, and 400 when it is empty."""
    given = (request.content_type or "").partition(";")[0].strip().lower()
    if given not in takes:
        raise Problem(415, _("Send the body as %s.") % _(" or ").join(takes))
    body: bytes = request._request.body  # noqa: SLF001 - not parsed by DRF
    if not body.strip():
        raise Problem(400, _("The body is empty."))
    return body


def read_query(request: Request, serializer: type[serializers.Serializer[Any]]) -> Mapping[str, Any]:
    """The query's parameters, checked (422)."""
    found = serializer(data=request.query_params)
    found.is_valid(raise_exception=True)
    values: Mapping[str, Any] = found.validated_data
    return values


def read_json(request: Request, serializer: type[serializers.Serializer[Any]]) -> Mapping[str, Any]:
    """A JSON object checked by `serializer`: unknown fields are refused by name (422)."""
    data = request.data
    if not isinstance(data, Mapping):
        raise Problem(422, _("Send one JSON object."))
    found = serializer(data=data)
    unknown = sorted(set(data) - set(found.fields))
    if unknown:
        raise serializers.ValidationError(
            {name: [serializers.ErrorDetail(_("This field is not known."), code="unknown_field")] for name in unknown}
        )
    found.is_valid(raise_exception=True)
    values: Mapping[str, Any] = found.validated_data
    return values


def person_of(request: Request) -> User | None:
    """Who is signed in; None where a token calls."""
    return None if request.auth is not None else cast("User", request.user)


def visible_rows(request: Request, rows: Any) -> Any:
    """What the caller may see of a query set with `visible_to`: a token with the scope reads all."""
    person = person_of(request)
    return rows if person is None else rows.visible_to(person)


def page(
    view: APIView,
    request: Request,
    rows: QuerySet[Row],
    serializer: type[serializers.BaseSerializer[Any]],
    context: Mapping[str, Any] | None = None,
) -> Response:
    """One page of `rows`; `context` is the serializer's."""
    pages = Pages()
    found = pages.paginate_queryset(rows, request, view) or []
    return pages.get_paginated_response(serializer(found, many=True, context=dict(context or {})).data)
