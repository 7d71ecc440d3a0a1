"""The manager's team: the board, the work behind its figures, and giving away what nobody has."""

from __future__ import annotations

from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from core.enums import Role
from core.export import Column, csv_file, wants_csv
from core.guards import LEADS, PersonRequest, for_roles
from core.models import User
from intake.queries.privacy import kept_fields
from playbooks.enums import Lane
from playbooks.forms import GiveForm
from playbooks.models import Task
from playbooks.queries.team import LATE_WORDS, Person, TeamCard, load_board, may_lead
from playbooks.queries.work import BY_DEADLINE, SORTS, WorkFilter, as_work, count_work, find_work
from playbooks.services.tasks import TaskChanged, TaskRefused, assign_task
from playbooks.views.files import WORK_COLUMNS

SHOWN = 200
LOADS: tuple[Column[tuple[TeamCard, Person]], ...] = (
    Column(gettext_lazy("Team"), lambda line: line[0].team),
    Column(gettext_lazy("Person"), lambda line: line[1].user),
    *(Column(lane.label, lambda line, lane=lane: line[1].load.lanes[lane]) for lane in Lane),  # type: ignore[misc]
    Column(gettext_lazy("Of them late"), lambda line: line[1].load.late_total),
    Column(gettext_lazy("Revenue they work on"), lambda line: line[1].load.revenue, "accounts.arr"),
    Column(gettext_lazy("Urgent given today"), lambda line: None if line[1].is_away else line[1].cap_used),
    Column(gettext_lazy("Away until"), lambda line: line[1].away and line[1].away.last_day),
)


@require_safe
@for_roles(*LEADS)
def show_team(request: PersonRequest) -> HttpResponseBase:
    """Load, what is late, who is away, what nobody has: by team, person and lane."""
    board = load_board(request.user, request.now)
    if wants_csv(request):
        return csv_file("team", LOADS, ((card, person) for card in board.teams for person in card.lines), kept_fields())
    unassigned = [(task, board.takers(task.team_id)) for task in board.unassigned]
    context = {
        "board": board,
        "unassigned": unassigned,
        "may_lead": may_lead(request.user),
        "now": request.now,
    }
    return render(request, "playbooks/team.html", context)


@require_safe
@for_roles(*LEADS)
def show_work(request: PersonRequest) -> HttpResponseBase:
    """The open tasks behind a figure of the board, in the order asked for, also as a file."""
    wanted = WorkFilter(*(request.GET.get(name, "") for name in ("who", "lane", "late")))
    title = wanted.words(request.user)
    asked = request.GET.get("sort", "")
    sort = asked if asked in SORTS else BY_DEADLINE
    tasks = find_work(request.user, wanted, request.now, sort)
    if wants_csv(request):
        return csv_file("work", WORK_COLUMNS, as_work(tasks, request.now), kept_fields())
    count, late = count_work(tasks, request.now)
    kept = {name: value for name, value in vars(wanted).items() if value}
    context = {
        "title": title,
        "rows": list(as_work(tasks[:SHOWN], request.now)),
        "count": count,
        "sorts": {
            name: {"label": words, "url": _query({**kept, "sort": name}), "current": name == sort}
            for name, (words, _order) in SORTS.items()
        },
        "late": [
            (LATE_WORDS[what], n, _query({**kept, "late": what}))
            for what, n in late.items()
            if n and what != wanted.late
        ],
        "query": _query({**kept, "sort": sort}),
    }
    return render(request, "playbooks/work.html", context)


def _query(values: dict[str, str]) -> str:
    return f"?{urlencode(values)}"


@require_POST
@for_roles(Role.MANAGER)
def give(request: PersonRequest, task_id: UUID) -> HttpResponse:
    """Give a task that nobody has to somebody, from the board."""
    task = get_object_or_404(Task.objects.visible_to(request.user).select_related("account", "source"), pk=task_id)
    form = GiveForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose who takes it."))
        return redirect("team")
    to = get_object_or_404(User.objects.visible_to(request.user), pk=form.cleaned_data["to"])
    try:
        assign_task(task_id=task.pk, by=request.user, version=form.cleaned_data["version"], to=to, now=request.now)
    except (TaskChanged, TaskRefused) as problem:
        messages.error(request, str(problem))
    except Task.DoesNotExist:
        raise Http404 from None
    else:
        messages.success(request, _("%(account)s is %(name)s's now.") % {"account": task.about, "name": to})
    return redirect("team")
