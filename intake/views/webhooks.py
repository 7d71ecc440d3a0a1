"""Webhooks: who is told of what, what became of each message, and sending it again. Operations change, leads read."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST

from core.enums import Role
from core.export import Column, csv_file, wants_csv
from core.guards import LEADS, OPS, PersonRequest, for_roles
from core.models import User
from intake.enums import DeliveryStatus
from intake.forms.webhooks import WebhookForm
from intake.models import Delivery, DeliveryAttempt, Webhook
from intake.queries.webhooks import TONES, WebhookLine, delivery_log, webhook_line, webhook_lines
from intake.services import webhooks as services
from intake.services.webhooks import WebhookRefused

COLUMNS: tuple[Column[WebhookLine], ...] = (
    Column(gettext_lazy("System"), lambda line: line.hook.source.name),
    Column(gettext_lazy("Address"), lambda line: line.hook.url),
    Column(gettext_lazy("Told of"), lambda line: " ".join(line.hook.happenings)),
    Column(gettext_lazy("State"), lambda line: line.words),
    Column(gettext_lazy("On their way"), lambda line: line.due),
    Column(gettext_lazy("Given up"), lambda line: line.dead),
    Column(gettext_lazy("Last taken"), lambda line: line.last_at),
)
LOG: tuple[Column[Delivery], ...] = (
    Column(gettext_lazy("Message"), lambda one: one.pk),
    Column(gettext_lazy("What happened"), lambda one: one.happening),
    Column(gettext_lazy("Made"), lambda one: one.created_at),
    Column(gettext_lazy("State"), lambda one: one.get_status_display()),
    Column(gettext_lazy("Tries"), lambda one: one.attempts),
    Column(gettext_lazy("Ended"), lambda one: one.ended_at),
)


@sensitive_variables("secret")
@require_http_methods(["GET", "HEAD", "POST"])
@for_roles(*LEADS)
def show_webhooks(request: PersonRequest) -> HttpResponseBase:
    """All webhooks, and a form for one more; the answer to it is the one page that shows its secret."""
    may_change = _may_change(request.user)
    form = WebhookForm(request.POST or None)
    if request.method == "POST" and not may_change:
        return _list(request, form, status=403)
    if request.method == "POST" and form.is_valid():
        try:
            data = form.cleaned_data
            made, secret = services.create_webhook(
                source=data["source"], url=data["url"], happenings=form.wanted(), by=request.user, now=request.now
            )
        except WebhookRefused as refused:
            form.add_error(refused.field or None, str(refused))
        else:
            return _with_secret(_list(request, WebhookForm(), made=made, secret=secret))
    if wants_csv(request):
        return csv_file("webhooks", COLUMNS, webhook_lines(request.user))
    return _list(request, form, status=422 if request.method == "POST" else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@for_roles(*LEADS)
def show_webhook(request: PersonRequest, webhook_id: UUID) -> HttpResponseBase:
    """One webhook with its newest messages, `?status=` keeps some; a form to change it."""
    hook = _found(request, webhook_id)
    form = WebhookForm(request.POST or None, hook=hook)
    if request.method == "POST" and not _may_change(request.user):
        return _page(request, hook, form, status=403)
    if request.method == "POST" and form.is_valid():
        try:
            services.change_webhook(
                hook=hook, url=form.cleaned_data["url"], happenings=form.wanted(), by=request.user, now=request.now
            )
        except WebhookRefused as refused:
            form.add_error(refused.field or None, str(refused))
        else:
            messages.success(request, _("Saved."))
            return redirect("webhook", webhook_id=hook.pk)
    if wants_csv(request):
        return csv_file("messages", LOG, delivery_log(request.user, hook))
    return _page(request, hook, form, status=422 if request.method == "POST" else 200)


@require_POST
@for_roles(*OPS)
def switch(request: PersonRequest, webhook_id: UUID) -> HttpResponse:
    """On or off, with the reason in the audit trail."""
    hook, on = _found(request, webhook_id), request.POST.get("to") == "on"
    services.switch_webhook(hook=hook, on=on, why=request.POST.get("why", ""), by=request.user, now=request.now)
    said = _("It is told again from now on; what waited goes first.") if on else _("Nothing is sent to it from now on.")
    messages.success(request, said)
    return redirect("webhook", webhook_id=hook.pk)


@sensitive_variables("secret")
@require_POST
@for_roles(*OPS)
def rotate(request: PersonRequest, webhook_id: UUID) -> HttpResponse:
    """A new secret; this answer is the one page that shows it."""
    hook = _found(request, webhook_id)
    secret = services.rotate_secret(hook=hook, by=request.user, now=request.now)
    return _with_secret(_page(request, hook, WebhookForm(hook=hook), secret=secret))


@require_POST
@for_roles(*OPS)
def test(request: PersonRequest, webhook_id: UUID) -> HttpResponse:
    """Send a message that says nothing but that it is a test."""
    hook = _found(request, webhook_id)
    services.send_test(hook=hook, by=request.user, now=request.now)
    messages.success(request, _("A test is on its way: what becomes of it stands below in a moment."))
    return redirect("webhook", webhook_id=hook.pk)


@require_POST
@for_roles(*OPS)
def replay_all(request: PersonRequest, webhook_id: UUID) -> HttpResponse:
    """Send everything again that was given up."""
    hook = _found(request, webhook_id)
    count = services.replay_failed(hook=hook, by=request.user, now=request.now)
    text = ngettext("%(n)d message is on its way again.", "%(n)d messages are on their way again.", count)
    messages.success(request, f"{text % {'n': count}} {_waits(hook)}".strip())
    return redirect("webhook", webhook_id=hook.pk)


@require_POST
@for_roles(*OPS)
def replay(request: PersonRequest, delivery_id: UUID) -> HttpResponse:
    """Send one message again, under its own id."""
    found = Delivery.objects.visible_to(request.user).select_related("webhook")
    delivery = get_object_or_404(found, pk=delivery_id)
    if services.replay_delivery(delivery=delivery, by=request.user, now=request.now):
        messages.success(request, f"{_('It is on its way again.')} {_waits(delivery.webhook)}".strip())
    else:
        messages.error(request, _("It is being sent just now. Look again in a minute."))
    return redirect("webhook", webhook_id=delivery.webhook_id)


def _waits(hook: Webhook) -> str:
    return "" if hook.is_on else _("Until the webhook is on only tests are sent; the rest waits.")


def _next_at(one: Delivery, hook: Webhook, now: datetime) -> datetime | None:
    """When what is on its way is tried next, where that is not at once: its webhook rests after a failure."""
    if one.status != DeliveryStatus.DUE or not hook.is_on:
        return None
    at = max(one.due_at, hook.resting_until or one.due_at)
    return at if at > now else None


def _last_try(one: Delivery) -> DeliveryAttempt | None:
    """Of what was not taken, the try that says why."""
    tries = list(one.tries.all())
    return tries[-1] if tries and one.status != DeliveryStatus.SENT else None


def _may_change(user: User) -> bool:
    return user.role in OPS or user.is_superuser


def _found(request: PersonRequest, webhook_id: UUID) -> Webhook:
    return get_object_or_404(Webhook.objects.visible_to(request.user).select_related("source"), pk=webhook_id)


def _list(request: PersonRequest, form: WebhookForm, *, status: int = 200, **more: Any) -> HttpResponse:
    context = {"lines": webhook_lines(request.user), "form": form, "may_change": _may_change(request.user), **more}
    return render(request, "intake/webhooks.html", context, status=status)


def _page(
    request: PersonRequest, hook: Webhook, form: WebhookForm, *, secret: str = "", status: int = 200
) -> HttpResponse:
    wanted = request.GET.get("status", "")
    if wanted not in ("", *DeliveryStatus.values):
        raise Http404
    context = {
        "line": webhook_line(request.user, pk=hook.pk),
        "hook": hook,
        "form": form,
        "secret": secret,
        "rests_until": hook.resting_until if hook.resting_until and hook.resting_until > request.now else None,
        "may_change": _may_change(request.user),
        # What messages say spans all teams, and a manager sees only some.
        "may_read": request.user.role in (Role.OPS, Role.LEADER) or request.user.is_superuser,
        "log": [
            (one, TONES[DeliveryStatus(one.status)], _last_try(one), _next_at(one, hook, request.now))
            for one in delivery_log(request.user, hook, wanted)
        ],
        "tabs": [
            {"label": label, "url": f"?status={value}" if value else "?", "current": value == wanted, "count": None}
            for value, label in [("", _("All")), *DeliveryStatus.choices]
        ],
    }
    return render(request, "intake/webhook.html", context, status=status)


def _with_secret(response: HttpResponse) -> HttpResponse:
    add_never_cache_headers(response)
    return response
