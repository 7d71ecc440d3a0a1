"""The page of one account, and what one writes down there."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.enums import ActivityKind
from accounts.forms import TouchForm
from accounts.models import Account
from accounts.services import AccountRefused, log_activity
from core.guards import PEOPLE, WORKERS, PersonRequest, for_roles
from cx_ops.account_page import KINDS, load_account_page
from cx_ops.forms import RaiseForm
from insights.services.arrival import InsightRefused, raise_insight


@require_safe
@for_roles(*PEOPLE)
def show_account(request: PersonRequest, account_id: UUID) -> HttpResponse:
    """`?kind=` keeps one kind of the timeline, `?before=` an older part of it."""
    account = _load(request, account_id)
    return _render(request, account, TouchForm(account=account))


@require_POST
@for_roles(*WORKERS)
def log_touch(request: PersonRequest, account_id: UUID) -> HttpResponse:
    """A note, call or meeting."""
    account = _load(request, account_id)
    form = TouchForm(request.POST, account=account)
    if form.is_valid():
        data = form.cleaned_data
        try:
            log_activity(
                account=account,
                kind=ActivityKind(data["kind"]),
                summary=data["summary"],
                body=data["body"],
                contact_id=data["contact"].pk if data["contact"] else None,
                by=request.user,
                now=request.now,
            )
        except AccountRefused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
    if form.errors:
        return _render(request, account, form, status=422)
    messages.success(request, _("Logged. It counts as a touch."))
    return redirect("account", account_id=account.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@for_roles(*WORKERS)
def new_insight(request: PersonRequest, account_id: UUID) -> HttpResponse:
    """Raise an insight oneself; the words go onto the timeline beside it."""
    account = _load(request, account_id)
    form = RaiseForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            _raise(request, account, form)
        except InsightRefused as refusal:
            form.add_error(None, str(refusal))
    if request.method != "POST" or form.errors:
        status = 422 if form.errors else 200
        return render(request, "accounts/new_insight.html", {"form": form, "account": account}, status=status)
    messages.success(request, _("Raised. Who acts on it is decided in a moment, and shown here."))
    return redirect("account", account_id=account.pk)


def _raise(request: PersonRequest, account: Account, form: RaiseForm) -> None:
    data = form.cleaned_data
    with transaction.atomic():
        raise_insight(
            by=request.user, account=account, type=data["type"].pk, confidence=data["confidence"], now=request.now
        )
        log_activity(
            account=account,
            kind=ActivityKind.NOTE,
            summary=f"{data['type'].name}: {data['words']}",
            by=request.user,
            now=request.now,
        )


def _load(request: PersonRequest, account_id: UUID) -> Account:
    accounts = Account.objects.visible_to(request.user).select_related("team", "parent")
    return get_object_or_404(accounts, pk=account_id)


def _render(request: PersonRequest, account: Account, form: TouchForm, *, status: int = 200) -> HttpResponse:
    kind = request.GET.get("kind", "")
    if kind and kind not in KINDS:
        raise Http404
    before = _moment(request.GET.get("before", ""))
    page = load_account_page(account, user=request.user, kind=kind, before=before, now=request.now)
    url = reverse("account", args=[account.pk])
    context = {
        "page": page,
        "account": account,
        "form": form,
        "tabs": _tabs(url, kind),
        "may_write": request.user.role in WORKERS or request.user.is_superuser,
        "older_url": _older(url, kind, page.older_than) if page.older_than else "",
        "newest_url": url if request.GET.get("before") else "",
        "now": request.now,
    }
    return render(request, "accounts/detail.html", context, status=status)


def _tabs(url: str, kind: str) -> list[dict[str, Any]]:
    kinds = [("", _("Everything")), *((name, label) for name, (label, _reader) in KINDS.items())]
    return [
        {"label": label, "url": f"{url}?kind={name}#timeline" if name else url, "current": name == kind, "count": None}
        for name, label in kinds
    ]


def _older(url: str, kind: str, before: datetime) -> str:
    given = {"kind": kind, "before": before.isoformat()}
    return f"{url}?{urlencode({name: value for name, value in given.items() if value})}#timeline"


def _moment(text: str) -> datetime | None:
    try:
        moment = parse_datetime(text) if text else None
    except ValueError:
        raise Http404 from None
    if moment is not None and moment.tzinfo is None:
        raise Http404
    return moment
