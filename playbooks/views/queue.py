"""The queue, what changed in it meanwhile, and what was done to its tasks."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.http import Http404, HttpResponse, HttpResponseNotModified
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from core.export import Column, csv_file, wants_csv
from core.guards import DOERS, PersonRequest, for_roles
from intake.queries.privacy import kept_fields
from playbooks.queries.doings import Doing, done_lately
from playbooks.queries.queue import count_changes, lane_tasks
from playbooks.queries.task_page import load_task_page
from playbooks.queries.work import as_work
from playbooks.views.answers import undo_after_redirect
from playbooks.views.files import WORK_COLUMNS
from playbooks.views.pages import detail_context, list_context, read_list, rows_context

DONE_FOR = timedelta(days=14)
FILE_ROWS = 500
DONE_COLUMNS: tuple[Column[Doing], ...] = (
    Column(gettext_lazy("Account"), lambda done: done.task.about),
    Column(gettext_lazy("Task"), lambda done: done.title),
    Column(gettext_lazy("Step of the playbook"), lambda done: done.step_of),
    Column(gettext_lazy("What you did"), lambda done: done.said),
    Column(gettext_lazy("Outcome"), lambda done: done.outcome),
    Column(gettext_lazy("When"), lambda done: done.at),
    Column(gettext_lazy("Next deadline"), lambda done: done.deadline.whole if done.deadline else ""),
)


@require_safe
@for_roles(*DOERS)
def show_queue(request: PersonRequest) -> HttpResponseBase:
    """One's own queue, or that of a person or a team one leads; the first task is open beside it. A lane is a file."""
    listed = read_list(request)
    if wants_csv(request):
        tasks = lane_tasks(listed.scope, listed.lane)
        return csv_file(
            f"queue-{listed.lane}", WORK_COLUMNS, as_work(tasks.iterator(FILE_ROWS), request.now), kept_fields()
        )
    context = list_context(request, listed) | {"undo": undo_after_redirect(request)}
    if context["rows"]:
        page = load_task_page(context["rows"][0].id, user=request.user, now=request.now)
        context |= detail_context(request, page) | {"is_open": listed.focused, "focus": listed.focused}
    return render(request, "playbooks/queue.html", context)


@require_safe
@for_roles(*DOERS)
def show_rows(request: PersonRequest) -> HttpResponse:
    """The rows alone: what the list asks for when its end comes into sight."""
    return render(request, "playbooks/_rows.html", rows_context(request, read_list(request)))


@require_safe
@for_roles(*DOERS)
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
@for_roles(*DOERS)
def show_closed(request: PersonRequest) -> HttpResponseBase:
    """What one did in the last two weeks, each with its way back: nothing vanishes."""
    doings = done_lately(request.user, since=request.now - DONE_FOR, now=request.now)
    if wants_csv(request):
        return csv_file("recently-closed", DONE_COLUMNS, doings)
    closed, others = [one for one in doings if one.is_close], [one for one in doings if not one.is_close]
    return render(request, "playbooks/closed.html", {"closed": closed, "others": others, "days": DONE_FOR.days})


def _moment(text: str) -> datetime | None:
    try:
        return parse_datetime(text)
    except ValueError:
        return None
