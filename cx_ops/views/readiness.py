"""The readiness audit, as a page."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from core.guards import LEADS, PersonRequest, for_roles
from cx_ops.readiness import load_readiness


@require_safe
@for_roles(*LEADS)
def show_readiness(request: PersonRequest) -> HttpResponse:
    """Four measures with their arithmetic, of all together and per source, and the three fixes that raise them most."""
    return render(request, "cx_ops/readiness.html", {"page": load_readiness(request.now), "now": request.now})
