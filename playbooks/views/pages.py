"""The split page: a queue beside one task, whole or as the parts that htmx asked for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import urlencode
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Account
from core.guards import DOERS, PersonRequest
from playbooks.enums import ACTIVE, Lane
from playbooks.forms import NOTE_KINDS, CloseForm
from playbooks.models import Task
from playbooks.queries.filters import Filters
from playbooks.queries.outcomes import label_of, options_of, reasons_of
from playbooks.queries.queue import Counted, Scope, count_lanes, find_scope, load_page, queue_choices
from playbooks.queries.task_page import TaskPage, find_task, load_task_page
from playbooks.services.taking import is_held, leads, may_act, works_instead
from playbooks.views.deeds import MEANS

# The parts of an address that name the list beside a task.
BESIDE = ("who", "after", "mode", "type", "segment", "sla", "q")
FOCUS = "focus"
LANE_MEANS = {
    Lane.NOW: gettext_lazy("Signals nobody has acted on yet, what is late, and what is due within 4 hours."),
    Lane.TODAY: gettext_lazy("What else is due today."),
    Lane.LATER: gettext_lazy("What is due on another day, and signals beyond the most that one is given in a day."),
    Lane.WAITING: gettext_lazy("Snoozed: deadlines run on. Paused for the customer: they stand still."),
}


def load_or_404(request: PersonRequest, task_id: UUID) -> TaskPage:
    """The page of a task the person may see."""
    try:
        return load_task_page(task_id, user=request.user, now=request.now)
    except Task.DoesNotExist:
        raise Http404 from None


def task_or_404(request: PersonRequest, task_id: UUID) -> Task:
    """A task the person may see, with what it is about."""
    try:
        return find_task(task_id, user=request.user)
    except Task.DoesNotExist:
        raise Http404 from None


def visible_or_404(request: PersonRequest, task_id: UUID) -> None:
    """Nothing, if the person may see the task."""
    if not Task.objects.visible_to(request.user).filter(pk=task_id).exists():
        raise Http404


def shown_lane(request: PersonRequest, task: Task) -> str:
    """The lane whose list stands beside the task, as the page told it: a task may go to another and stay open."""
    told = request.POST.get("lane", "")
    return told if told in Lane.values else task.lane


def detail_context(request: PersonRequest, page: TaskPage, *, form: CloseForm | None = None) -> dict[str, Any]:
    """What `playbooks/task.html` needs."""
    task = page.task
    held = is_held(task, request.user, request.now)
    may_take_over = held and leads(request.user, task)
    may_note = may_take_over or may_act(request.user, task)
    return {
        "page": page,
        "task": task,
        "close_form": form or CloseForm(initial={"version": task.version}),
        "may_act": not held and may_note,
        "may_note": may_note,
        "held_by": task.claimed_by if held else None,
        "is_mine_now": works_instead(request.user, task, request.now),
        "may_see_others": request.user.role in DOERS,
        "may_take_over": may_take_over,
        "options": options_of(task) if page.is_active else [],
        "reasons": reasons_of(task) if page.is_active else [],
        "outcome_label": label_of(task.outcome) if task.outcome else "",
        "query": list_query(request),
        "shown_lane": shown_lane(request, task),
        "now": request.now,
        "note_kinds": NOTE_KINDS,
        "means": MEANS,
    } | _working_through(request, task)


def _working_through(request: PersonRequest, task: Task) -> dict[str, Any]:
    """Where one is in a lane that is worked through, one task after the other."""
    if request.GET.get("mode") != FOCUS or task.status not in ACTIVE:
        return {}
    listed = read_list(request, lane=task.lane)
    left = listed.scope.tasks.active().filter(lane=task.lane).count()
    return {
        "left": left,
        "lane_label": str(Lane(task.lane).label),
        "stop_url": listed._replace(focused=False).url(),
    }


class Listed(NamedTuple):
    """The list that an address names: whose, which lane, narrowed to what, and whether it is worked through."""

    scope: Scope
    lane: str
    filters: Filters
    focused: bool

    def url(self, name: str = "queue", **other: str) -> str:
        """The address of the same list with something else about it."""
        given = {"lane": self.lane, "who": self.scope.key} | self.filters.as_query()
        given |= {"mode": FOCUS} if self.focused else {}
        return f"{reverse(name)}?{urlencode({name: value for name, value in (given | other).items() if value})}"


def read_list(request: PersonRequest, *, lane: str = "") -> Listed:
    """The list that the request asks for. Http404 where there is no such lane or queue."""
    lane = lane or request.GET.get("lane", Lane.NOW)
    if lane not in Lane.values:
        raise Http404
    filters = Filters.read(request.GET)
    scope = find_scope(request.user, request.GET.get("who", "")).narrowed(filters, request.now)
    return Listed(scope, lane, filters, request.GET.get("mode") == FOCUS)


def list_query(request: PersonRequest) -> str:
    """The part of the address that names the list beside the task, with its "?"; "" for one's own first page."""
    kept = {name: value for name in BESIDE if (value := request.GET.get(name))}
    return f"?{urlencode(kept)}" if kept else ""


def list_context(request: PersonRequest, listed: Listed) -> dict[str, Any]:
    """What the list of `playbooks/queue.html` needs."""
    counts = count_lanes(listed.scope, request.now)
    tabs = lane_tabs(listed, counts)
    total = sum(lane.all for lane in counts.values())
    return {
        **rows_context(request, listed),
        "scope": listed.scope,
        "lane": listed.lane,
        "lane_label": str(Lane(listed.lane).label),
        "lane_means": LANE_MEANS[Lane(listed.lane)],
        "lanes": tabs,
        "lane_count": counts[listed.lane].all,
        "total": total,
        "first_page": listed.url() if request.GET.get("after") else "",
        "choices": queue_choices(request.user),
        "narrowed": list(listed.filters.in_words()),
        "unfiltered_url": listed._replace(filters=Filters()).url(),
        "filter_url": listed.url("queue_filter"),
        "bulk_url": listed.url("queue_bulk"),
        "focused": listed.focused,
        "start_url": listed.url(mode=FOCUS),
        "is_first_run": not total and not Account.objects.visible_to(request.user).exists(),
        "refresh_url": listed.url(),
        "changes_url": listed.url("queue_changes", since=request.now.isoformat()),
    }


def rows_context(request: PersonRequest, listed: Listed) -> dict[str, Any]:
    """A page of rows, and where the next one is: as a page of its own, and as the rows alone."""
    after = request.GET.get("after", "")
    rows, following = load_page(listed.scope, listed.lane, after=after, user=request.user, now=request.now)
    return {
        "rows": rows,
        "next_page": listed.url(after=following) if following else "",
        "next_rows": listed.url("queue_rows", after=following) if following else "",
        "query": list_query(request),
    }


def lane_tabs(listed: Listed, counts: dict[str, Counted]) -> list[dict[str, Any]]:
    """The lanes as tabs."""
    return [
        {
            "label": each.label,
            "url": listed.url(lane=each.value),
            "current": each.value == listed.lane,
            "count": counts[each.value].all,
            "calls": list(_calls(listed, each, counts[each.value])) if each.value != listed.lane else [],
            "title": LANE_MEANS[each],
        }
        for each in Lane
    ]


class Call(NamedTuple):
    """What is late in a lane that is not open: in words, with the list of it."""

    words: str
    url: str


def _calls(listed: Listed, lane: Lane, counted: Counted) -> Iterator[Call]:
    if counted.late:
        words = _("%(n)d late while snoozed") if lane is Lane.WAITING else _("%(n)d late in %(lane)s")
        yield Call(words % {"n": counted.late, "lane": lane.label}, listed.url(lane=lane.value, sla="late"))


def render_task(
    request: PersonRequest, page: TaskPage, *, status: int = 200, parts: dict[str, Any] | None = None
) -> HttpResponse:
    """One task: alone for htmx, else beside the queue it stands in."""
    context = detail_context(request, page) | {"is_open": True} | (parts or {})
    if request.htmx:
        context |= {"focus": True}
        return render(request, "playbooks/task.html", context, status=status)
    if not _stands_beside(request, page.task):
        return render(request, "playbooks/task_alone.html", context, status=status)
    listed = read_list(request, lane=page.task.lane if page.task.status in ACTIVE else Lane.NOW)
    return render(request, "playbooks/queue.html", list_context(request, listed) | context, status=status)


def _stands_beside(request: PersonRequest, task: Task) -> bool:
    """Whether the task is shown beside a queue: the one asked for, else one's own if it is theirs."""
    return bool(request.GET.get("who")) or request.user.pk == task.assignee_id


def task_url(task_id: UUID, query: str = "") -> str:
    return reverse("task", args=[task_id]) + query


def announce_next(page: TaskPage | None) -> str:
    """What is said about the task that comes next."""
    if page is None:
        return _("Nothing is left in this lane.")
    return _("Next: %(account)s, %(time)s.") % {"account": page.task.about, "time": page.deadline.text}
