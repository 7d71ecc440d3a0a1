"""The filters of the queue, and the views that are saved under a name."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from django.contrib import messages
from django.db import IntegrityError, transaction
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from core.guards import DOERS, PersonRequest, for_roles
from insights.models import InsightType
from playbooks.enums import Lane
from playbooks.forms import ViewForm
from playbooks.models import SavedView
from playbooks.queries.filters import STATES, list_query_of
from playbooks.queries.queue import segments_of
from playbooks.views.pages import Listed, read_list


@require_safe
@for_roles(*DOERS)
def show_filter(request: PersonRequest) -> HttpResponse:
    """What the list can be narrowed to, the views that were saved, and a name for this one."""
    return _show(request, ViewForm(initial={"query": list_query_of(request.GET)}), 200)


@require_POST
@for_roles(*DOERS)
def save_view(request: PersonRequest) -> HttpResponse:
    """Keep the list under a name, for oneself or for one's team."""
    form = ViewForm(request.POST)
    if not form.is_valid():
        return _show(request, form, 422)
    data = form.cleaned_data
    query = list_query_of(_parsed(data["query"]))
    team = request.user.team if data["for_team"] else None
    try:
        with transaction.atomic():
            SavedView.objects.create(owner=request.user, team=team, name=data["name"].strip(), query=query)
    except IntegrityError:
        form.add_error("name", _("You have a view of this name already: choose another one."))
        return _show(request, form, 422)
    messages.success(request, _("Saved as “%(name)s”.") % {"name": data["name"]})
    return redirect(f"{reverse('queue')}?{query}")


@require_POST
@for_roles(*DOERS)
def delete_view(request: PersonRequest, view_id: UUID) -> HttpResponse:
    """Only its owner deletes a view; the tasks in it stay."""
    view = get_object_or_404(SavedView.objects.filter(owner=request.user), pk=view_id)
    view.delete()
    messages.success(request, _("Deleted the view “%(name)s”.") % {"name": view.name})
    return redirect("queue")


def _show(request: PersonRequest, form: ViewForm, status: int) -> HttpResponse:
    listed = read_list(request)
    context = {
        "listed": listed, "filters": listed.filters, "form": form, "as_dialog": bool(request.htmx),
        "types": InsightType.objects.filter(is_active=True).order_by("name"), "states": STATES.items(),
        "segments": segments_of(request.user), "views": SavedView.objects.visible_to(request.user),
        "queue_url": listed.url(), "lanes": Lane.choices, "shown": list(_in_words(listed)),
    }  # fmt: skip
    template = "playbooks/filter.html#dialog" if request.htmx else "playbooks/filter.html"
    return render(request, template, context, status=status)


def _in_words(listed: Listed) -> Iterator[str]:
    """Whose list, which lane, narrowed to what."""
    yield _("My queue") if listed.scope.is_own else listed.scope.label
    yield str(Lane(listed.lane).label)
    yield from listed.filters.in_words()


def _parsed(query: str) -> dict[str, str]:
    return {name: str(value) for name, value in QueryDict(query).items()}
