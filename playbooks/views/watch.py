"""Accounts that are watched because of a monitored insight."""

from __future__ import annotations

from django.db.models import Exists, OuterRef
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from accounts.models import Account
from core.export import Column, csv_file, wants_csv
from core.guards import WORKERS, PersonRequest, for_roles
from decisions.models import Item
from playbooks.models import Watch

SHOWN = 200
COLUMNS: tuple[Column[Watch], ...] = (
    Column(gettext_lazy("Account"), lambda watch: watch.account.name),
    Column(gettext_lazy("What was noticed"), lambda watch: watch.type.name),
    Column(gettext_lazy("Confidence"), lambda watch: watch.confidence),
    Column(gettext_lazy("How often"), lambda watch: watch.times),
    Column(gettext_lazy("Last noticed"), lambda watch: watch.last_at),
    Column(gettext_lazy("Watched until"), lambda watch: watch.until),
)


@require_safe
@for_roles(*WORKERS)
def show_watch_list(request: PersonRequest) -> HttpResponseBase:
    """One's own watch list, the surest first; nothing is to be done about it. What is worked on already is left out."""
    at_work = Item.objects.visible_to(request.user).filter(
        account=OuterRef("account"), type=OuterRef("type"), closed_at=None
    )
    watches = (
        Watch.objects.filter(user=request.user, until__gt=request.now)
        .filter(account__in=Account.objects.visible_to(request.user))
        .exclude(Exists(at_work))
        .select_related("account", "type")
        .order_by("-confidence", "-last_at")
    )
    if wants_csv(request):
        return csv_file("watch-list", COLUMNS, watches)
    return render(request, "playbooks/watch_list.html", {"watches": watches[:SHOWN]})
