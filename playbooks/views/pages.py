"""The split page: a queue beside one task, whole or as the parts that htmx asked for."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from core.guards import PersonRequest
from playbooks.enums import ACTIVE, Lane
from playbooks.forms import CloseForm
from playbooks.models import Task
from playbooks.queries.outcomes import label_of, options_of, reasons_of
from playbooks.queries.queue import Scope, count_lanes, find_scope, load_page, queue_choices
from playbooks.queries.task_page import TaskPage, load_task_page
from playbooks.services.taking import may_act


def load_or_404(request: PersonRequest, task_id: UUID) -> TaskPage:
    """The page of a task the person may see."""
    try:
        return load_task_page(task_id, user=request.user, now=request.now)
    except Task.DoesNotExist:
        raise Http404 from None


def detail_context(request: PersonRequest, page: TaskPage, *, form: CloseForm | None = None) -> dict[str, Any]:
    """What `playbooks/task.html` needs."""
    task = page.task
    return {
        "page": page,
        "task": task,
        "close_form": form or CloseForm(initial={"version": task.version}),
        "may_act": may_act(request.user, task),
        "options": options_of(task) if page.is_active else [],
        "reasons": reasons_of(task) if page.is_active else [],
        "outcome_label": label_of(task.outcome) if task.outcome else "",
        "query": list_query(request),
        "now": request.now,
    }


def list_query(request: PersonRequest) -> str:
    """The part of the address that names the list beside the task, with its "?"; "" for one's own first page."""
    kept = {name: value for name in ("who", "after") if (value := request.GET.get(name))}
    return f"?{urlencode(kept)}" if kept else ""


def list_context(request: PersonRequest, scope: Scope, lane: str) -> dict[str, Any]:
    """What the list of `playbooks/queue.html` needs."""
    counts = count_lanes(scope)
    return {
        **rows_context(request, scope, lane),
        "scope": scope,
        "lane": lane,
        "lane_label": str(Lane(lane).label),
        "lanes": lane_tabs(scope, lane, counts),
        "total": sum(counts.values()),
        "first_page": _queue_url(scope, lane) if request.GET.get("after") else "",
        "choices": queue_choices(request.user),
        "refresh_url": _queue_url(scope, lane),
        "changes_query": urlencode({"who": scope.key, "lane": lane, "since": request.now.isoformat()}),
    }


def rows_context(request: PersonRequest, scope: Scope, lane: str) -> dict[str, Any]:
    """A page of rows, and where the next one is: as a page of its own, and as the rows alone."""
    rows, following = load_page(scope, lane, after=request.GET.get("after", ""), now=request.now)
    return {
        "rows": rows,
        "next_page": _queue_url(scope, lane, following) if following else "",
        "next_rows": _queue_url(scope, lane, following, name="queue_rows") if following else "",
        "query": list_query(request),
    }


def lane_tabs(scope: Scope, lane: str, counts: dict[str, int]) -> list[dict[str, Any]]:
    """The lanes as tabs."""
    return [
        {
            "label": each.label,
            "url": _queue_url(scope, each.value),
            "current": each.value == lane,
            "count": counts[each.value],
        }
        for each in Lane
    ]


def render_task(
    request: PersonRequest, page: TaskPage, *, status: int = 200, parts: dict[str, Any] | None = None
) -> HttpResponse:
    """One task: alone for htmx, else beside the queue it stands in."""
    context = detail_context(request, page) | {"is_open": True} | (parts or {})
    if request.htmx:
        context |= {"focus": True}
        return render(request, "playbooks/task.html", context, status=status)
    scope = scope_beside(request, page.task)
    if scope is None:
        return render(request, "playbooks/task_alone.html", context, status=status)
    lane = page.task.lane if page.task.status in ACTIVE else Lane.NOW
    return render(request, "playbooks/queue.html", list_context(request, scope, lane) | context, status=status)


def scope_beside(request: PersonRequest, task: Task) -> Scope | None:
    """The queue that a task is shown beside: the one asked for, else one's own if it is theirs, else none."""
    who = request.GET.get("who", "")
    if who:
        return find_scope(request.user, who)
    return find_scope(request.user, "") if request.user.pk == task.assignee_id else None


def task_url(task_id: UUID, query: str = "") -> str:
    return reverse("task", args=[task_id]) + query


def announce_next(page: TaskPage | None) -> str:
    """What is said about the task that comes next."""
    if page is None:
        return _("Nothing is left in this lane.")
    return _("Next: %(account)s, %(time)s.") % {"account": page.task.account.name, "time": page.deadline.text}


def _queue_url(scope: Scope, lane: str, after: str = "", *, name: str = "queue") -> str:
    given = {"lane": lane, "who": scope.key, "after": after}
    return f"{reverse(name)}?{urlencode({name: value for name, value in given.items() if value})}"
