"""Lists of the API: `{results, next, previous}`, newest first, by cursor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.problems import unprocessable

if TYPE_CHECKING:
    from rest_framework.views import APIView

LARGEST_PAGE = 100


class Pages(CursorPagination):
    """`limit` rows (50 unless told, at most 100); `count=true` adds how many there are in all."""

    page_size = 50
    ordering = "-pk"
    page_size_query_param = "limit"
    cursor_query_description = "Where to go on: copied from `next` or `previous`."
    page_size_query_description = "Rows a page, at most 100."

    def paginate_queryset(  # type: ignore[override]
        self, queryset: QuerySet[Any], request: Request, view: APIView | None = None
    ) -> list[Any] | None:
        self.count = queryset.order_by().count() if _flag(request, "count") else None
        try:
            return super().paginate_queryset(queryset, request, view)
        except (exceptions.NotFound, ValidationError, ValueError):
            raise unprocessable("cursor", "invalid", _("This cursor is not one of ours. Start without it.")) from None

    def get_page_size(self, request: Request) -> int:
        word = request.query_params.get("limit")
        if word is None:
            return self.page_size
        if not (word.isascii() and word.isdigit() and 1 <= int(word[:9]) <= LARGEST_PAGE):
            raise unprocessable("limit", "out_of_range", _("limit must be a whole number from 1 to %d.") % LARGEST_PAGE)
        return int(word)

    def get_paginated_response(self, data: Any) -> Response:
        body = {"results": data, "next": self.get_next_link(), "previous": self.get_previous_link()}
        if self.count is not None:
            body["count"] = self.count
        return Response(body)

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        link = {"type": ["string", "null"], "format": "uri"}
        return {
            "type": "object",
            "required": ["results", "next", "previous"],
            "properties": {"results": schema, "next": link, "previous": link, "count": {"type": "integer"}},
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        def parameter(name: str, text: str, schema: dict[str, Any]) -> dict[str, Any]:
            return {"name": name, "in": "query", "required": False, "description": text, "schema": schema}

        return [
            parameter("cursor", str(self.cursor_query_description), {"type": "string"}),
            parameter(
                "limit",
                str(self.page_size_query_description),
                {"type": "integer", "minimum": 1, "maximum": LARGEST_PAGE, "default": self.page_size},
            ),
            parameter("count", "`true` adds `count`, the number of rows in all.", {"type": "boolean"}),
        ]


def _flag(request: Request, name: str) -> bool:
    word = request.query_params.get(name, "false")
    if word not in ("true", "false"):
        raise unprocessable(name, "invalid", _("%s must be true or false.") % name)
    return word == "true"
