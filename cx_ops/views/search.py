"""Search by a few letters: a page of its own, and the part of it that the palette shows."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from core.guards import PEOPLE, PersonRequest, for_roles
from cx_ops.palette import find_hits


@require_safe
@for_roles(*PEOPLE)
def search(request: PersonRequest) -> HttpResponse:
    """Accounts, tasks, queues and screens for `?q=`."""
    words = request.GET.get("q", "").strip()
    context = {"words": words, "groups": find_hits(request, request.user, words)}
    return render(request, "search/search.html#hits" if request.htmx else "search/search.html", context)
