"""Hold-outs for leaders: what is held out and by whose word, begun after a preview, stopped with words (UX.md, 14)."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.http import HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.queries import reporting_currency
from core.enums import Role
from core.export import Column, csv_file, wants_csv
from core.guards import PersonRequest, for_roles
from decisions.enums import Response
from decisions.forms import HoldOutForm
from decisions.models import Allocation, HoldOut
from decisions.queries.proof import (
    DAYS,
    RegisterLine,
    hold_outs_of,
    line_of,
    preview,
    register,
    tiers_to_spare,
    types_to_hold_out,
)
from decisions.rules.allotting import Terms
from decisions.services import HoldOutRefused, begin_hold_out, stop_hold_out

SIGNERS = (Role.LEADER,)
SHOWN = 50
COLUMNS = (
    Column[RegisterLine](gettext_lazy("Account"), lambda line: line.row.account.name),
    Column[RegisterLine](gettext_lazy("Insight type"), lambda line: line.row.hold_out.type.name),
    Column[RegisterLine](gettext_lazy("What is held back"), lambda line: line.claim),
    Column[RegisterLine](gettext_lazy("Held out since"), lambda line: line.row.allotted_at),
    Column[RegisterLine](gettext_lazy("Until"), lambda line: line.until),
    Column[RegisterLine](gettext_lazy("Released because"), lambda line: line.because),
    Column[RegisterLine](gettext_lazy("Released by"), lambda line: line.row.released_by or ""),
    Column[RegisterLine](gettext_lazy("Chance of being held out"), lambda line: line.row.chance),
    Column[RegisterLine](gettext_lazy("Drawn among"), lambda line: line.row.stratum),
)


@require_safe
@for_roles(*SIGNERS)
def show_proof(request: PersonRequest) -> HttpResponseBase:
    """The hold-outs that run and that have run, and the register of who is held out."""
    if wants_csv(request):
        rows = register(request.user, hold_out=_chosen(request.GET))
        return csv_file("held-out", COLUMNS, map(line_of, rows.iterator(chunk_size=2000)))
    return _render(request)


@require_http_methods(["GET", "HEAD", "POST"])
@for_roles(*SIGNERS)
def new_hold_out(request: PersonRequest) -> HttpResponse:
    """Say what is to be held out, look at what that would have done, and sign for it."""
    types = types_to_hold_out()
    form = HoldOutForm(request.POST or None, types=types, tiers=tiers_to_spare())
    if request.method != "POST" or not form.is_valid():
        return _render_form(request, form, status=422 if request.method == "POST" else 200)
    if "sign" not in request.POST:
        return _render_form(request, form, status=200)
    if form.cleaned_data["seen"] != form.terms:
        form.add_error(None, _("These are other terms than you looked at. Look at what they would do, then sign."))
    elif not form.cleaned_data["signed"]:
        form.add_error("signed", _("Tick this: nobody begins a hold-out by the way."))
    else:
        human, automated = form.shares
        data = form.cleaned_data
        try:
            begin_hold_out(
                by=request.user, type=data["type"], human_share=human, automated_share=automated, ends_at=form.ends_at,
                why=data["why"], spared=data["spared"], now=request.now,
            )  # fmt: skip
        except HoldOutRefused as refused:
            form.add_error(refused.field or None, str(refused))
        else:
            messages.success(request, _("The hold-out has begun. Accounts are drawn as claims about them come in."))
            return redirect("proof")
    return _render_form(request, form, status=422)


@require_POST
@for_roles(*SIGNERS)
def stop_a_hold_out(request: PersonRequest, hold_out_id: UUID) -> HttpResponse:
    """End it before its day; everybody is released."""
    hold_out = get_object_or_404(HoldOut.objects.visible_to(request.user), pk=hold_out_id)
    try:
        stop_hold_out(by=request.user, hold_out_id=hold_out.pk, why=request.POST.get("why", ""), now=request.now)
    except HoldOutRefused as refused:
        return _render(request, status=422 if refused.field else 409, problem=str(refused), of=hold_out.pk)
    messages.success(request, _("The hold-out is stopped, and everybody is released."))
    return redirect("proof")


def _render(request: PersonRequest, *, status: int = 200, **more: Any) -> HttpResponse:
    chosen = _chosen(request.GET)
    page = Paginator(register(request.user, hold_out=chosen), SHOWN).get_page(request.GET.get("page"))
    known = hold_outs_of(request.user)
    context = {
        "running": [view for view in known if view.hold_out.ended_at is None],
        "past": [view for view in known if view.hold_out.ended_at is not None],
        "chosen": next((view for view in known if view.hold_out.pk == chosen), None),
        "lines": [line_of(row) for row in page],
        "query": f"?hold_out={chosen}" if chosen else "",
        "previous_url": _page_url(chosen, page.previous_page_number()) if page.has_previous() else "",
        "next_url": _page_url(chosen, page.next_page_number()) if page.has_next() else "",
        "count_text": _("%(first)s to %(last)s of %(all)s") % _span(page),
        "may_begin": request.user.role in SIGNERS,
        **more,
    }
    return render(request, "decisions/proof.html", context, status=status)


def _render_form(request: PersonRequest, form: HoldOutForm, *, status: int) -> HttpResponse:
    """The form; of terms that can be read, what they would have done."""
    context: dict[str, Any] = {"form": form, "days": DAYS, "types": types_to_hold_out()}
    if form.is_bound and not {"type", "human", "automated", "last_day", "spared"} & set(form.errors):
        human, automated = form.shares
        shares = {Response.HUMAN: human, Response.AUTOMATED: automated}
        terms = Terms("", form.cleaned_data["type"], "", shares, tuple(form.cleaned_data["spared"]))
        context |= {"shown": preview(terms, request.now), "terms": form.terms, "currency": reporting_currency()}
    return render(request, "decisions/hold_out.html", context, status=status)


def _page_url(chosen: UUID | None, number: int) -> str:
    return "?" + urlencode(({"hold_out": chosen} if chosen else {}) | {"page": number}) + "#register"


def _span(page: Page[Allocation]) -> dict[str, str]:
    numbers = {"first": page.start_index(), "last": page.end_index(), "all": page.paginator.count}
    return {name: number_format(number, 0, force_grouping=True) for name, number in numbers.items()}


def _chosen(query: QueryDict) -> UUID | None:
    """The hold-out that the address names; one that is no id is none."""
    try:
        return UUID(query.get("hold_out", ""))
    except ValueError:
        return None
