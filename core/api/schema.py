"""Describing the API: problem documents, and bodies that msgspec reads rather than a serializer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from django.db.models import Choices
from drf_spectacular.utils import OpenApiResponse
from rest_framework import serializers

from core.api.problems import CONTENT_TYPE
from core.api.views import JSON_TYPE, NDJSON_TYPE

Schema = dict[str, Any]
Responses = dict[Any, Any]

SHARE = r"^(0(\.[0-9]{1,19})?|1(\.0{1,19})?)$"
DECIMAL: Schema = {
    "oneOf": [
        {"type": "number"},
        {"type": "string", "pattern": r"^-?[0-9]{1,14}(\.[0-9]{1,19})?$"},
    ]
}


ANYTHING: Schema = {"description": "Anything else is answered as rejected, without spoiling the other items."}


class ProblemErrorOut(serializers.Serializer[Any]):
    field = serializers.CharField(allow_blank=True)
    code = serializers.CharField()
    message = serializers.CharField()


class ProblemOut(serializers.Serializer[Any]):
    """RFC 9457. `errors` says which fields are wrong, and what to do."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    instance = serializers.CharField(allow_blank=True)
    request_id = serializers.CharField(allow_blank=True)
    errors = ProblemErrorOut(many=True)  # type: ignore[assignment]


def problems(*statuses: int) -> Responses:
    """Responses of these statuses, all problem documents."""
    return {(status, CONTENT_TYPE): ProblemOut for status in statuses}


def item_body(struct: type[msgspec.Struct]) -> Schema:
    """A request body of one item."""
    return {JSON_TYPE: schema_of(struct)}


def bulk_body(struct: type[msgspec.Struct], most: int = 10_000) -> Schema:
    """A request body of many items: an array, or one a line. Items are checked one by one, each with its result."""
    return {
        JSON_TYPE: {"type": "array", "maxItems": most, "items": {"anyOf": [schema_of(struct), ANYTHING]}},
        NDJSON_TYPE: {"type": "string", "description": "One item a line, each as in the JSON array."},
    }


def item_result(*statuses: int) -> Responses:
    """The answer for one item, with the same shape under each status."""
    shape = _object(
        external_id={"type": "string"},
        status={"type": "string", "enum": ["accepted", "duplicate", "parked"]},
        id={"type": "string", "format": "uuid"},
    )
    return {status: OpenApiResponse(shape, description=_WORDS[status]) for status in statuses}


_WORDS = {200: "Duplicate: it came before.", 201: "Accepted.", 202: "Parked until its account arrives."}


def bulk_result(statuses: Iterable[str]) -> Responses:
    """The answer to a bulk call: a result per item, in order, and the counts."""
    names = [str(status) for status in statuses]
    error = _object(field={"type": "string"}, code={"type": "string"}, message={"type": "string"})
    row = _object(
        index={"type": "integer"},
        external_id={"type": "string"},
        status={"type": "string", "enum": names},
        id={"type": ["string", "null"], "format": "uuid"},
        errors={"type": "array", "items": error},
    )
    counts = _object(**{name: {"type": "integer"} for name in names})
    shape = _object(results={"type": "array", "items": row}, counts=counts)
    return {200: OpenApiResponse(shape, description="A result for each item, after the commit.")}


def _object(**properties: Schema) -> Schema:
    return {"type": "object", "required": list(properties), "properties": properties}


def schema_of(struct: type[msgspec.Struct]) -> Schema:
    """The JSON schema of a struct, its parts written in place."""
    found = msgspec.json.schema(struct, schema_hook=_choices)
    parts: dict[str, Schema] = found.pop("$defs", {})
    whole: Schema = _inline(found, parts)
    return whole


def _choices(kind: type) -> Schema:
    """Django's choices, which msgspec decodes but does not describe."""
    if issubclass(kind, Choices):
        return {"enum": kind.values}
    raise NotImplementedError


def _inline(node: Any, parts: dict[str, Schema]) -> Any:
    if isinstance(node, list):
        return [_inline(item, parts) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return _inline(parts[node["$ref"].rpartition("/")[2]], parts)
    if node.get("format") == "decimal":
        return DECIMAL
    return {key: _inline(value, parts) for key, value in node.items() if key != "title"}
