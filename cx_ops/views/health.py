"""The health of the installation, as a page for operations; /readyz says the same to machines."""

from __future__ import annotations

from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from core.export import Column, csv_file, wants_csv
from core.guards import OPS, PersonRequest, for_roles
from core.version import CODE_VERSION
from cx_ops.vitals import Backlog, backlogs, parts

COLUMNS: tuple[Column[Backlog], ...] = (
    Column(gettext_lazy("Stage"), lambda stage: stage.stage),
    Column(gettext_lazy("Rows"), lambda stage: stage.rows),
    Column(gettext_lazy("Oldest waits since"), lambda stage: stage.since),
    Column(gettext_lazy("Dead letters"), lambda stage: stage.dead),
    Column(gettext_lazy("Last error"), lambda stage: stage.error),
)


@require_safe
@never_cache
@for_roles(*OPS)
def show_health(request: PersonRequest) -> HttpResponseBase:
    """Web, worker, beat, broker, database; what waits for each stage and since when."""
    if wants_csv(request):
        return csv_file("stages", COLUMNS, backlogs(request.now))
    found = parts(request.now)
    context = {
        "parts": found,
        "broken": sum(not part.ok for part in found),
        "stages": (stages := backlogs(request.now)),
        "stuck": sum(stage.is_stuck for stage in stages),
        "version": CODE_VERSION,
        "now": request.now,
    }
    return render(request, "cx_ops/health.html", context)
