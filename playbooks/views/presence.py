"""Who is at a task just now: told every few seconds by its page, and by what is typed there."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe

from core.guards import DOERS, PersonRequest, for_roles
from playbooks.models import Task
from playbooks.queries.presence import others_at
from playbooks.services.tasks import TaskRefused, claim_task, see_task
from playbooks.views.pages import visible_or_404


@require_safe
@for_roles(*DOERS)
def show_presence(request: PersonRequest, task_id: UUID) -> HttpResponse:
    """The others who have the task open, or work on it; to ask is to be there."""
    visible_or_404(request, task_id)
    see_task(task_id=task_id, by=request.user, now=request.now)
    return _show(request, task_id)


@require_POST
@for_roles(*DOERS)
def claim(request: PersonRequest, task_id: UUID) -> HttpResponse:
    """Somebody began to type: for the next minutes it is theirs."""
    visible_or_404(request, task_id)
    refusal = ""
    try:
        claim_task(task_id=task_id, by=request.user, now=request.now)
    except TaskRefused as refused:
        refusal = str(refused)
    except Task.DoesNotExist:
        refusal = ""
    return _show(request, task_id, refusal)


def _show(request: PersonRequest, task_id: UUID, refusal: str = "") -> HttpResponse:
    at = others_at(task_id, user=request.user, now=request.now)
    return render(request, "playbooks/_presence.html", {"at": at, "refusal": refusal})
