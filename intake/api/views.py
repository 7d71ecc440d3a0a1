"""Imports by API: send a file, follow it, get back the rows that were not taken."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, cast
from uuid import UUID

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db.models import Exists, OuterRef, Q, QuerySet
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
from core.api.views import ApiView, page, person_of, read_query, visible_rows
from core.bulk import database_now
from intake.api.serializers import ImportOut, ImportQuery, ImportReport, Upload
from intake.enums import ImportStatus, Scope
from intake.models import ApiToken, Import, RowWarning
from intake.queries import rejected_as_csv, warned_as_csv
from intake.queries.privacy import hidden_fields, kept_fields
from intake.queries.sight import FileSight, sight_for, sight_of
from intake.services import ImportRefused, UnknownKind, find, start_import, stop_import
from intake.services.drafts import confirm_import, draft_import
from intake.services.undoing import ask_undo

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
    """Files that the caller may see, and of each whether rows of it were taken without some of their cells."""
    warned = Exists(RowWarning.objects.filter(of=OuterRef("pk")))
    rows: QuerySet[Import] = visible_rows(request, Import.objects.select_related("source"))
    return rows.annotate(is_warned=warned & ~Q(status=ImportStatus.UNDONE))


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
        return page(self, request, rows, ImportOut, _context(request))

    @extend_schema(
        operation_id="send_file",
        request={"multipart/form-data": Upload},
        responses={202: ImportReport} | problems(400, 401, 403, 409, 413, 415, 422, 429, 503),
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
        "preset": fields.get("preset", ""),
        "actor": f"source {token.source.slug}",
    }  # fmt: skip
    try:
        made = draft_import(**terms) if fields["preview"] else start_import(**terms)
    except ImportRefused as refused:
        raise _problem(refused) from None
    return _report(request, made.id, status=202, headers={"Location": f"/api/v1/imports/{made.id}"})


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

    @extend_schema(operation_id="read_import", responses={200: ImportReport} | problems(401, 403, 404, 429))
    def get(self, request: Request, id: UUID) -> Response:
        return _report(request, id)


class ConfirmImport(ApiView):
    """`/api/v1/imports/{id}/confirm`: let a file that was sent with `preview` go its way."""

    write_scope = WRITE_SCOPES

    @extend_schema(
        operation_id="confirm_import",
        request=None,
        responses={202: ImportReport} | problems(401, 403, 404, 409, 422, 429, 503),
    )
    @idempotent
    def post(self, request: Request, id: UUID) -> Response:
        _act_on(request, id, confirm_import)
        return _report(request, id, status=202)


class StopImport(ApiView):
    """`/api/v1/imports/{id}/stop`: take no further rows of a file; those that are in stay, until it is undone.

    A file that is stopped already stays so: 200 again.
    """

    write_scope = WRITE_SCOPES

    @extend_schema(
        operation_id="stop_import", request=None,
        responses={200: ImportReport} | problems(401, 403, 404, 409, 422, 429, 503),
    )  # fmt: skip
    @idempotent
    def post(self, request: Request, id: UUID) -> Response:
        _act_on(request, id, stop_import, unless=(ImportStatus.STOPPED,))
        return _report(request, id)


class UndoImport(ApiView):
    """`/api/v1/imports/{id}/undo`: put back what a file changed, but for what something later has written.

    A worker does it: 202, with the import's address to ask for. Its status is `undoing` until it is `undone`; `undone`
    says what was put back, taken away and kept so far. One that is being undone stays so, 202; one that is undone: 200.
    """

    write_scope = WRITE_SCOPES

    @extend_schema(
        operation_id="undo_import", request=None,
        responses={200: ImportReport, 202: ImportReport} | problems(401, 403, 404, 409, 422, 429, 503),
    )  # fmt: skip
    @idempotent
    def post(self, request: Request, id: UUID) -> Response:
        stood = _act_on(request, id, ask_undo, unless=(ImportStatus.UNDOING, ImportStatus.UNDONE))
        if stood == ImportStatus.UNDONE:
            return _report(request, id)
        return _report(request, id, status=202, headers={"Location": f"/api/v1/imports/{id}"})


def _act_on(request: Request, id: UUID, act: Callable[..., object], *, unless: Collection[ImportStatus] = ()) -> str:
    """Do something with a file of the token's source, or nothing where it stands so already; how it stands then."""
    token = cast("ApiToken", request.auth)
    of = _import_or_404(request, id)
    _check_may_handle(token, of)
    try:
        act(import_id=of.id, by=None, now=database_now(), actor=f"source {token.source.slug}")
    except ImportRefused as refused:
        of.refresh_from_db(fields=["status"])
        if of.status not in unless:
            raise _problem(refused) from None
        return of.status
    return ""


def _check_may_handle(token: ApiToken, of: Import) -> None:
    """The file is of the token's source, and of a kind that it may send."""
    if of.source_id != token.source_id:
        raise Problem(403, _("This token may handle files of the source %s only.") % token.source.slug)
    if (needed := find(of.kind).scope) not in token.scopes:
        raise Problem(403, _("This token lacks the scope %s.") % needed.value)


def _problem(refused: ImportRefused) -> Problem:
    """A refusal as the API says it."""
    if refused.status == 422:
        return unprocessable(refused.field, "refused", str(refused))
    return Problem(refused.status, str(refused))


class ImportErrors(ApiView):
    """`/api/v1/imports/{id}/errors`: the rows that were not taken, as they came.

    A token reads those of its own source's files, and with the scope that sends such a file.
    """

    @extend_schema(
        operation_id="read_import_errors",
        responses={(200, "text/csv"): OpenApiTypes.STR} | problems(401, 403, 404, 429),
    )
    def get(self, request: Request, id: UUID) -> HttpResponseBase:
        of = _whole_file(request, id)
        return _csv(f"rejected-{of.id}.csv", rejected_as_csv(of))


class ImportWarnings(ApiView):
    """`/api/v1/imports/{id}/warnings`: the cells that were left out of rows which were taken, and why.

    Who may read them is as for the errors.
    """

    @extend_schema(
        operation_id="read_import_warnings",
        responses={(200, "text/csv"): OpenApiTypes.STR} | problems(401, 403, 404, 429),
    )
    def get(self, request: Request, id: UUID) -> HttpResponseBase:
        of = _whole_file(request, id)
        return _csv(f"warnings-{of.id}.csv", warned_as_csv(of))


def _csv(name: str, lines: Iterator[str]) -> StreamingHttpResponse:
    return StreamingHttpResponse(
        lines, content_type="text/csv; charset=utf-8", headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


def _report(request: Request, id: UUID, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A file as it is now, with all that is known about it."""
    report = ImportReport(_import_or_404(request, id), context=_context(request))
    return Response(report.data, status=status, headers=headers)


def _context(request: Request) -> dict[str, object]:
    """What of a file the caller may not read."""
    person = person_of(request)
    closed = hidden_fields(person) if person else kept_fields()

    def sight(of: Import) -> FileSight:
        is_own = of.created_by_id == person.pk if person else _is_senders(cast("ApiToken", request.auth), of)
        return sight_of(of, find(of.kind), closed, is_own=is_own)

    return {"sight": sight}


def _is_senders(token: ApiToken, of: Import) -> bool:
    """Whether a token may send such a file itself."""
    return of.source_id == token.source_id and find(of.kind).scope in token.scopes


def _whole_file(request: Request, id: UUID) -> Import:
    """A file whose rows the caller may read as they came."""
    of, person = _import_or_404(request, id), person_of(request)
    if person is None:
        _check_may_handle(cast("ApiToken", request.auth), of)
    elif sight_for(of, find(of.kind), person).columns:
        raise Problem(403, _("These rows hold values that your role may not see."))
    return of


def _import_or_404(request: Request, id: UUID) -> Import:
    row: Import | None = readable_imports(request).filter(id=id).first()
    if row is None:
        raise Http404
    return row
