"""The answers to an action: on to the next task, stay on this one, refused, or overtaken by somebody else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from core.guards import PersonRequest
from core.models import Act, User
from playbooks.forms import CloseForm, VersionedForm, read_order
from playbooks.models import Task
from playbooks.queries.doings import UNDOABLE, last_acts
from playbooks.queries.following import next_in_order
from playbooks.queries.queue import Row, count_lanes, find_scope, rows_beside
from playbooks.queries.task_page import TaskPage, load_task_page
from playbooks.views.bulk import said_of
from playbooks.views.deeds import Deed
from playbooks.views.pages import (
    announce_next,
    detail_context,
    lane_tabs,
    list_query,
    load_or_404,
    read_list,
    render_task,
    shown_lane,
    task_url,
)


class Dialog(NamedTuple):
    """The form of a deed, in a dialog or alone on a page."""

    deed: Deed
    form: VersionedForm


def move_on(request: PersonRequest, task: Task, text: str, *, may_undo: bool) -> HttpResponse:
    """After `task` is done with: the next one, its row, the counts, and a bar with the way back."""
    order = read_order(request.POST.getlist("order"))
    lane = shown_lane(request, task)
    listed = read_list(request, lane=lane)
    following = next_in_order(task, order, user=request.user, scope=listed.scope, lane=listed.lane, now=request.now)
    query = list_query(request)
    if not request.htmx:
        messages.success(request, text)
        where = task_url(following) if following else reverse("queue")
        return redirect(f"{where}?done={task.pk}" if may_undo else where)
    page = load_task_page(following, user=request.user, now=request.now) if following else None
    context: dict[str, Any] = {
        "rows": _rows_beside(request, task, lane),
        **_counts(request, lane),
        "shown_lane": lane,
        "undo": undo_bar(task, text, may_undo=may_undo) | {"announce": f"{text} {announce_next(page)}"},
        "is_open": True,
        "focus": True,
        "queue_url": reverse("queue") + query,
        "query": query,
    }
    if page is not None:
        context |= detail_context(request, page)
    response = render(request, "playbooks/moved_on.html", context)
    response["HX-Push-Url"] = task_url(page.task.pk, query) if page else reverse("queue")
    return response


def stay(request: PersonRequest, task_id: UUID, text: str, *, error: str = "", focus: bool = False) -> HttpResponse:
    """The same task as it is now."""
    if not request.htmx:
        if error or text:
            (messages.error if error else messages.success)(request, error or text)
        return redirect(task_url(task_id, list_query(request)))
    page = load_or_404(request, task_id)
    context = detail_context(request, page) | {
        "rows": _rows_beside(request, page.task, shown_lane(request, page.task)),
        **_counts(request, shown_lane(request, page.task)),
        "notice": error,
        "announce": text,
        "is_open": True,
        "focus": focus,
    }
    response = render(request, "playbooks/stayed.html", context)
    if focus:
        response["HX-Push-Url"] = task_url(task_id, list_query(request))
    return response


def stay_refused(request: PersonRequest, task: Task, problem: Exception) -> HttpResponse:
    """The reason why nothing was done, over the task as it is now."""
    return conflicted(request, task, str(problem))


def refuse_note(request: PersonRequest, page: TaskPage, said: str) -> HttpResponse:
    """422: the form of a note, with what is wrong with it."""
    if request.htmx:
        context = detail_context(request, page) | {"note_error": said}
        return render(request, "playbooks/_notes.html", context, status=422)
    return render_task(request, page, status=422, parts={"note_error": said})


def refuse_close(request: PersonRequest, page: TaskPage, form: CloseForm) -> HttpResponse:
    """422: the close form with what was typed and what is wrong with it."""
    if request.htmx:
        return render(request, "playbooks/close.html", detail_context(request, page, form=form), status=422)
    return render_task(request, page, status=422, parts={"close_form": form})


def conflicted(
    request: PersonRequest, task: Task, text: str, *, form: CloseForm | None = None, dialog: Dialog | None = None
) -> HttpResponse:
    """409: somebody was quicker. Only the message is swapped, so that what was typed survives."""
    context = {
        "conflict": text,
        "task": task,
        "query": list_query(request),
        "typed_note": form["note"].value() if form is not None else "",
        "as_part": bool(request.htmx),
    }
    if request.htmx:
        return render(request, "playbooks/conflict.html", context, status=409)
    if dialog is not None:
        return show_dialog(request, task, dialog, status=409, extra=context)
    return render_task(
        request, load_or_404(request, task.pk), status=409, parts=context | ({"close_form": form} if form else {})
    )


def show_dialog(
    request: PersonRequest,
    task: Task,
    dialog: Dialog,
    *,
    status: int | None = None,
    extra: Mapping[str, Any] | None = None,
) -> HttpResponse:
    """The form alone for htmx, or as a page; 422 once it was sent and refused."""
    context = {
        "deed": dialog.deed,
        "url": reverse(dialog.deed.name, args=[task.pk]),
        "form": dialog.form,
        "task": task,
        "query": list_query(request),
        "as_dialog": bool(request.htmx),
        **(extra or {}),
    }
    found = status or (422 if dialog.form.is_bound and dialog.form.errors else 200)
    template = "playbooks/deed.html#dialog" if request.htmx else "playbooks/deed.html"
    return render(request, template, context, status=found)


def undo_bar(task: Task, text: str, *, may_undo: bool) -> dict[str, Any]:
    """What `playbooks/_undo.html` needs."""
    return {"text": text, "url": reverse("task_undo", args=[task.pk]) if may_undo else "", "version": task.version}


def undo_after_redirect(request: PersonRequest) -> dict[str, Any] | None:
    """Without scripts an action redirects to a page with `?done=`, a bulk act to one with `?bulk=`: the way back."""
    if act := _act_of(request.GET.get("bulk", ""), request.user):
        url = reverse("queue_bulk_undo", args=[act.pk])
        text = said_of(act.data["action"], len(act.data["tasks"]))
        return {"text": text, "url": url, "version": 0, "announce": text, "is_bulk": True}
    try:
        done = UUID(request.GET.get("done", ""))
    except ValueError:
        return None
    task = Task.objects.visible_to(request.user).select_related("account", "source").filter(pk=done).first()
    last = last_acts([str(done)]).get(str(done))
    if task is None or last is None or last.by_id != request.user.pk or last.verb not in UNDOABLE:
        return None
    words = {"what": UNDOABLE[last.verb], "account": task.about}
    return undo_bar(task, _("%(what)s: %(account)s.") % words, may_undo=True)


def _act_of(id: str, user: User) -> Act | None:
    try:
        return Act.objects.filter(pk=UUID(id), by=user, verb="bulk").first()
    except ValueError:
        return None


def _rows_beside(request: PersonRequest, task: Task, lane: str) -> list[Row]:
    """The row of a task that something was done to, in the list that stands beside it."""
    whose = find_scope(request.user, request.GET.get("who", ""))
    return rows_beside(task, whose, lane, user=request.user, now=request.now)


def _counts(request: PersonRequest, lane: str) -> dict[str, Any]:
    """How many there are in each lane, and in all."""
    listed = read_list(request, lane=lane)
    counts = count_lanes(listed.scope, request.now)
    return {"lanes": lane_tabs(listed, counts), "total": sum(lane.all for lane in counts.values())}
