"""The page of one task, and a task made by hand."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import Account
from core.guards import PEOPLE, WORKERS, PersonRequest, for_roles
from playbooks.forms import TaskForm
from playbooks.queries.snoozing import zone_now
from playbooks.queries.task_page import is_new_to
from playbooks.services.tasks import acknowledge_task, create_task
from playbooks.views.answers import undo_after_redirect
from playbooks.views.pages import load_or_404, render_task


@require_safe
@for_roles(*PEOPLE)
def show_task(request: PersonRequest, task_id: UUID) -> HttpResponse:
    """Why it exists, what to do, and how it ends. To open it is to acknowledge it, for the person who has it.

    `?done=<id>` offers to undo what was done just before.
    """
    if is_new_to(request.user, task_id):
        acknowledge_task(task_id=task_id, by=request.user, now=request.now)
    page = load_or_404(request, task_id)
    return render_task(request, page, parts={"undo": undo_after_redirect(request)})


@require_http_methods(["GET", "HEAD", "POST"])
@for_roles(*WORKERS)
def new_task(request: PersonRequest, account_id: UUID) -> HttpResponse:
    """A form for a task of one's own on an account."""
    account = get_object_or_404(Account.objects.visible_to(request.user), pk=account_id)
    form = TaskForm(request.POST or None, now=request.now, zone=zone_now(), initial={"assignee": request.user})
    if request.method != "POST" or not form.is_valid():
        status = 422 if request.method == "POST" else 200
        return render(request, "playbooks/new_task.html", {"form": form, "account": account}, status=status)
    data = form.cleaned_data
    create_task(
        account=account,
        title=data["title"],
        text=data["text"],
        by=request.user,
        assignee=data["assignee"],
        due_at=data["due_on"],
        now=request.now,
    )
    messages.success(request, _("The task is in %(name)s's queue.") % {"name": data["assignee"]})
    return redirect("account", account_id=account.pk)
