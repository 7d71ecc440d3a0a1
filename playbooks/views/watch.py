"""Accounts that are watched because of a monitored insight."""

from __future__ import annotations

from typing import Any

from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from accounts.enums import AccountRole
from accounts.models import Account, AccountPerson
from core.export import Column, csv_file, wants_csv
from core.guards import WORKERS, PersonRequest, for_roles
from decisions.models import Item
from decisions.queries.losses import losses
from playbooks.models import Watch
from playbooks.queries.strangers import say_whose

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
    """One's own watch list, the surest first: nothing is to be done. What is worked on is left out, and who is lost."""
    at_work = Item.objects.visible_to(request.user).filter(
        account=OuterRef("account"), type=OuterRef("type"), closed_at=None
    )
    people = AccountPerson.objects.filter(account=OuterRef("account"))
    csms = people.filter(role=AccountRole.CSM).values("user")
    watches: QuerySet[Any] = (
        Watch.objects.filter(user=request.user, until__gt=request.now)
        .filter(account__in=Account.objects.visible_to(request.user))
        .exclude(Exists(at_work))
        .exclude(Exists(losses(OuterRef("account"))))
        .annotate(is_own=Exists(people.filter(user=request.user)), csm=Subquery(csms[:1]))
        .select_related("account", "type")
        .order_by("-confidence", "-last_at")
    )
    if wants_csv(request):
        return csv_file("watch-list", COLUMNS, watches)
    shown = list(watches[:SHOWN])
    say_whose(shown)
    return render(request, "playbooks/watch_list.html", {"watches": shown})
