"""Accounts that are watched because of a monitored insight."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.models import Account
from core.guards import WORKERS, PersonRequest, for_roles
from playbooks.models import Watch

SHOWN = 200


@require_safe
@for_roles(*WORKERS)
def show_watch_list(request: PersonRequest) -> HttpResponse:
    """One's own watch list, the surest first; nothing is to be done about it."""
    watches = (
        Watch.objects.filter(user=request.user, until__gt=request.now)
        .filter(account__in=Account.objects.visible_to(request.user))
        .select_related("account", "type")
        .order_by("-confidence", "-last_at")[:SHOWN]
    )
    return render(request, "playbooks/watch_list.html", {"watches": watches})
