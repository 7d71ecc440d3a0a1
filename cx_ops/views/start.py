"""The first day: what to bring, in which order, and what is there already."""

from __future__ import annotations

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from core.guards import PEOPLE, PersonRequest, for_roles
from core.views.person import go_home
from cx_ops.first_steps import BRINGERS, begins_with_steps, step_lines


@require_safe
@for_roles(*PEOPLE)
def begin(request: PersonRequest) -> HttpResponseBase:
    """Where everybody begins; until accounts and scores are here, whoever can bring them begins with what to bring."""
    return redirect("start") if begins_with_steps(request.user) else go_home(request)


@require_safe
@for_roles(*BRINGERS)
def show_start(request: PersonRequest) -> HttpResponse:
    """The steps from exports to a working queue."""
    steps = step_lines(request.user)
    first = next((line for line in steps if line.step.needed and not line.is_there), None)
    context = {"steps": steps, "next": first}
    return render(request, "cx_ops/start.html", context)
