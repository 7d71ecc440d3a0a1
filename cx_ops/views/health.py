"""The health of the installation, as a page for operations; /readyz says the same to machines."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from core.guards import OPS, PersonRequest, for_roles
from core.version import CODE_VERSION
from cx_ops.vitals import backlogs, parts


@require_safe
@never_cache
@for_roles(*OPS)
def show_health(request: PersonRequest) -> HttpResponse:
    """Web, worker, beat, broker, database; what waits for each stage and since when."""
    found = parts(request.now)
    context = {
        "parts": found,
        "broken": sum(not part.ok for part in found),
        "stages": backlogs(request.now),
        "version": CODE_VERSION,
        "now": request.now,
    }
    return render(request, "cx_ops/health.html", context)
