"""The readiness of the data, and the accounts that lack what it measures."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from accounts.queries.readiness import Lacking, lacking
from accounts.rules.readiness import Measure
from core.enums import Role
from core.export import Column, csv_file, wants_csv
from core.guards import LEADS, PersonRequest, for_roles
from core.models import User
from cx_ops.lacking import ADVICE, TITLES, load_lacking
from cx_ops.readiness import accounts_measured, load_readiness
from intake.queries.sources import find_source

SHOWN = 100
COLUMNS: tuple[Column[Lacking], ...] = (
    Column(_("Account"), lambda line: line.name),
    Column(_("Known to"), lambda line: ", ".join(line.sources)),
    Column(_("Weeks heard of in the last four"), lambda line: line.weeks),
    Column(_("Records that name nobody"), lambda line: line.unnamed),
)


@require_safe
@for_roles(*LEADS)
def show_readiness(request: PersonRequest) -> HttpResponse:
    """Four shares of all the data, what each source has of them, and what raises them most."""
    context = {"page": load_readiness(request.now), "now": request.now, "may_judge": _may_judge(request.user)}
    return render(request, "cx_ops/readiness.html", context)


@require_safe
@for_roles(*LEADS)
def show_lacking(request: PersonRequest) -> HttpResponseBase:
    """The accounts that `?lack=` is missing of; with `?source=` of those that this source knows."""
    try:
        measure = Measure(request.GET.get("lack", Measure.TEMPORAL))
    except ValueError:
        raise Http404 from None
    slug = request.GET.get("source", "")
    source = find_source(slug) if slug else None
    if slug and source is None:
        raise Http404
    seen = accounts_measured(request.now).visible_to(request.user)
    if wants_csv(request):
        found = lacking(seen, measure, request.now, source=source.pk if source else None)
        return csv_file("readiness-accounts", COLUMNS, found)
    page = load_lacking(seen, measure, request.now, source=source, most=SHOWN)
    context = {
        "title": TITLES[measure], "advice": ADVICE[measure], "measure": measure, "source": source, "page": page,
        "shown": SHOWN, "query": f"?{request.GET.urlencode()}" if request.GET else "",
        "may_judge": _may_judge(request.user),
    }  # fmt: skip
    return render(request, "cx_ops/readiness_accounts.html", context)


def _may_judge(user: User) -> bool:
    """Whether they may say of two accounts that they are one."""
    return user.role in (Role.MANAGER, Role.OPS) or user.is_superuser
