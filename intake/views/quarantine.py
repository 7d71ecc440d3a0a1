"""Messages that could not be taken: why, and their way in or out."""

from __future__ import annotations

from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST, require_safe

from core.export import Column, csv_file, wants_csv
from core.guards import OPS, PersonRequest, for_roles
from intake.models import Quarantined
from intake.queries.quarantine import show_quarantine_of, waiting_in_quarantine
from intake.services.quarantine import (
    REPLAYED_AT_ONCE,
    QuarantineRefused,
    discard_quarantined,
    replay_quarantined,
)

COLUMNS: tuple[Column[Quarantined], ...] = (
    Column(gettext_lazy("Source"), lambda row: row.source.name),
    Column(gettext_lazy("Received"), lambda row: row.received_at),
    Column(gettext_lazy("Field"), lambda row: row.field),
    Column(gettext_lazy("Code"), lambda row: row.code),
    Column(gettext_lazy("Why"), lambda row: row.message),
    Column(gettext_lazy("As it came"), lambda row: row.payload),
)


@require_safe
@for_roles(*OPS)
def show_quarantine(request: PersonRequest) -> HttpResponseBase:
    """What waits, and what it waits for; `source` and `code` choose."""
    chosen = _filter(request.GET.get("source", ""), request.GET.get("code", ""))
    if wants_csv(request):
        waiting = waiting_in_quarantine(request.user, **chosen).select_related("source")
        return csv_file("quarantine", COLUMNS, waiting.iterator(500))
    context = {
        "quarantine": show_quarantine_of(request.user, **chosen),
        "chosen": chosen,
        "is_filtered": any(chosen.values()),
        "query": _query(chosen),
        "at_once": REPLAYED_AT_ONCE,
        "months": settings.CX_EVENT_MONTHS,
    }
    return render(request, "intake/quarantine.html", context)


@require_POST
@for_roles(*OPS)
def replay_from_quarantine(request: PersonRequest) -> HttpResponseBase:
    """Try the chosen ones again."""
    done = replay_quarantined(ids=_chosen(request), by=request.user, now=request.now)
    if done.taken:
        words = ngettext("%(n)d message is taken now.", "%(n)d messages are taken now.", done.taken)
        messages.success(request, words % {"n": done.taken})
    if done.left:
        words = ngettext("%(n)d stays: %(why)s", "%(n)d stay; the first: %(why)s", done.left)
        messages.error(request, words % {"n": done.left, "why": done.why})
    if not done.taken and not done.left:
        messages.warning(request, _("Choose at least one that still waits."))
    return _back(request)


@require_POST
@for_roles(*OPS)
def discard_from_quarantine(request: PersonRequest) -> HttpResponseBase:
    """Settle the chosen ones without taking them."""
    try:
        count = discard_quarantined(
            ids=_chosen(request), why=request.POST.get("why", ""), by=request.user, now=request.now
        )
    except QuarantineRefused as refusal:
        messages.error(request, str(refusal))
        return _back(request)
    if count:
        words = ngettext("%(n)d message is discarded.", "%(n)d messages are discarded.", count)
        messages.success(request, words % {"n": count})
    else:
        messages.warning(request, _("Choose at least one that still waits."))
    return _back(request)


def _chosen(request: PersonRequest) -> list[int]:
    """The ids that are ticked; or with `all` the oldest of all that the filter leaves."""
    if request.POST.get("all"):
        waiting = waiting_in_quarantine(request.user, **_posted(request))
        return list(waiting.order_by("id").values_list("id", flat=True)[:REPLAYED_AT_ONCE])
    return [int(id) for id in request.POST.getlist("id") if id.isascii() and id.isdigit() and len(id) < 19]


def _posted(request: HttpRequest) -> dict[str, str]:
    return _filter(request.POST.get("source", ""), request.POST.get("code", ""))


def _filter(source: str, code: str) -> dict[str, str]:
    return {"source": source.replace("\x00", ""), "code": code.replace("\x00", "")}


def _back(request: HttpRequest) -> HttpResponseBase:
    return redirect(f"{reverse('quarantine')}{_query(_posted(request))}")


def _query(chosen: dict[str, str]) -> str:
    """The query string of a choice, with its "?"; empty where nothing is chosen."""
    given = {name: value for name, value in chosen.items() if value}
    return f"?{urlencode(given)}" if given else ""
