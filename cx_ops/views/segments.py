"""Segments: the list, one made of the portfolio's filters, and what is changed about one."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import Segment
from accounts.queries import reporting_currency
from accounts.services import (
    SegmentRefused,
    may_change_segment,
    reactivate_segment,
    rename_segment,
    save_segment,
)
from core.export import Column, csv_file, wants_csv
from core.guards import PEOPLE, PersonRequest, for_roles
from cx_ops.forms import PortfolioForm, SegmentForm
from cx_ops.portfolio import asked_accounts, owner_choices, read_facets
from cx_ops.segments import SegmentLine, describe, list_segments, put_segment_away, refresh_segment
from insights.models import InsightType
from intake.queries.privacy import kept_fields

COLUMNS: list[Column[SegmentLine]] = [
    Column(gettext_lazy("Segment"), lambda line: line.segment.name),
    Column(gettext_lazy("Slug"), lambda line: line.segment.slug),
    Column(gettext_lazy("Which accounts"), lambda line: "; ".join(line.words)),
    Column(gettext_lazy("Accounts"), lambda line: line.accounts),
    Column(gettext_lazy("Revenue a year"), lambda line: line.revenue, "accounts.arr"),
    Column(gettext_lazy("Made by"), lambda line: line.segment.made_by),
    Column(gettext_lazy("In use"), lambda line: line.segment.is_active),
]


@require_safe
@for_roles(*PEOPLE)
def show_segments(request: PersonRequest) -> HttpResponseBase:
    """Every segment with its filters in words, and how many of one's accounts are in it."""
    lines = list_segments(request.user, request.now)
    if wants_csv(request):
        return csv_file("segments", COLUMNS, lines, kept_fields())
    context = {
        "lines": [(line, may_change_segment(request.user, line.segment)) for line in lines],
        "currency": reporting_currency(),
    }
    return render(request, "portfolio/segments.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@for_roles(*PEOPLE)
def new_segment(request: PersonRequest) -> HttpResponse:
    """Keep the filters that the address names, those of the portfolio, under a name."""
    owners = owner_choices(request.user)
    filters = PortfolioForm(request.GET, user=request.user, owners=owners, facets=read_facets(request.user))
    asked = filters.asked()
    wanted = asked.wanted
    form = SegmentForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                name = form.cleaned_data["name"]
                segment = save_segment(name=name, wanted=wanted, by=request.user, now=request.now)
                refresh_segment(segment, request.now)
        except SegmentRefused as refusal:
            form.add_error(refusal.field or None, str(refusal))
        else:
            messages.success(request, _("Saved. It keeps itself up to date."))
            return redirect(f"{reverse('portfolio')}?who=&saved={segment.pk}")
    names = {**dict(owners), str(request.user.pk): str(request.user)}
    words = describe(wanted, names, dict(InsightType.objects.values_list("slug", "name")), reporting_currency())
    context = {
        "form": form,
        "words": words,
        "accounts": asked_accounts(request.user, asked, request.now).count(),
        "filter_url": f"{reverse('portfolio')}?{request.GET.urlencode()}",
    }
    return render(request, "portfolio/new_segment.html", context, status=422 if form.errors else 200)


@require_POST
@for_roles(*PEOPLE)
def change_segment(request: PersonRequest, segment_id: UUID) -> HttpResponse:
    """Rename a segment, put it away or bring it back, as `do` says."""
    segment = get_object_or_404(Segment.objects.visible_to(request.user), pk=segment_id)
    version = request.POST.get("version", "")
    seen = int(version) if version.isdecimal() and len(version) < 9 else 0
    try:
        said = _change(request, segment, seen)
    except SegmentRefused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, said)
    return redirect("segments")


def _change(request: PersonRequest, segment: Segment, seen: int) -> str:
    do = request.POST.get("do", "")
    if do == "deactivate":
        put_segment_away(segment=segment, version=seen, by=request.user, now=request.now)
        return _("“%s” is put away. Nothing that was saved about it is lost.") % segment.name
    if do == "reactivate":
        with transaction.atomic():
            back = reactivate_segment(segment_id=segment.pk, version=seen, by=request.user, now=request.now)
            refresh_segment(back, request.now)
        return _("“%s” is in use again.") % segment.name
    form = SegmentForm(request.POST)
    if not form.is_valid():
        raise SegmentRefused(_("Give the segment a name of at most 80 letters."), "name")
    name = str(form.cleaned_data["name"])
    rename_segment(segment_id=segment.pk, version=seen, name=name, by=request.user, now=request.now)
    return _("It is called “%s” now.") % name
