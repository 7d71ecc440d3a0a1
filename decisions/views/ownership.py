"""The ownership matrix: who acts on which insight, whom that reaches, and a draft of something better."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.models import Account
from accounts.queries.search import search_accounts
from core.enums import Role
from core.export import Column, csv_file, wants_csv
from core.guards import LEADS, PersonRequest, for_roles
from decisions.forms import AskForm, CellForm, PublishForm, RemoveForm
from decisions.models import OwnershipPolicy
from decisions.queries.ask import ask
from decisions.queries.matrix import PART_NAMES, Book, GridCell
from decisions.queries.ownership import OwnershipPage, read_page
from decisions.queries.policies import authority_in_force
from decisions.queries.versions import told_of
from decisions.rules.decide import Policy
from decisions.services import (
    PolicyChanged,
    PolicyRefused,
    discard_draft,
    publish_policy,
    remove_cell,
    set_cell,
    take_back_policy,
)
from insights.models import InsightType

EDITORS = (Role.MANAGER,)
MATCHES_SHOWN = 8


@require_safe
@for_roles(*LEADS)
def show_ownership(request: PersonRequest) -> HttpResponseBase:
    """The grid, the cell that was chosen, the draft against what is in force, and "who would get this?"."""
    if wants_csv(request):
        page = read_page(request.GET, request.now)
        return csv_file("ownership-matrix", _columns(page.book), page.grid.cells)
    return _render(request)


def _columns(book: Book) -> tuple[Column[GridCell], ...]:
    """Every cell of the grid, whose it is and whom it reaches."""
    return (
        Column(_("Insight type"), lambda cell: book.types[cell.type]),
        *(Column(label, lambda cell, part=part: getattr(cell.place, part)) for part, label in PART_NAMES.items()),  # type: ignore[misc]
        Column(_("Role"), lambda cell: cell.role),
        Column(_("Named here"), lambda cell: _("Yes") if cell.is_own else _("No")),
        Column(_("Accounts"), lambda cell: cell.reach.accounts),
        Column(_("Reach nobody"), lambda cell: cell.reach.nobody),
        Column(_("Revenue a year"), lambda cell: cell.reach.revenue),
        Column(_("Who takes them"), lambda cell: cell.summary),
    )


@require_POST
@for_roles(*EDITORS)
def change_cell(request: PersonRequest) -> HttpResponse:
    """Give a cell a role in the draft, or add the cell; without a draft one is begun."""
    page = read_page(request.POST, request.now)
    form = CellForm(request.POST, types=page.book.types, values=page.choices)
    if not form.is_valid():
        return _render(request, status=422, cell_form=form)
    role, key = form.cleaned_data["role"], form.key
    return _write(
        request,
        lambda: set_cell(seen=form.seen, key=key, role=role, by=request.user, now=request.now),
        _("Changed in the draft. Nothing is in force until it is published."),
        cell=".".join(key),
    )


@require_POST
@for_roles(*EDITORS)
def remove_a_cell(request: PersonRequest) -> HttpResponse:
    """Take a cell out of the draft."""
    form = RemoveForm(request.POST)
    if not form.is_valid():
        return _render(request, status=422, problem=_("Choose the cell again: this page was not complete."))
    return _write(
        request,
        lambda: remove_cell(seen=form.seen, key=form.key, by=request.user, now=request.now),
        _("Taken out of the draft. Nothing is in force until it is published."),
        cell=".".join(form.key),
    )


@require_POST
@for_roles(*EDITORS)
def publish_ownership(request: PersonRequest, version: int) -> HttpResponse:
    """Put the draft in force, as it was seen."""
    form = PublishForm(request.POST)
    if not form.is_valid():
        return _render(request, status=422, publish_form=form)
    data, begins = form.cleaned_data, form.begins(request.now)
    draft = OwnershipPolicy(version=version)
    return _write(
        request,
        lambda: publish_policy(
            draft, by=request.user, now=request.now, begins=begins, edits=data["edits"], why=data["why"]
        ),
        told_of(version, begins, request.now),
        publish_form=form,
    )


@require_POST
@for_roles(*EDITORS)
def discard_ownership(request: PersonRequest, version: int) -> HttpResponse:
    """Throw the draft away, as it was seen."""
    edits = request.POST.get("edits", "")
    seen = int(edits) if edits.isdecimal() else -1
    draft = OwnershipPolicy(version=version)
    return _write(
        request,
        lambda: discard_draft(draft, edits=seen, by=request.user, now=request.now),
        _("The draft was discarded. What is in force did not change."),
    )


@require_POST
@for_roles(*EDITORS)
def take_back_ownership(request: PersonRequest, version: int) -> HttpResponse:
    """Make a draft again of what was published for a later day."""
    return _write(
        request,
        lambda: take_back_policy(OwnershipPolicy(version=version), by=request.user, now=request.now),
        _("Version %(version)d is a draft again. What is in force stays in force.") % {"version": version},
    )


def _write(
    request: PersonRequest, use_case: Callable[[], object], done: str, *, cell: str = "", **forms: Any
) -> HttpResponse:
    """Run a use case and go back to the page; 409 when somebody else was quicker, 422 when it is refused."""
    try:
        use_case()
    except PolicyChanged as changed:
        return _render(request, status=409, problem=str(changed), **forms)
    except PolicyRefused as refused:
        return _render(request, status=422, problem=str(refused), **forms)
    messages.success(request, done)
    query = f"?{urlencode({'cell': cell})}" if cell else ""
    return redirect(reverse("ownership") + query)


def _render(
    request: PersonRequest,
    *,
    status: int = 200,
    problem: str = "",
    cell_form: CellForm | None = None,
    publish_form: PublishForm | None = None,
) -> HttpResponse:
    page = read_page(request.GET or request.POST, request.now)
    draft = page.versions.draft
    context = {
        "page": page,
        "problem": problem,
        "may_edit": request.user.role in EDITORS or request.user.is_superuser,
        "cell_form": cell_form or CellForm(types=page.book.types, values=page.choices, initial=page.seen),
        "publish_form": publish_form or PublishForm(initial={"edits": draft.edits, "why": draft.why} if draft else {}),
        "examples": _examples(request, page),
        **_asked(request, page),
    }
    return render(request, "decisions/ownership.html", context, status=status)


def _examples(request: PersonRequest, page: OwnershipPage) -> list[Account]:
    """Some accounts of the chosen cell that nobody would take, of those that the reader may see."""
    stranded = page.chosen.reach.stranded if page.chosen else []
    if not stranded:
        return []
    ids = [one.example for one in stranded[:MATCHES_SHOWN]]
    return list(Account.objects.visible_to(request.user).filter(pk__in=ids).order_by("name"))


def _asked(request: PersonRequest, page: OwnershipPage) -> Mapping[str, Any]:
    """The form "who would get this?", and the answers where it was asked."""
    is_asked = "type" in request.GET
    form = AskForm(request.GET if is_asked else None, types=page.book.types, initial={"confidence": "0.93"})
    if not is_asked or not form.is_valid():
        return {"ask_form": form}
    accounts = Account.objects.visible_to(request.user).filter(archived_at=None)
    if form.cleaned_data["account"]:
        matches = [get_object_or_404(accounts, pk=form.cleaned_data["account"])]
    else:
        matches = list(search_accounts(accounts, form.cleaned_data["q"]).order_by("name")[: MATCHES_SHOWN + 1])
    if len(matches) != 1:
        return {"ask_form": form, "matches": matches[:MATCHES_SHOWN], "is_asked": True, "query": request.GET}
    type = get_object_or_404(InsightType, pk=form.cleaned_data["type"])
    return {
        "ask_form": form,
        "account": matches[0],
        "is_asked": True,
        "answers": _answers(request, page, page.book, matches[0], type, form),
    }


def _answers(
    request: PersonRequest, page: OwnershipPage, book: Book, account: Account, type: InsightType, form: AskForm
) -> list[tuple[str, object]]:
    authority = authority_in_force(request.now)
    matrices = [(_("In force"), page.live), *([(_("Draft"), page.draft)] if page.draft else [])]
    policies = [Policy(authority, ownership) for _label, ownership in matrices]
    answers = ask(account.pk, type, form.cleaned_data["confidence"], policies, book, request.now)
    return [(label, answer) for (label, _ownership), answer in zip(matrices, answers, strict=True)]
