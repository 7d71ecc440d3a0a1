"""The page of one account, and what one writes down there."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.enums import ActivityKind, Forecast
from accounts.models import Account, Contract
from accounts.queries import ShownValue, shown_values
from accounts.queries.page import persons_at
from accounts.queries.said import survivor_of
from accounts.queries.shown import by_origin
from accounts.services import AccountRefused, ForecastChanged, log_activity, set_forecast, split_summary
from core.guards import PEOPLE, WORKERS, PersonRequest, for_roles
from cx_ops.account_filter import watched_risk, with_loss
from cx_ops.account_health import MADE_OF
from cx_ops.account_page import AccountPage, list_open_steps, load_account_page
from cx_ops.account_timeline import KINDS, CursorRefused
from cx_ops.erasure.own import may_be_somebody
from cx_ops.forms import AsOfForm, ForecastForm, RaiseForm, TouchForm
from cx_ops.forms.account import FORECASTS, OUTCOMES
from cx_ops.live_values import has_look_ups, live_values
from cx_ops.raising import foresee, types_for
from cx_ops.views.privacy import KEEPERS
from insights.enums import SURE
from insights.services.arrival import InsightRefused, raise_insight
from intake.queries.privacy import hidden_fields
from playbooks.services.runs import RunRefused
from playbooks.services.touches import log_touch as log_a_touch


@require_safe
@for_roles(*PEOPLE)
def show_account(request: PersonRequest, account_id: UUID) -> HttpResponse:
    """`?kind=` keeps one kind of the timeline, `?before=` an older part of it; `?as_of=` reads its values of a day."""
    account = _load(request, account_id)
    survivor = survivor_of(account)
    if survivor is not None:
        messages.info(request, _("“%s” was merged into this account.") % account)
        return redirect("account", account_id=survivor)
    return _render(request, account)


@require_safe
@for_roles(*PEOPLE)
def show_live(request: PersonRequest, account_id: UUID) -> HttpResponse:
    """What other systems say just now: a part of the account's page, and a page of its own without scripts."""
    account = _load(request, account_id)
    context = {"account": account, "live": live_values(account, user=request.user, now=request.now)}
    name = "accounts/live.html#live" if request.htmx else "accounts/live.html"
    return render(request, name, context)


@require_POST
@for_roles(*WORKERS)
def log_touch(request: PersonRequest, account_id: UUID) -> HttpResponse:
    """A note, call or meeting, and perhaps the step of a playbook that it was."""
    account = _load(request, account_id)
    here = [person.contact for person in persons_at(account) if person.contact.left_on is None]
    form = TouchForm(request.POST, account=account, contacts=here, steps=list_open_steps(account))
    if form.is_valid():
        _log(request, account, form)
    if form.errors:
        return _render(request, account, form, status=422)
    step = form.cleaned_data["step"]
    said = _("Logged, and “%(step)s” is completed.") % {"step": step.step.title} if step else _("Logged.")
    messages.success(request, said)
    return redirect("account", account_id=account.pk)


def _log(request: PersonRequest, account: Account, form: TouchForm) -> None:
    """Log it, or say on the form why not."""
    data = form.cleaned_data
    summary, body = split_summary(data["text"])
    try:
        log_a_touch(
            account=account,
            kind=ActivityKind(data["kind"]),
            summary=summary,
            body=body,
            contact_id=data["contact"].pk if data["contact"] else None,
            run_step_id=data["step"].pk if data["step"] else None,
            by=request.user,
            now=request.now,
        )
    except AccountRefused as refusal:
        form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
    except RunRefused as refusal:
        form.add_error("step", str(refusal))


@require_POST
@for_roles(*WORKERS)
def change_forecast(request: PersonRequest, contract_id: UUID) -> HttpResponse:
    """Say how sure the renewal of a contract is; back to its account."""
    contract = get_object_or_404(Contract.objects.visible_to(request.user).select_related("account"), pk=contract_id)
    is_over = (contract.ended_early_on or contract.ends_on) < timezone.localdate(request.now)
    form = ForecastForm(request.POST, is_over=is_over)
    if not form.is_valid():
        messages.error(request, _("Choose one of the forecasts."))
    else:
        was, to = Forecast(form.cleaned_data["was"]), Forecast(form.cleaned_data["forecast"])
        try:
            set_forecast(contract_id=contract.pk, was=was, to=to, by=request.user, now=request.now)
        except ForecastChanged as changed:
            messages.error(request, str(changed))
        else:
            words = {"account": contract.account.name, "forecast": to.label}
            messages.success(request, _("%(account)s: the renewal is now “%(forecast)s”.") % words)
    return redirect(f"{reverse('account', args=[contract.account_id])}#contracts")


@require_http_methods(["GET", "HEAD", "POST"])
@for_roles(*WORKERS)
def new_insight(request: PersonRequest, account_id: UUID) -> HttpResponse:
    """Raise an insight oneself; the words go onto the timeline beside it."""
    account = _load(request, account_id)
    types = types_for(account)
    form = RaiseForm(request.POST or None, types=types)
    if request.method == "POST" and form.is_valid():
        try:
            _raise(request, account, form)
        except InsightRefused as refusal:
            form.add_error(None, str(refusal))
    if request.method != "POST" or form.errors:
        status = 422 if form.errors else 200
        answers = [confidence for confidence, _words in SURE]
        context = {
            "form": form,
            "account": account,
            "answers": [words for _confidence, words in SURE],
            "foreseen": foresee(account, types, answers, request.now),
        }
        return render(request, "accounts/new_insight.html", context, status=status)
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
    accounts = with_loss(Account.objects.visible_to(request.user)).annotate(watched=watched_risk(request.now))
    return get_object_or_404(accounts.select_related("team", "parent"), pk=account_id)


def _render(
    request: PersonRequest, account: Account, form: TouchForm | None = None, *, status: int = 200
) -> HttpResponse:
    kind, before = request.GET.get("kind", ""), request.GET.get("before", "")
    try:
        page = load_account_page(account, user=request.user, kind=kind, before=before, now=request.now)
    except (KeyError, CursorRefused):
        raise Http404 from None
    as_of = AsOfForm(request.GET)
    url = reverse("account", args=[account.pk])
    context = {
        "page": page,
        "account": account,
        "form": form or TouchForm(account=account, contacts=page.contacts_here, steps=page.open_steps),
        "tabs": _tabs(url, kind),
        "may_write": request.user.role in WORKERS or request.user.is_superuser,
        "older_url": _timeline_url(url, kind, page.timeline.older) if page.timeline.older else "",
        "newest_url": _timeline_url(url, kind) if before else "",
        "values": by_origin(_values(account, page.view.values, as_of, request)),
        "as_of": as_of,
        "forecasts": FORECASTS,
        "outcomes": OUTCOMES,
        "made_of": MADE_OF,
        "has_live": has_look_ups(),
        "is_person_url": _is_person_url(request, account, page),
        "now": request.now,
    }
    return render(request, "accounts/detail.html", context, status=status)


def _is_person_url(request: PersonRequest, account: Account, page: AccountPage) -> str:
    """Where an account is exported and erased that may be a person; `""` for a company, and for who may not."""
    may = request.user.role in KEEPERS or request.user.is_superuser
    words = (account.name, str(account.fields.get("email") or ""))
    is_person = not page.view.children and may_be_somebody(words, ((one.name, one.email) for one in page.view.contacts))
    return reverse("account_person", args=[account.pk]) if may and is_person else ""


def _values(account: Account, today: list[ShownValue], as_of: AsOfForm, request: PersonRequest) -> list[ShownValue]:
    """The values as of the day that was asked for, else today's."""
    moment = as_of.moment(request.now)
    if moment is None:
        return today
    known_at = moment if as_of.cleaned_data["known"] else None
    hidden = hidden_fields(request.user)
    return shown_values(account.pk, request.now, at=moment, known_at=known_at, hidden=hidden)


def _tabs(url: str, kind: str) -> list[dict[str, Any]]:
    kinds = [("", _("Everything")), *((name, each.label) for name, each in KINDS.items())]
    return [
        {"label": label, "url": _timeline_url(url, name), "current": name == kind, "count": None}
        for name, label in kinds
    ]


def _timeline_url(url: str, kind: str, before: str = "") -> str:
    given = {name: value for name, value in {"kind": kind, "before": before}.items() if value}
    return f"{url}?{urlencode(given)}#timeline" if given else f"{url}#timeline"
