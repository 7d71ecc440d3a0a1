"""The API described: the OpenAPI document, and a page made of it that needs no script."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator

METHODS = ("get", "post", "put", "patch", "delete")


def openapi_document() -> dict[str, Any]:
    """The OpenAPI document of version 1."""
    document: dict[str, Any] = json.loads(
        json.dumps(SchemaGenerator().get_schema(request=None, public=True), default=str)  # type: ignore[no-untyped-call]
    )
    return document


@require_safe
def schema(request: HttpRequest) -> JsonResponse:
    """`/api/v1/schema/`"""
    return JsonResponse(openapi_document(), json_dumps_params={"indent": 1})


@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """`/api/v1/docs/`"""
    document = openapi_document()
    return render(request, "api/docs.html", {"info": document["info"], "groups": _groups(document)})


def _groups(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Operations by the first part of their path, as the page shows them."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, methods in document["paths"].items():
        for method in METHODS:
            if method in methods:
                operation = _operation(path, method, methods[method], document)
                groups.setdefault(path.split("/")[3], []).append(operation)
    return [{"name": name, "operations": operations} for name, operations in groups.items()]


def _operation(path: str, method: str, found: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    bodies = found.get("requestBody", {}).get("content", {})
    return {
        "id": found["operationId"],
        "method": method.upper(),
        "path": path,
        "text": found.get("description", ""),
        "parameters": found.get("parameters", []),
        "bodies": [{"type": kind, "schema": _shown(body["schema"], document)} for kind, body in bodies.items()],
        "responses": [_response(status, answer, document) for status, answer in found["responses"].items()],
    }


def _response(status: str, answer: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    content: dict[str, dict[str, Any]] = answer.get("content", {})
    kind = next(iter(content), "")
    shown = "" if status >= "400" or not kind else _shown(content[kind]["schema"], document)
    return {"status": status, "type": kind, "text": answer.get("description", ""), "schema": shown}


def _shown(schema: Any, document: dict[str, Any]) -> str:
    return json.dumps(_resolved(schema, document), indent=2, ensure_ascii=False)


def _resolved(node: Any, document: dict[str, Any]) -> Any:
    """`node` with its references written out."""
    if isinstance(node, list):
        return [_resolved(item, document) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        name = node["$ref"].rpartition("/")[2]
        return _resolved(document["components"]["schemas"][name], document)
    return {key: _resolved(value, document) for key, value in node.items()}
