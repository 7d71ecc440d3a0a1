"""The queue, what changed in it meanwhile, and what was closed."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.http import Http404, HttpResponse, HttpResponseNotModified
from django.shortcuts import render
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_safe

from core.guards import WORKERS, PersonRequest, for_roles
from playbooks.enums import Lane
from playbooks.models import Task
from playbooks.queries.outcomes import label_of
from playbooks.queries.queue import Scope, count_changes, find_scope
from playbooks.queries.task_page import load_task_page
from playbooks.views.pages import detail_context, list_context, rows_context

CLOSED_FOR = timedelta(days=14)
CLOSED_SHOWN = 100


@require_safe
@for_roles(*WORKERS)
def show_queue(request: PersonRequest) -> HttpResponse:
    """One's own queue, or that of a person or a team one leads; the first task is open beside it."""
    scope, lane = _list_asked_for(request)
    context = list_context(request, scope, lane)
    if context["rows"]:
        page = load_task_page(context["rows"][0].id, user=request.user, now=request.now)
        context |= detail_context(request, page)
    return render(request, "playbooks/queue.html", context)


@require_safe
@for_roles(*WORKERS)
def show_rows(request: PersonRequest) -> HttpResponse:
    """The rows alone: what the list asks for when its end comes into sight."""
    scope, lane = _list_asked_for(request)
    return render(request, "playbooks/_rows.html", rows_context(request, scope, lane))


@require_safe
@for_roles(*WORKERS)
def show_changes(request: PersonRequest) -> HttpResponse:
    """The pill: how much is new since the page was made. 304 while that has not changed."""
    scope, lane = _list_asked_for(request)
    since = _moment(request.GET.get("since", ""))
    if since is None:
        raise Http404
    new, closed = count_changes(scope, lane, user=request.user, since=since)
    tag = f"{new}-{closed}"
    if request.headers.get("HX-PTag") == tag:
        return HttpResponseNotModified()
    context = {"new": new, "closed": closed, "scope": scope, "lane": lane}
    response = render(request, "playbooks/queue_changes.html", context)
    response["HX-PTag"] = tag
    return response


@require_safe
@for_roles(*WORKERS)
def show_closed(request: PersonRequest) -> HttpResponse:
    """What one closed in the last two weeks: nothing vanishes."""
    tasks = (
        Task.objects.filter(closed_by=request.user, closed_at__gt=request.now - CLOSED_FOR)
        .select_related("account", "type")
        .order_by("-closed_at")[:CLOSED_SHOWN]
    )
    rows = [(task, label_of(task.outcome)) for task in tasks]
    return render(request, "playbooks/closed.html", {"rows": rows, "days": CLOSED_FOR.days})


def _list_asked_for(request: PersonRequest) -> tuple[Scope, str]:
    """Whose queue, and which lane of it. Http404 where there is no such."""
    lane = request.GET.get("lane", Lane.NOW)
    if lane not in Lane.values:
        raise Http404
    return find_scope(request.user, request.GET.get("who", "")), lane


def _moment(text: str) -> datetime | None:
    try:
        return parse_datetime(text)
    except ValueError:
        return None
