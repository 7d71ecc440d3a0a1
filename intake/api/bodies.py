"""Bodies of many records: a JSON array or NDJSON, split into items without being decoded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from django.http import HttpResponse
from django.utils.translation import gettext as _
from rest_framework.request import Request

from core.api.problems import Problem, ProblemError
from core.api.views import JSON_TYPE, NDJSON_TYPE, raw_body
from core.bulk import database_now
from intake.models import ApiToken
from intake.queries import namespace_of
from intake.rules import Arrival, Kind, Result
from intake.rules import Problem as WhyNot
from intake.services import LARGEST_BATCH, counts_of, external_id_of, take

_split = msgspec.json.Decoder(list[msgspec.Raw])
_one = msgspec.json.Decoder(msgspec.Raw)
_encode = msgspec.json.Encoder()


def arrival_of(token: ApiToken) -> Arrival:
    """Records that come with `token`, now."""
    source = token.source
    return Arrival(source.id, source.slug, namespace_of(source), database_now(), actor=f"source {source.slug}")


def split_items(request: Request) -> list[bytes]:
    """The items of a bulk body as they came; raises 400, 413, 415, 422."""
    body = raw_body(request, takes=(JSON_TYPE, NDJSON_TYPE))
    items = _lines(body) if (request.content_type or "").startswith(NDJSON_TYPE) else _array(body)
    if len(items) > LARGEST_BATCH:
        text = _("%(count)d items are too many for one call. Send at most %(most)d.")
        raise Problem(413, text % {"count": len(items), "most": LARGEST_BATCH})
    return items


def _array(body: bytes) -> list[bytes]:
    try:
        return [bytes(item) for item in _split.decode(body)]
    except msgspec.ValidationError:
        if _line(body):
            raise Problem(422, _("Send a JSON array of items, or one item a line as NDJSON.")) from None
        raise Problem(400, _("The body is not valid JSON. NaN and Infinity are not JSON either.")) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Problem(400, _("The body is not valid JSON. NaN and Infinity are not JSON either.")) from None


def _lines(body: bytes) -> list[bytes]:
    """The JSON values of NDJSON, all at once where all are sound."""
    try:
        return [bytes(item) for item in _one.decode_lines(body)]
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return [_line(line) for line in body.splitlines() if line.strip()]


def _line(line: bytes) -> bytes:
    """One JSON value, such as a line of NDJSON; empty, which is no JSON either, when it is broken."""
    try:
        return bytes(_one.decode(line))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return b""


def take_items(kind: Kind, request: Request, token: ApiToken) -> HttpResponse:
    """Take a bulk body and answer with a result an item and the counts, after the commit."""
    items = split_items(request)
    results = take(kind, items, arrival_of(token))
    rows = [row_of(index, raw, result) for index, (raw, result) in enumerate(zip(items, results, strict=True))]
    body = {"results": rows, "counts": {status.value: 0 for status in kind.statuses} | counts_of(results)}
    return HttpResponse(_encode.encode(body), content_type=JSON_TYPE)


def row_of(index: int, raw: bytes, result: Result) -> dict[str, Any]:
    """The result of one item, as API.md has it."""
    return {
        "index": index,
        "external_id": external_id_of(raw),
        "status": result.status,
        "id": result.id,
        "errors": result.errors,
    }


def refusal(errors: Sequence[WhyNot]) -> Problem:
    """422 for one item."""
    listed: list[ProblemError] = [
        {"field": error.field, "code": error.code, "message": error.message} for error in errors
    ]
    detail = errors[0].message if len(errors) == 1 else _("%d fields are wrong.") % len(errors)
    return Problem(422, detail, errors=listed)
