"""Who says what about an account; merging and splitting by hand, and the way back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.forms import MergeForm, SplitForm
from accounts.models import Account, Merge
from accounts.queries.pairs import Row, is_name, side_by_side
from accounts.queries.said import account_identity
from accounts.services import MergeRefused, merge_accounts, split_account, undo_merge
from accounts.services.merging import MergeEffect, preview_merge
from accounts.services.splitting import SplitEffect, preview_split
from accounts.views.review import JUDGES
from core.guards import PEOPLE, PersonRequest, for_roles
from intake.queries.privacy import hidden_fields


class Compared(NamedTuple):
    """Two accounts about to be one: side by side, what a merge would do, what they can be called then."""

    sides: tuple[Account, Account]
    rows: list[Row]
    names: list[tuple[str, str]]
    effect: MergeEffect


@require_safe
@for_roles(*PEOPLE)
def show_said(request: PersonRequest, account_id: UUID) -> HttpResponse:
    """What holds of each field and what lost, the account's records, its merges. `?words=` looks for its double."""
    account = _load(request, account_id)
    return _page(request, account, merge=MergeForm(request.GET or None, account=account, user=request.user))


@require_POST
@for_roles(*JUDGES)
def merge_account(request: PersonRequest, account_id: UUID) -> HttpResponse:
    """Make another account part of this one; with `preview`, only show what that would do."""
    account = _load(request, account_id)
    form = MergeForm(request.POST, account=account, user=request.user)
    other = form.cleaned_data["other"] if form.is_valid() else None
    if other is None:
        form.add_error("words", _("Find the other account by its name, domain or id, and choose it."))
        return _page(request, account, merge=form, status=422)
    if "preview" in request.POST:
        compared = _compare(request, account, other, form)
        return _page(request, account, merge=form, compared=compared, status=200 if compared else 422)
    try:
        merge_accounts(
            survivor_id=account.pk, merged_id=other.pk, why=form.cleaned_data["why"], by=request.user, now=request.now,
            despite_two_ids=form.cleaned_data["despite"], name=form.name,
        )  # fmt: skip
    except MergeRefused as refusal:
        form.add_error("despite" if refusal.two_ids else "why", str(refusal))
        return _page(request, account, merge=form, compared=_compare(request, account, other, form), status=422)
    except Account.DoesNotExist:
        raise Http404 from None
    messages.success(request, _("%s is part of this account now.") % other)
    return redirect("account_said", account_id=account.pk)


@require_POST
@for_roles(*JUDGES)
def undo_account_merge(request: PersonRequest, merge_id: UUID) -> HttpResponse:
    """Part two accounts again."""
    merge = get_object_or_404(Merge.objects.filter(survivor__in=Account.objects.visible_to(request.user)), pk=merge_id)
    try:
        undo_merge(merge_id=merge.pk, by=request.user, now=request.now)
    except MergeRefused as refusal:
        messages.error(request, str(refusal))
    except Account.DoesNotExist:
        raise Http404 from None
    else:
        messages.success(request, _("They are two accounts again, and everything is where it was."))
    return redirect("account_said", account_id=merge.survivor.pk)


@require_POST
@for_roles(*JUDGES)
def split_links(request: PersonRequest, account_id: UUID) -> HttpResponse:
    """Make a second account of some of the records; with `preview`, only show what that would do."""
    account, is_tried = _load(request, account_id), "preview" in request.POST
    form = SplitForm(request.POST, account=account, is_tried=is_tried)
    if form.is_valid():
        links = [link.pk for link in form.cleaned_data["links"]]
        try:
            if is_tried:
                hidden = hidden_fields(request.user)
                tried = preview_split(account=account, link_ids=links, by=request.user, now=request.now, hidden=hidden)
                return _page(request, account, split=form, tried=tried)
            new = split_account(
                account_id=account.pk, link_ids=links, why=form.cleaned_data["why"], by=request.user, now=request.now
            )
        except MergeRefused as refusal:
            form.add_error("links", str(refusal))
        else:
            words = _("What you ticked is an account of its own now:")
            url = reverse("account_said", args=[new.pk])
            messages.success(request, format_html('{} <a href="{}">{}</a>', words, url, new))
            return redirect("account_said", account_id=account.pk)
    return _page(request, account, split=form, status=422)


def _load(request: PersonRequest, account_id: UUID) -> Account:
    return get_object_or_404(Account.objects.visible_to(request.user), pk=account_id)


def _compare(request: PersonRequest, account: Account, other: Account, form: MergeForm) -> Compared | None:
    """None: they cannot be one, and the form says why."""
    try:
        effect = preview_merge(survivor_id=account.pk, merged_id=other.pk, by=request.user, now=request.now)
    except MergeRefused as refusal:
        form.add_error("words", str(refusal))
        return None
    rows = side_by_side(account, other, request.user, request.now)
    names = form.names(next((row.after for row in rows if is_name(row)), ""))
    if names:
        rows = [replace(row, after=_("as chosen above")) if is_name(row) else row for row in rows]
    labels = {row.label for row in rows}
    counted = [
        Row(label, _number(mine), _number(theirs), _number(mine + theirs), is_field=False)
        for name, mine, theirs in effect.rows
        if (label := capfirst(name)) not in labels
    ]
    return Compared((account, other), rows + counted, names, effect)


def _number(count: int) -> str:
    return str(number_format(count, force_grouping=True))


def _page(
    request: PersonRequest, account: Account, *, merge: MergeForm | None = None, split: SplitForm | None = None,
    tried: SplitEffect | None = None, compared: Compared | None = None, status: int = 200,
) -> HttpResponse:  # fmt: skip
    merged_into = Merge.objects.filter(merged=account, undone_at=None).select_related("survivor").first()
    context: dict[str, Any] = {
        "account": account,
        "identity": account_identity(account, request.now, hidden_fields(request.user)),
        "merged_into": merged_into.survivor if merged_into else None,
        "merge": merge or MergeForm(account=account, user=request.user),
        "split": split or SplitForm(account=account),
        "ticked": set(request.POST.getlist("links")),
        "tried": tried,
        "compared": compared,
        "may_judge": request.user.role in JUDGES or request.user.is_superuser,
    }
    in_place = request.htmx and request.method == "GET"
    return render(request, "accounts/said.html#fields" if in_place else "accounts/said.html", context, status=status)
