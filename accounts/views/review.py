"""Pairs of accounts, or of contacts, that may be one: each decided by one key, or all with equal evidence at once."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST, require_safe

from accounts.enums import Verdict
from accounts.forms import AlikeForm, VerdictForm
from accounts.models import Account, Pair
from accounts.queries.pairs import decided_pairs, evidence_of, next_pair
from accounts.services import MergeRefused
from accounts.services.reviewing import (
    PairDecided,
    judge_pair,
    judge_pattern,
    skip_pair,
    unjudge_pair,
)
from core.enums import Role
from core.export import Column, csv_file, wants_csv
from core.guards import PersonRequest, for_roles
from intake.queries.privacy import hidden_fields

JUDGES = (Role.MANAGER, Role.OPS)


@require_safe
@for_roles(*JUDGES)
def show_review(request: PersonRequest) -> HttpResponseBase:
    """The next pair, or `?pair=`; below it what was said lately. As a file: all that wait."""
    if wants_csv(request):
        waiting = Pair.objects.visible_to(request.user).waiting().with_sides()
        return csv_file("review", _columns(hidden_fields(request.user)), waiting.iterator(2000))
    return _page(request, _pair_id(request.GET.get("pair", "")))


@require_POST
@for_roles(*JUDGES)
def judge(request: PersonRequest, pair_id: UUID) -> HttpResponse:
    """Same, different or later; on to the next pair."""
    get_object_or_404(Pair.objects.visible_to(request.user), pk=pair_id)
    form = VerdictForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose same, different or later."))
        return redirect("review")
    said = form.cleaned_data["verdict"]
    try:
        if said == "later":
            skip_pair(pair_id=pair_id, by=request.user, now=request.now)
            return redirect("review")
        pair = judge_pair(
            pair_id=pair_id, verdict=Verdict(said), by=request.user, now=request.now, why=form.cleaned_data["why"],
            despite_two_ids=form.cleaned_data["despite"], name=form.cleaned_data["name"],
        )  # fmt: skip
    except (Pair.DoesNotExist, Account.DoesNotExist):
        raise Http404 from None
    except MergeRefused as refusal:
        return _page(request, pair_id, refusal=refusal, name=form.cleaned_data["name"], status=422)
    except PairDecided as decided:
        messages.warning(request, str(decided))
        return redirect("review")
    return redirect(f"{reverse('review')}?done={pair.pk}")


@require_POST
@for_roles(*JUDGES)
def undo_verdict(request: PersonRequest, pair_id: UUID) -> HttpResponse:
    """Ask about a pair again; a merge that came of it is undone."""
    try:
        pair = unjudge_pair(pair_id=pair_id, by=request.user, now=request.now)
    except (Pair.DoesNotExist, Account.DoesNotExist):
        raise Http404 from None
    except MergeRefused as refusal:
        messages.error(request, str(refusal))
        return redirect("review")
    messages.success(request, _("Taken back: everything is as it was."))
    if Pair.objects.filter(pk=pair_id).exists():
        return redirect(f"{reverse('review')}?pair={pair_id}")
    return redirect("contact", contact_id=pair.sides[0].pk)  # nobody but who asked had held them for one


@require_POST
@for_roles(*JUDGES)
def judge_alike(request: PersonRequest) -> HttpResponse:
    """A preview of one verdict about all pairs with equal evidence; with `confirmed` it is given."""
    form = AlikeForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose same or different."))
        return redirect("review")
    pattern, verdict = form.cleaned_data["pattern"], Verdict(form.cleaned_data["verdict"])
    preview = not form.cleaned_data["confirmed"]
    judged = judge_pattern(pattern=pattern, verdict=verdict, by=request.user, now=request.now, preview=preview)
    if preview:
        context = {"judged": judged, "pattern": pattern, "verdict": verdict}
        return render(request, "accounts/review_alike.html", context)
    count = len(judged.done)
    words = ngettext(
        "%d pair decided. Each can be taken back below.", "%d pairs decided. Each can be taken back below.", count
    )
    messages.success(request, words % count)
    return redirect("review")


def _columns(hidden: frozenset[str]) -> tuple[Column[Pair], ...]:
    return (
        Column(gettext_lazy("Account"), lambda pair: pair.account),
        Column(gettext_lazy("First"), lambda pair: pair.sides[0]),
        Column(gettext_lazy("Second"), lambda pair: pair.sides[1]),
        Column(gettext_lazy("Evidence"), lambda pair: " ".join(evidence_of(pair, hidden))),
        Column(gettext_lazy("Found"), lambda pair: pair.found_at),
    )


def _page(
    request: PersonRequest, pair_id: UUID | None, *, refusal: MergeRefused | None = None, name: str = "",
    status: int = 200,
) -> HttpResponse:  # fmt: skip
    page = next_pair(request.user, request.now, pair_id)
    if page is None and pair_id is not None:
        raise Http404
    done = _pair_id(request.GET.get("done", ""))
    context: dict[str, Any] = {
        "page": page,
        "refusal": refusal,
        "name": name if page and name in page.names else page.name if page else "",
        "decided": decided_pairs(request.user),
        "done": Pair.objects.visible_to(request.user).with_sides().filter(pk=done).first() if done else None,
    }
    return render(request, "accounts/review.html", context, status=status)


def _pair_id(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        raise Http404 from None
