"""Sources: who sends us records, who answers for each, and how its feed is."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from core.enums import Role
from core.export import Column, csv_file, wants_csv
from core.guards import LEADS, PersonRequest, for_roles
from core.models import Act, User
from intake.enums import SourceMode
from intake.forms import SourceForm
from intake.models import Source
from intake.queries.arrivals import files_without_rows
from intake.queries.columns import blank_columns, unread_in
from intake.queries.health import last_shipments, troubles_of
from intake.queries.parallel import held_feeds, runs_about
from intake.queries.quarantine import waiting_in_quarantine
from intake.queries.sources import (
    SourceLine,
    find_source,
    last_answers,
    list_sources,
    look_ups_off,
    not_taken,
    source_lines,
    with_losses,
)
from intake.queries.webhooks import WebhookLine, webhook_lines
from intake.services.sources import SourceRefused, change_source, create_source

FILES_SHOWN = 8
SETTLERS = (Role.MANAGER, Role.OPS)
COLUMNS: tuple[Column[SourceLine], ...] = (
    Column(gettext_lazy("Source"), lambda line: line.source.name),
    Column(gettext_lazy("Short name"), lambda line: line.source.slug),
    Column(gettext_lazy("Owner"), lambda line: line.source.owner),
    Column(gettext_lazy("Backup"), lambda line: line.source.backup),
    Column(gettext_lazy("Expected every … hours"), lambda line: line.source.cadence_hours),
    Column(gettext_lazy("Last arrival"), lambda line: line.last_at),
    Column(gettext_lazy("Came"), lambda line: line.way),
    Column(gettext_lazy("Due"), lambda line: line.due_at),
    Column(gettext_lazy("State"), lambda line: line.words),
    Column(gettext_lazy("Trouble"), lambda line: ", ".join(line.trouble_words)),
    Column(gettext_lazy("Rows not taken in 28 days"), lambda line: line.rejected),
    Column(gettext_lazy("Cells left out in 28 days"), lambda line: line.cells),
)


@require_safe
@for_roles(*LEADS)
def show_sources(request: PersonRequest) -> HttpResponseBase:
    """Every source: whose it is, when it last came, and whether it is late."""
    lines = with_losses(source_lines(list(list_sources()), request.now), request.now)
    if wants_csv(request):
        return csv_file("sources", COLUMNS, lines)
    held = held_feeds(request.user)
    context = {
        "has_any": bool(lines),
        "comes": [(line, held.get(line.source.pk, "")) for line in lines if line.comes_in],
        "told": _told(request.user, lines),
        "asked": _asked(lines),
        "may_settle": may_settle(request.user),
    }
    return render(request, "intake/sources.html", context)


@require_safe
@for_roles(*LEADS)
def show_source(request: PersonRequest, slug: str) -> HttpResponse:
    """One source; its sections are partials in templates/intake/source."""
    source = _found(slug)
    [line] = source_lines([source], request.now)
    shipments = last_shipments(source)
    context = {
        "source": source,
        "line": line,
        "imports": files_without_rows(request.user, source)[:FILES_SHOWN],
        "may_make_token": request.user.role == Role.OPS or request.user.is_superuser,
        "tokens": source.tokens.order_by("-id") if request.user.role == Role.OPS else (),
        "pulls": source.pulls.all(),
        "quarantined": waiting_in_quarantine(request.user, source=source.slug).count(),
        "may_settle": may_settle(request.user),
        "troubles": troubles_of(source, request.user),
        "shipments": [(came, not_taken(came.rejected, came.cells)) for came in shipments],  # type: ignore[attr-defined]
        "runs": list(runs_about(source, request.user)),
        "blank": blank_columns(request.now, source),
        "unread": unread_in(came.of for came in shipments if came.of),
    }
    return render(request, "intake/source.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@for_roles(*SETTLERS)
def new_source(request: PersonRequest) -> HttpResponse:
    """A source that was not known before."""
    form = SourceForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = create_source(slug=form.cleaned_data["slug"], terms=form.terms(), by=request.user, now=request.now)
        except SourceRefused as refusal:
            form.add_error(refusal.field or None, str(refusal))
        else:
            messages.success(request, _("%(name)s is a source now.") % {"name": made.name})
            return redirect("source", slug=made.slug)
    return _form_page(request, form, None)


@require_http_methods(["GET", "HEAD", "POST"])
@for_roles(*SETTLERS)
def edit_source(request: PersonRequest, slug: str) -> HttpResponse:
    """Settle a source anew."""
    source = _found(slug)
    form = SourceForm(request.POST or None, source=source)
    if request.method == "POST" and form.is_valid():
        try:
            change_source(source_id=source.pk, terms=form.terms(), by=request.user, now=request.now)
        except SourceRefused as refusal:
            form.add_error(refusal.field or None, str(refusal))
        else:
            messages.success(request, _("Saved."))
            return redirect("source", slug=slug)
    return _form_page(request, form, source)


def _told(user: User, lines: list[SourceLine]) -> list[tuple[SourceLine, WebhookLine | None]]:
    """Each source that is told of our changes, once for each of its webhooks."""
    told = [line for line in lines if line.source.mode == SourceMode.PROPAGATE]
    hooks = webhook_lines(user) if told else []
    pairs: list[tuple[SourceLine, WebhookLine | None]] = []
    for line in told:
        of_source = [hook for hook in hooks if hook.hook.source_id == line.source.pk]
        pairs += [(line, hook) for hook in of_source] or [(line, None)]
    return pairs


def _asked(lines: list[SourceLine]) -> list[tuple[SourceLine, datetime | None, Act | None]]:
    """Each source that is looked up live, with when it answered last, and what switched it off."""
    asked = [line for line in lines if line.source.mode == SourceMode.FEDERATE]
    answered = last_answers([line.source.pk for line in asked]) if asked else {}
    off = look_ups_off([line.source for line in asked])
    return [(line, answered.get(line.source.pk), off.get(line.source.pk)) for line in asked]


def may_settle(user: User) -> bool:
    """Whether `user` makes and changes sources; leaders read."""
    return user.is_superuser or user.role in SETTLERS


def _found(slug: str) -> Source:
    source = find_source(slug)
    if source is None:
        raise Http404
    return source


def _form_page(request: PersonRequest, form: SourceForm, source: Source | None) -> HttpResponse:
    context: dict[str, Any] = {"form": form, "source": source}
    status = 422 if request.method == "POST" else 200
    return render(request, "intake/source_form.html", context, status=status)
