"""The weekly review, as a page to go through and to print."""

from __future__ import annotations

from datetime import timedelta

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from core.enums import Role
from core.guards import LEADS, PersonRequest, for_roles
from core.models import Organisation
from core.services import record_act
from cx_ops.weekly.sections import load_sections
from cx_ops.weekly.week import REVIEWED, Week, reviews_of, week_named, week_of

LONGEST_NOTE = 500
A_WEEK = timedelta(days=7)


@require_http_methods(["GET", "HEAD", "POST"])
@for_roles(*LEADS)
def show_weekly(request: PersonRequest) -> HttpResponse:
    """`?week=2026-W48`, else this week; `all`: the section of which all lines are shown.

    POST: it was gone through, says who is signed in; leaders only read.
    """
    week = week_named(request.GET.get("week", ""), timezone.localdate(request.now))
    if week is None:
        raise Http404
    may_review = request.user.role in (Role.MANAGER, Role.OPS) or request.user.is_superuser
    if request.method == "POST" and may_review:
        return _review(request, week)
    this_week = week_of(timezone.localdate(request.now))
    sections = load_sections(week, request.user, request.now, request.GET.get("all", ""))
    context = {
        "week": week,
        "is_now": week == this_week,
        "previous_key": week_of(week.monday - A_WEEK).key,
        "next_key": "" if week == this_week else week_of(week.monday + A_WEEK).key,
        "sections": [section for section in sections if section.count],
        "well": [section for section in sections if not section.count],
        "reviews": reviews_of(week),
        "may_review": may_review,
    }
    return render(request, "cx_ops/weekly.html", context, status=403 if request.method == "POST" else 200)


def _review(request: PersonRequest, week: Week) -> HttpResponse:
    """Write down who went through it, in the audit trail."""
    note = request.POST.get("note", "").strip()[:LONGEST_NOTE]
    organisation = Organisation.objects.first()
    if organisation is None:
        raise Http404
    with transaction.atomic():
        record_act(REVIEWED, organisation, by=request.user, now=request.now, why=note, data={"week": week.key})
    messages.success(request, _("Written down: you have gone through week %(week)s.") % {"week": week.key})
    return redirect(f"{reverse('weekly')}?week={week.key}")
