"""Files: sent, watched on their way in, and the rows that were not taken."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import msgspec
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import F
from django.http import FileResponse, Http404, HttpResponse, HttpResponseNotModified, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from core.export import Column, csv_file, csv_line, wants_csv
from core.guards import LEADS, PersonRequest, for_roles
from intake.enums import ImportStatus, Landing
from intake.forms import UploadForm
from intake.models import Import, RejectedRow, Source
from intake.queries import (
    line_of,
    mended_rows,
    rejected_as_sent,
    rejected_rows,
    visible_imports,
    warned_as_csv,
    warnings_of,
    with_cells_left_out,
)
from intake.queries.sight import FileSight, sight_for
from intake.queries.sources import not_taken
from intake.rules import Undone
from intake.rules.examples import example_of
from intake.services import ImportRefused
from intake.services.drafts import draft_import
from intake.services.kinds import file_kinds, find
from intake.services.sheets import WORKBOOKS, pack_workbook
from intake.services.sources import SourceRefused, SourceTerms, create_source
from intake.services.steps import next_step
from intake.services.undoing import may_undo
from intake.views.drafts import SENDERS, draft_page

SHOWN = 50


def counted(name: str) -> Callable[[Import], object]:
    """How many rows of a file became that."""
    return lambda of: of.counts.get(name, 0)


COLUMNS: tuple[Column[Import], ...] = (
    Column(_("File"), lambda of: of.filename),
    Column(_("Rows are"), lambda of: of.kind),
    Column(_("Source"), lambda of: of.source.name),
    Column(_("Status"), lambda of: of.get_status_display()),
    Column(_("Rows"), lambda of: of.rows_done),
    *(Column[Import](label, counted(name)) for name, label in Landing.choices),
    Column(_("Cells left out"), lambda of: of.cells_left_out),  # type: ignore[attr-defined]
    Column(_("Sent"), lambda of: of.created_at),
    Column(_("Sent by"), lambda of: of.created_by),
    Column(_("Ended"), lambda of: of.finished_at),
)
REJECTED_SHOWN = 50
UNDER_WAY = (ImportStatus.WAITING, ImportStatus.RUNNING, ImportStatus.UNDOING)


@require_http_methods(["GET", "HEAD", "POST"])
@for_roles(*LEADS)
def show_imports(request: PersonRequest) -> HttpResponseBase:
    """The newest files, and a form for one more; leaders read."""
    may_send = _may_send(request)
    if wants_csv(request):
        return csv_file("imports", COLUMNS, with_cells_left_out(visible_imports(request.user)).iterator(500))
    given = {name: request.GET.get(name, "") for name in ("kind", "source")}
    form = UploadForm(request.POST or None, request.FILES or None, initial=given)
    if request.method == "POST" and may_send and form.is_valid():
        made = _draft(request, form)
        if made is not None:
            return redirect("import", import_id=made.pk)
    context = {
        "kinds": [find(name) for name in file_kinds()],
        "imports": [_with_progress(row) for row in with_cells_left_out(visible_imports(request.user))[:SHOWN]],
        "form": form,
        "may_send": may_send,
    }
    return render(request, "intake/imports.html", context, status=_status(request, may_send=may_send))


@require_safe
@for_roles(*LEADS)
def download_example(request: PersonRequest, kind: str) -> HttpResponse:
    """A file with the columns of one kind and a row that shows how they are filled in."""
    if kind not in file_kinds():
        raise Http404
    lines = csv_line(find(kind).header) + csv_line(example_of(find(kind)))
    response = HttpResponse(lines, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{kind}.csv"'
    return response


@require_safe
@for_roles(*LEADS)
def show_import(request: PersonRequest, import_id: UUID) -> HttpResponse:
    """How far a file has come; polled while it is under way."""
    of = get_object_or_404(with_cells_left_out(visible_imports(request.user)), pk=import_id)
    if of.status == ImportStatus.DRAFT:
        return draft_page(request, of)
    tag = f"{of.status}-{of.rows_done}-{of.undone.get('rows', 0)}-{bool(of.undone.get('waits'))}"
    if request.headers.get("HX-PTag") == tag:
        return HttpResponseNotModified()
    sight = sight_for(of, find(of.kind), request.user)
    context = _with_progress(of) | {
        "rejected": _rejected(of, sight),
        "is_closed": bool(sight.columns),
        "mended": mended_rows(of) if of.counts.get(Landing.REJECTED.value) else None,
        "first_mended": mended_rows(of.mends) if of.mends else None,
        "rejected_count": of.counts.get(Landing.REJECTED.value, 0),
        "warnings": sight.warnings(warnings_of(of)),
        "tag": tag,
        "may_send": _may_send(request),
        "may_undo": _may_send(request) and may_undo(of),
        "next": next_step(request.user, of) if of.status == ImportStatus.DONE and _may_send(request) else None,
        "reviews": _reviews(of),
        "undone": _undone(of, sight),
        "is_undoing": of.status == ImportStatus.UNDOING,
        "undo_total": sum(of.counts.get(name, 0) for name in (Landing.CREATED, Landing.UPDATED)),
    }
    response = render(request, "intake/import.html#progress" if request.htmx else "intake/import.html", context)
    response["HX-PTag"] = tag
    return response


@require_safe
@for_roles(*LEADS)
def download_errors(request: PersonRequest, import_id: UUID) -> HttpResponseBase:
    """The rows that were not taken, in the dress they came in, as a file that one can mend and send again."""
    of = _whole_file(request, import_id)
    if of.filename.lower().endswith(WORKBOOKS):
        return FileResponse(pack_workbook(rejected_rows(of)), as_attachment=True, filename=f"rejected-{of.pk}.xlsx")
    response = StreamingHttpResponse(rejected_as_sent(of), content_type="text/csv")
    response["Content-Disposition"] = f'attachment; filename="rejected-{of.pk}.csv"'
    return response


@require_safe
@for_roles(*LEADS)
def download_warnings(request: PersonRequest, import_id: UUID) -> StreamingHttpResponse:
    """The cells that were left out of rows which were taken."""
    of = _whole_file(request, import_id)
    response = StreamingHttpResponse(warned_as_csv(of), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="warnings-{of.pk}.csv"'
    return response


def _whole_file(request: PersonRequest, import_id: UUID) -> Import:
    """A file whose rows the reader may see as they came; 403 where one of its columns is closed to them."""
    of = get_object_or_404(visible_imports(request.user), pk=import_id)
    if closed := sight_for(of, find(of.kind), request.user).columns:
        raise PermissionDenied(
            _("These rows hold %s, which your role may not see. Ask whoever sent the file.") % ", ".join(sorted(closed))
        )
    return of


def _rejected(of: Import, sight: FileSight) -> list[RejectedRow]:
    """The first rows that were not taken, with their lines, without cells that the reader may not see."""
    rows = RejectedRow.objects.filter(of=of).annotate(line=F("row") + line_of(of, 0)).order_by("row")[:REJECTED_SHOWN]
    for row in rows:
        row.value = sight.value(row)
    return list(rows)


def _undone(of: Import, sight: FileSight) -> Undone | None:
    """What taking it back did, so far."""
    if not of.undone and of.status != ImportStatus.UNDOING:
        return None
    undone = msgspec.convert(of.undone, Undone)
    return msgspec.structs.replace(undone, kept=sight.changes(undone.kept))


def _draft(request: PersonRequest, form: UploadForm) -> Import | None:
    """The import, to be confirmed; or None with the reason on the form."""
    file: UploadedFile[bytes] = form.cleaned_data["file"]
    try:
        with transaction.atomic():
            return draft_import(
                file=file.chunks(),
                filename=file.name or "",
                kind=form.cleaned_data["kind"],
                source=form.cleaned_data["source"] or _new_source(request, form),
                by=request.user,
                now=request.now,
            )
    except (ImportRefused, SourceRefused) as refusal:
        form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        return None


def _new_source(request: PersonRequest, form: UploadForm) -> Source:
    """The source that the form names: the one that is called so already, else a new one of whoever asks."""
    data = form.cleaned_data
    known = Source.objects.filter(slug=data["source_slug"], person=None, is_active=True).first()
    if known is not None:
        return known
    terms = SourceTerms(
        name=data["source_name"].strip(), owner=request.user, account_namespace=data["namespace"]
    )  # fmt: skip
    return create_source(slug=data["source_slug"], terms=terms, by=request.user, now=request.now)


def _may_send(request: PersonRequest) -> bool:
    return request.user.role in SENDERS or request.user.is_superuser


def _with_progress(of: Import) -> dict[str, object]:
    """A file with what its progress bar and its counts show; `lost`: what of it was not taken, in words."""
    rows = of.counts.get(Landing.REJECTED.value, 0)
    cells: int = of.cells_left_out if of.status != ImportStatus.UNDONE else 0  # type: ignore[attr-defined]
    return {
        "lost": not_taken(rows, cells),
        "of": of,
        "is_under_way": of.status in UNDER_WAY,
        "counts_sum": sum(count for name, count in of.counts.items() if name in Landing.values),
        "counts": [(Landing(name).label, count, name) for name, count in of.counts.items() if name in Landing.values],
    }


def _reviews(of: Import) -> int:
    """How many pairs of records a file that is in left to a person."""
    tell = find(of.kind).tell
    return tell(of.pk, 0).reviews if tell and of.status == ImportStatus.DONE else 0


def _status(request: PersonRequest, *, may_send: bool) -> int:
    if request.method != "POST":
        return 200
    return 422 if may_send else 403
