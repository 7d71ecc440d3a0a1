"""Pulls of a source: made, changed, run at once, and what became of each time."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from core.guards import LEADS, PersonRequest, for_roles
from intake.forms.pulls import PullForm
from intake.models import Pull, PullRun, Source
from intake.services.pulls import PullRefused, change_pull, create_pull, run_now
from intake.views.sources import SETTLERS, may_settle

SHOWN = 30


@sensitive_post_parameters("header_value")
@require_http_methods(["GET", "HEAD", "POST"])
@for_roles(*SETTLERS)
def new_pull(request: PersonRequest, slug: str) -> HttpResponse:
    """One more address that is read on a schedule."""
    source = get_object_or_404(Source.objects.systems(), slug=slug)
    form = PullForm(request.POST or None, zone=request.user.timezone)
    if request.method == "POST" and form.is_valid():
        try:
            kind, terms = form.cleaned_data["kind"], form.terms()
            made = create_pull(source=source, kind=kind, terms=terms, by=request.user, now=request.now)
        except PullRefused as refused:
            form.add_error(refused.field or None, str(refused))
        else:
            messages.success(request, _("It is read in a moment for the first time."))
            return redirect("pull", pull_id=made.pk)
    status = 422 if request.method == "POST" else 200
    return render(request, "intake/pull_form.html", {"form": form, "source": source}, status=status)


@sensitive_post_parameters("header_value")
@require_http_methods(["GET", "HEAD", "POST"])
@for_roles(*LEADS)
def show_pull(request: PersonRequest, pull_id: UUID) -> HttpResponse:
    """One pull with its log, and a form to change it."""
    pull = _found(request, pull_id)
    form = PullForm(request.POST or None, pull=pull)
    may_change = may_settle(request.user)
    if request.method == "POST" and may_change and form.is_valid():
        try:
            is_on = form.cleaned_data["is_on"]
            change_pull(pull=pull, terms=form.terms(), is_on=is_on, by=request.user, now=request.now)
        except PullRefused as refused:
            form.add_error(refused.field or None, str(refused))
        else:
            messages.success(request, _("Saved."))
            return redirect("pull", pull_id=pull.pk)
    context = {
        "pull": pull,
        "form": form,
        "may_change": may_change,
        "runs": PullRun.objects.filter(pull=pull)[:SHOWN],
    }
    refused_status = 422 if may_change else 403
    return render(request, "intake/pull.html", context, status=refused_status if request.method == "POST" else 200)


@require_POST
@for_roles(*SETTLERS)
def run_pull(request: PersonRequest, pull_id: UUID) -> HttpResponse:
    """Read it at once."""
    pull = _found(request, pull_id)
    try:
        run_now(pull=pull, by=request.user, now=request.now)
    except PullRefused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("It is being read: what becomes of it stands in the log in a moment."))
    return redirect("pull", pull_id=pull.pk)


def _found(request: PersonRequest, pull_id: UUID) -> Pull:
    return get_object_or_404(Pull.objects.visible_to(request.user).select_related("source"), pk=pull_id)
