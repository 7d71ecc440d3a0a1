"""The readiness of the data, and the accounts that lack what it measures."""

from __future__ import annotations

from functools import partial

from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from accounts.queries.readiness import Lacking, lacking
from accounts.rules.readiness import WEEKS, Measure
from core.export import Column, csv_file, wants_csv
from core.guards import LEADS, PersonRequest, for_roles
from cx_ops.readiness import LACKING, accounts_measured, load_readiness
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
    return render(request, "cx_ops/readiness.html", {"page": load_readiness(request.now), "now": request.now})


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
    find = partial(lacking, seen, measure, request.now, source=source.pk if source else None)
    if wants_csv(request):
        return csv_file("readiness-accounts", COLUMNS, find())
    lines = list(find(most=SHOWN))
    context = {
        "title": LACKING[measure], "source": source, "lines": lines, "count": lines[0].total if lines else 0,
        "weeks": WEEKS, "is_of_records": measure == Measure.BEHAVIOURAL, "shown": SHOWN,
        "query": f"?{request.GET.urlencode()}" if request.GET else "",
    }  # fmt: skip
    return render(request, "cx_ops/readiness_accounts.html", context)
