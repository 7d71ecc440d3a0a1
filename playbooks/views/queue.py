"""The queue, what changed in it meanwhile, and what was done to its tasks."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.http import Http404, HttpResponse, HttpResponseNotModified
from django.shortcuts import render
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_safe

from core.guards import WORKERS, PersonRequest, for_roles
from playbooks.queries.doings import done_lately
from playbooks.queries.queue import count_changes
from playbooks.queries.task_page import load_task_page
from playbooks.views.answers import undo_after_redirect
from playbooks.views.pages import detail_context, list_context, read_list, rows_context

DONE_FOR = timedelta(days=14)


@require_safe
@for_roles(*WORKERS)
def show_queue(request: PersonRequest) -> HttpResponse:
    """One's own queue, or that of a person or a team one leads; the first task is open beside it."""
    listed = read_list(request)
    context = list_context(request, listed) | {"undo": undo_after_redirect(request)}
    if context["rows"]:
        page = load_task_page(context["rows"][0].id, user=request.user, now=request.now)
        context |= detail_context(request, page) | {"is_open": listed.focused, "focus": listed.focused}
    return render(request, "playbooks/queue.html", context)


@require_safe
@for_roles(*WORKERS)
def show_rows(request: PersonRequest) -> HttpResponse:
    """The rows alone: what the list asks for when its end comes into sight."""
    return render(request, "playbooks/_rows.html", rows_context(request, read_list(request)))


@require_safe
@for_roles(*WORKERS)
def show_changes(request: PersonRequest) -> HttpResponse:
    """The pill: how much is new since the page was made. 304 while that has not changed."""
    listed = read_list(request)
    since = _moment(request.GET.get("since", ""))
    if since is None:
        raise Http404
    new, closed = count_changes(listed.scope, listed.lane, user=request.user, since=since)
    tag = f"{new}-{closed}"
    if request.headers.get("HX-PTag") == tag:
        return HttpResponseNotModified()
    response = render(request, "playbooks/queue_changes.html", {"new": new, "closed": closed, "url": listed.url()})
    response["HX-PTag"] = tag
    return response


@require_safe
@for_roles(*WORKERS)
def show_closed(request: PersonRequest) -> HttpResponse:
    """What one did in the last two weeks, each with its way back: nothing vanishes."""
    doings = done_lately(request.user, since=request.now - DONE_FOR)
    return render(request, "playbooks/closed.html", {"doings": doings, "days": DONE_FOR.days})


def _moment(text: str) -> datetime | None:
    try:
        return parse_datetime(text)
    except ValueError:
        return None
