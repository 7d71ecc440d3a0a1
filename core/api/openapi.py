"""What the generated OpenAPI document says about every operation."""

from __future__ import annotations

from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter

from core.api.pagination import Pages

KEY = {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"}


class Schema(AutoSchema):
    """Adds `Idempotency-Key` to every POST, and takes an operation's text from its method's docstring."""

    def _is_list_view(self, serializer: Any = None) -> bool:
        """Spectacular takes the smallest status for the main answer; problem documents are not that."""
        found = self.get_response_serializers() if serializer is None else serializer
        if isinstance(found, dict):
            found = {status: shape for status, shape in found.items() if not isinstance(status, tuple)} or found
        return bool(super()._is_list_view(found))  # type: ignore[arg-type]

    def _get_paginator(self) -> Pages:
        """Every list of the API is paged, whoever wrote its view."""
        return Pages()

    def _get_request_body(self, direction: Any = "request") -> dict[str, Any] | None:
        """Whoever sends a POST sends what it is about."""
        body: dict[str, Any] | None = super()._get_request_body(direction)  # type: ignore[no-untyped-call]
        return body and body | {"required": True}

    def get_override_parameters(self) -> list[Any]:
        found = list(super().get_override_parameters())
        if self.method == "POST":
            found.append(
                OpenApiParameter(
                    "Idempotency-Key",
                    KEY,
                    OpenApiParameter.HEADER,
                    description="The same key and request get the same answer; with another request: 409.",
                )
            )
        return found
