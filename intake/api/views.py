"""Imports by API: send a file, follow it, get back the rows that were not taken."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, cast
from uuid import UUID

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db.models import QuerySet
from django.http import Http404, HttpResponseBase, StreamingHttpResponse
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.idempotency import idempotent
from core.api.problems import Problem, unprocessable
from core.api.schema import problems
from core.api.views import ApiView, page, read_query, visible_rows
from core.bulk import database_now
from intake.api.serializers import ImportOut, ImportQuery, Upload
from intake.enums import Scope
from intake.models import ApiToken, Import
from intake.queries import rejected_as_csv
from intake.services import ImportRefused, UnknownKind, find, start_import
from intake.services.drafts import confirm_import, draft_import

FORM_ROOM = 64 * 1024
WRITE_SCOPES = frozenset({Scope.INSIGHTS_WRITE, Scope.ACCOUNTS_WRITE, Scope.EVENTS_WRITE})


def _fields_of(request: Request) -> Mapping[str, Any]:
    """The form, checked; raises 413 before it is read where it is too large."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    if length.isdigit() and int(length) > settings.CX_IMPORT_MAX_BYTES + FORM_ROOM:
        raise Problem(413, _("The file is too large. Split it into several files."))
    form = Upload(data=request.data)
    form.is_valid(raise_exception=True)
    return cast("Mapping[str, Any]", form.validated_data)


def _fingerprint(request: Request) -> bytes:
    """What makes two uploads the same: the file's bytes and the form's fields."""
    fields = _fields_of(request)
    digest = hashlib.sha256()
    file: UploadedFile[bytes] = fields["file"]
    for block in file.chunks():
        digest.update(block)
    file.seek(0)
    rest = sorted((name, str(value)) for name, value in fields.items() if name != "file")
    return digest.digest() + repr(rest).encode()


def readable_imports(request: Request) -> QuerySet[Import]:
    """Files that the caller may see."""
    rows: QuerySet[Import] = visible_rows(request, Import.objects.select_related("source"))
    return rows


class Imports(ApiView):
    """`/api/v1/imports`"""

    parser_classes = (MultiPartParser,)
    write_scope = WRITE_SCOPES

    @extend_schema(
        operation_id="list_imports",
        parameters=[ImportQuery],
        responses={200: ImportOut(many=True)} | problems(401, 403, 422, 429),
    )
    def get(self, request: Request) -> Response:
        query = read_query(request, ImportQuery)
        names = {"source": "source__slug"}
        rows = readable_imports(request).filter(**{names.get(name, name): value for name, value in query.items()})
        return page(self, request, rows, ImportOut)

    @extend_schema(
        operation_id="send_file",
        request={"multipart/form-data": Upload},
        responses={202: ImportOut} | problems(400, 401, 403, 409, 413, 415, 422, 429, 503),
    )
    def post(self, request: Request) -> HttpResponseBase:
        return _send(self, request)


def _start(view: Imports, request: Request) -> Response:
    fields = _fields_of(request)
    token = cast("ApiToken", request.auth)
    _check_may_send(token, fields)
    terms: dict[str, Any] = {
        "file": fields["file"].chunks(), "filename": fields["file"].name or "upload.csv", "kind": fields["kind"],
        "source": token.source, "by": None, "now": database_now(), "mapping": fields.get("mapping"),
        "actor": f"source {token.source.slug}",
    }  # fmt: skip
    try:
        made = draft_import(**terms) if fields["preview"] else start_import(**terms)
    except ImportRefused as refused:
        raise _problem(refused) from None
    return Response(ImportOut(made).data, status=202, headers={"Location": f"/api/v1/imports/{made.id}"})


_send = idempotent(_start, _fingerprint)


def _check_may_send(token: ApiToken, fields: Mapping[str, Any]) -> None:
    """The kind is one of ours and within the token's scopes, the source is the token's own."""
    try:
        needed = find(fields["kind"]).scope
    except UnknownKind as unknown:
        raise unprocessable("kind", "unknown_kind", str(unknown)) from None
    if needed not in token.scopes:
        raise Problem(403, _("This token lacks the scope %s.") % needed.value)
    if fields.get("source", token.source.slug) != token.source.slug:
        raise Problem(403, _("This token may send for the source %s only.") % token.source.slug)


class OneImport(ApiView):
    """`/api/v1/imports/{id}`"""

    @extend_schema(operation_id="read_import", responses={200: ImportOut} | problems(401, 403, 404, 429))
    def get(self, request: Request, id: UUID) -> Response:
        return Response(ImportOut(_import_or_404(request, id)).data)


class ConfirmImport(ApiView):
    """`/api/v1/imports/{id}/confirm`"""

    write_scope = WRITE_SCOPES

    @extend_schema(
        operation_id="confirm_import",
        request=None,
        responses={202: ImportOut} | problems(401, 403, 404, 409, 422, 429, 503),
    )
    def post(self, request: Request, id: UUID) -> Response:
        token = cast("ApiToken", request.auth)
        of = _import_or_404(request, id)
        if of.source_id != token.source_id or find(of.kind).scope not in token.scopes:
            raise Problem(403, _("This token may confirm files of the source %s only.") % token.source.slug)
        try:
            confirm_import(import_id=of.id, by=None, now=database_now(), actor=f"source {token.source.slug}")
        except ImportRefused as refused:
            raise _problem(refused) from None
        return Response(ImportOut(_import_or_404(request, id)).data, status=202)


def _problem(refused: ImportRefused) -> Problem:
    """A refusal as the API says it."""
    if refused.status == 422:
        return unprocessable(refused.field, "refused", str(refused))
    return Problem(refused.status, str(refused))


class ImportErrors(ApiView):
    """`/api/v1/imports/{id}/errors`"""

    @extend_schema(
        operation_id="read_import_errors",
        responses={(200, "text/csv"): OpenApiTypes.STR} | problems(401, 403, 404, 429),
    )
    def get(self, request: Request, id: UUID) -> HttpResponseBase:
        of = _import_or_404(request, id)
        name = f"rejected-{of.id}.csv"
        return StreamingHttpResponse(
            rejected_as_csv(of),
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )


def _import_or_404(request: Request, id: UUID) -> Import:
    row: Import | None = readable_imports(request).filter(id=id).first()
    if row is None:
        raise Http404
    return row
