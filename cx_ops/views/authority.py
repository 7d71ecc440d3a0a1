"""The authority bands: how far the system may go alone, what that would have meant, and the kill switches."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from core.enums import Role
from core.export import Column, csv_file, wants_csv
from core.guards import LEADS, PersonRequest, for_roles
from decisions.enums import Response
from decisions.forms import BandsForm, CalmForm, PublishForm, SetForm, SwitchForm, TryForm
from decisions.models import AuthorityPolicy
from decisions.queries.ask import try_number
from decisions.queries.authority import AuthorityPage, BandLine, BandSet, Book, bound_in_words, read_book, read_page
from decisions.queries.policies import with_upper_bounds
from decisions.queries.switches import read_switches
from decisions.queries.versions import told_of
from decisions.services import (
    PolicyChanged,
    PolicyRefused,
    discard_draft,
    publish_policy,
    remove_bands,
    set_bands,
    set_calm,
    take_back_policy,
    throw_switch,
)
from playbooks.queries.names import playbook_names

EDITORS = (Role.MANAGER,)
SWITCHERS = (Role.MANAGER, Role.LEADER)
COLUMNS: tuple[Column[tuple[BandSet, BandLine]], ...] = (
    Column(gettext_lazy("Insight type and tier"), lambda row: row[0].label),
    Column(gettext_lazy("From"), lambda row: row[1].band.lower),
    Column(gettext_lazy("To, below"), lambda row: row[1].band.upper),
    Column(gettext_lazy("Response"), lambda row: row[1].label),
    Column(gettext_lazy("Playbook"), lambda row: row[1].playbook),
    Column(gettext_lazy("Insights in 90 days"), lambda row: row[1].taken.insights),
    Column(gettext_lazy("Proved right"), lambda row: row[1].taken.right),
    Column(gettext_lazy("Proved wrong"), lambda row: row[1].taken.wrong),
)


class Forms(NamedTuple):
    """The forms of the page, where one was sent and refused; the others are made anew."""

    bands: BandsForm | None = None
    calm: CalmForm | None = None
    publish: PublishForm | None = None
    switch: SwitchForm | None = None


@require_safe
@for_roles(*LEADS)
def show_authority(request: PersonRequest) -> HttpResponseBase:
    """Rulers per type and tier with what each band would take; a what-if, a draft, a number to try, the switches."""
    if wants_csv(request):
        page = read_page(
            read_book(playbook_names()), request.now, show=request.GET.get("show", ""), chosen="", tried=()
        )
        return csv_file("authority", COLUMNS, ((each, line) for each in page.sets for line in each.lines))
    return _render(request)


@require_POST
@for_roles(*EDITORS)
def change_bands(request: PersonRequest) -> HttpResponse:
    """Set the bands of one type and tier in the draft; without a draft one is begun."""
    book = read_book(playbook_names())
    form = BandsForm(request.POST, types=book.types, tiers=book.tiers, playbooks=book.playbooks)
    if not form.is_valid():
        return _render(request, status=422, forms=Forms(bands=form))
    data = form.cleaned_data
    return _write(
        request,
        lambda: set_bands(
            seen=form.seen, type=data["type"], tier=data["tier"], bands=form.bands, by=request.user, now=request.now
        ),
        _("Changed in the draft. Nothing is in force until it is published."),
        chosen=f"{data['type']}.{data['tier']}",
        forms=Forms(bands=form),
    )


@require_POST
@for_roles(*EDITORS)
def remove_a_set(request: PersonRequest) -> HttpResponse:
    """Take the bands of one type and tier out of the draft."""
    form = SetForm(request.POST)
    if not form.is_valid():
        return _render(request, status=422, problem=_("Choose the bands again: this page was not complete."))
    data = form.cleaned_data
    return _write(
        request,
        lambda: remove_bands(seen=form.seen, type=data["type"], tier=data["tier"], by=request.user, now=request.now),
        _("Taken out of the draft. Nothing is in force until it is published."),
    )


@require_POST
@for_roles(*EDITORS)
def change_calm(request: PersonRequest) -> HttpResponse:
    """Set in the draft what it takes to leave a band."""
    form = CalmForm(request.POST)
    if not form.is_valid():
        return _render(request, status=422, forms=Forms(calm=form))
    calm = {name: form.cleaned_data[name] for name in ("margin", "dwell_hours", "lower_scores")}
    return _write(
        request,
        lambda: set_calm(seen=form.seen, by=request.user, now=request.now, **calm),
        _("Changed in the draft. Nothing is in force until it is published."),
    )


@require_POST
@for_roles(*EDITORS)
def publish_authority(request: PersonRequest, version: int) -> HttpResponse:
    """Put the draft in force, as it was seen."""
    form = PublishForm(request.POST)
    if not form.is_valid():
        return _render(request, status=422, forms=Forms(publish=form))
    data, begins = form.cleaned_data, form.begins(request.now)
    draft = AuthorityPolicy(version=version)
    return _write(
        request,
        lambda: publish_policy(
            draft, by=request.user, now=request.now, begins=begins, edits=data["edits"], why=data["why"]
        ),
        told_of(version, begins, request.now),
        forms=Forms(publish=form),
    )


@require_POST
@for_roles(*EDITORS)
def discard_authority(request: PersonRequest, version: int) -> HttpResponse:
    """Throw the draft away, as it was seen."""
    edits = request.POST.get("edits", "")
    seen = int(edits) if edits.isdecimal() else -1
    draft = AuthorityPolicy(version=version)
    return _write(
        request,
        lambda: discard_draft(draft, edits=seen, by=request.user, now=request.now),
        _("The draft was discarded. What is in force did not change."),
    )


@require_POST
@for_roles(*EDITORS)
def take_back_authority(request: PersonRequest, version: int) -> HttpResponse:
    """Make a draft again of what was published for a later day."""
    return _write(
        request,
        lambda: take_back_policy(AuthorityPolicy(version=version), by=request.user, now=request.now),
        _("Version %(version)d is a draft again. What is in force stays in force.") % {"version": version},
    )


@require_POST
@for_roles(*SWITCHERS)
def switch_automation(request: PersonRequest) -> HttpResponse:
    """Switch automation off, or on again; in force when the page comes back."""
    form = SwitchForm(request.POST, choices=read_switches(playbook_names()).choices)
    if not form.is_valid():
        return _render(request, status=422, forms=Forms(switch=form))
    off, why = form.cleaned_data["off"], form.cleaned_data["why"]
    done = (
        _("Switched off. Nothing automated happens there from now on.")
        if off
        else _("Switched on again. What was stopped meanwhile stays stopped; new insights are decided anew.")
    )
    return _write(
        request,
        lambda: throw_switch(scope=form.scope, value=form.value, off=off, by=request.user, why=why, now=request.now),
        done,
    )


def _write(
    request: PersonRequest, use_case: Callable[[], object], done: str, *, chosen: str = "", forms: Forms | None = None
) -> HttpResponse:
    """Run a use case and go back to the page; 409 when somebody else was quicker, 422 when it is refused."""
    try:
        use_case()
    except PolicyChanged as changed:
        return _render(request, status=409, problem=str(changed), forms=forms)
    except PolicyRefused as refused:
        return _render(request, status=422, problem=str(refused), forms=forms)
    messages.success(request, done)
    query = f"?{urlencode({'set': chosen})}" if chosen else ""
    return redirect(reverse("authority") + query)


def _render(
    request: PersonRequest, *, status: int = 200, problem: str = "", forms: Forms | None = None
) -> HttpResponse:
    asked = request.GET or request.POST
    book = read_book(playbook_names())
    given = forms or Forms()
    what_if = (
        BandsForm(request.GET, types=book.types, tiers=book.tiers, playbooks=book.playbooks)
        if "human" in request.GET
        else None
    )
    tried = with_upper_bounds(what_if.bands) if what_if and what_if.is_valid() else ()
    chosen = asked.get("set") or (f"{asked.get('type', '')}.{asked.get('tier', '')}" if "human" in asked else "")
    page = read_page(book, request.now, show=asked.get("show", ""), chosen=chosen, tried=tried)
    draft = page.versions.draft
    bands_form = given.bands or what_if or _bands_form(page)
    context = {
        "page": page,
        "problem": problem,
        "may_edit": request.user.role in EDITORS or request.user.is_superuser,
        "may_switch": request.user.role in SWITCHERS or request.user.is_superuser,
        "may_administer": request.user.is_staff,
        "bands_form": bands_form,
        "edges": _edges(bands_form),
        "calm_form": given.calm or CalmForm(initial=_calm(page)),
        "publish_form": given.publish or PublishForm(initial={"edits": draft.edits, "why": draft.why} if draft else {}),
        "switches": (switches := read_switches(book.playbooks)),
        "switch_form": given.switch or SwitchForm(choices=switches.choices),
        **_tried(request, page, book),
    }
    return render(request, "cx_ops/authority.html", context, status=status)


def _bands_form(page: AuthorityPage) -> BandsForm:
    """The form of the chosen set as it stands."""
    by_response = {line.band.response: line.band for line in page.chosen.lines}
    initial: dict[str, object] = {**page.seen, "type": page.chosen.type, "tier": page.chosen.tier}
    for response in (Response.HUMAN, Response.AUTOMATED, Response.MONITOR):
        band = by_response.get(response)
        initial[response.value] = bound_in_words(band.lower) if band else None
        initial[f"playbook_{response.value}"] = band.playbook if band else ""
    return BandsForm(types=page.book.types, tiers=page.book.tiers, playbooks=page.book.playbooks, initial=initial)


def _edges(form: BandsForm) -> list[Mapping[str, object]]:
    """The edges that can be moved, highest first: its number, and its playbook where it has one."""
    return [
        {"field": form["human"], "label": _("Human action, from"), "playbook": form["playbook_human"]},
        {"field": form["automated"], "label": _("Automated workflow, from"), "playbook": form["playbook_automated"]},
        {"field": form["monitor"], "label": _("Monitoring, from"), "playbook": None},
    ]


def _calm(page: AuthorityPage) -> Mapping[str, object]:
    shown = page.shown
    return {**page.seen, "margin": shown.margin, "dwell_hours": page.hours, "lower_scores": shown.lower_scores}


def _tried(request: PersonRequest, page: AuthorityPage, book: Book) -> Mapping[str, Any]:
    """The form "try a number", and what would happen where one was given."""
    is_tried = "confidence" in request.GET
    initial = {"confidence": "0.85", "type": page.chosen.type}
    form = TryForm(request.GET if is_tried else None, types=book.types, tiers=book.tiers, initial=initial)
    if not is_tried or not form.is_valid():
        return {"try_form": form}
    data = form.cleaned_data
    outcome = try_number(data["type"], data["tier"], data["confidence"], page.shown, request.now)
    return {"try_form": form, "outcome": outcome, "playbook": book.playbooks.get(outcome.band.playbook, "")}
