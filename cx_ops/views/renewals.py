"""Renewals by month, as a page and as a file."""

from __future__ import annotations

from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.http import Http404
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from accounts.enums import Forecast
from accounts.models import Account
from accounts.models.account import AccountQuerySet
from accounts.queries import rates_on
from core.export import Column, csv_file, wants_csv
from core.guards import PEOPLE, WORKERS, PersonRequest, for_roles
from cx_ops.account_filter import PARTS
from cx_ops.forms import WhoseForm
from cx_ops.portfolio import in_segment, owner_choices
from cx_ops.renewal_chart import draw_chart
from cx_ops.renewals import (
    ENDED,
    KINDS,
    MONTHS,
    OPEN,
    RENEWED,
    Line,
    add_up,
    all_lines,
    contested,
    first_of,
    load_page,
    renewing,
    sum_contested,
    sum_months,
)
from intake.queries.privacy import kept_fields

LABELS: dict[str, Any] = dict(Forecast.choices)
MEANINGS: dict[str, Any] = {
    Forecast.COMMIT: gettext_lazy("the customer is held to renew: the revenue is counted on."),
    Forecast.LIKELY: gettext_lazy("it will probably renew; something is still open."),
    Forecast.AT_RISK: gettext_lazy("it may well not renew."),
    Forecast.UNKNOWN: gettext_lazy("nobody has said yet."),
    ENDED: gettext_lazy("its last day has passed, and no other term of the account is known. Whatever was forecast."),
    RENEWED: gettext_lazy("the next term is known, or is said to be signed."),
}
COLUMNS: list[Column[Line]] = [
    Column(gettext_lazy("Account"), lambda line: line.account),
    Column(gettext_lazy("Id"), lambda line: line.account_id),
    Column(gettext_lazy("Tier"), lambda line: line.tier),
    Column(gettext_lazy("Customer success manager"), lambda line: line.csm),
    Column(gettext_lazy("Forecast"), lambda line: LABELS[line.kind]),
    Column(gettext_lazy("Speaks against it"), lambda line: "; ".join(line.against)),
    Column(gettext_lazy("Revenue a year"), lambda line: line.revenue, "accounts.arr"),
    Column(gettext_lazy("Term ends"), lambda line: line.ends_on),
    Column(gettext_lazy("Notice by"), lambda line: line.notice_on),
    Column(gettext_lazy("Renews by itself"), lambda line: line.auto_renews if line.has_contract else ""),
    Column(gettext_lazy("Contract"), lambda line: line.has_contract),
]


@require_safe
@for_roles(*PEOPLE)
def show_renewals(request: PersonRequest) -> HttpResponseBase:
    """A year from `?start=2026-11`, else from this month.

    `?month=` keeps the contracts of one month, `?contested=1` those whose forecast a risk speaks against.
    """
    today = timezone.localdate(request.now)
    form = WhoseForm(request.GET, user=request.user, owners=owner_choices(request.user))
    form.is_valid()
    start, month = _month(request, "start") or first_of(today), _month(request, "month")
    accounts, rates = _accounts(request, form), rates_on(today)
    found = renewing(accounts, start, rates, today=today)
    kept = renewing(accounts, month, rates, today=today, months=1) if month else found
    only_contested = bool(request.GET.get("contested"))
    if only_contested:
        kept = contested(kept, request.now)
    if wants_csv(request):
        return csv_file("renewals", COLUMNS, all_lines(kept, request.now), kept_fields())
    months, page = sum_months(found, start), load_page(kept, form.page(), request.now)
    query = {name: value for name, value in request.GET.dict().items() if name not in ("page", "format")}
    context = {
        "form": form,
        "months": months,
        "chart": draw_chart(months),
        "kinds": [(kind, LABELS[kind], add_up(each.kinds[kind] for each in months)) for kind in KINDS],
        "whole": add_up(each.all for each in months),
        "open": add_up(each.open for each in months),
        "open_kinds": OPEN,
        "meanings": [(kind, LABELS[kind], MEANINGS[kind]) for kind in KINDS],
        "bare": found.accounts.count(),
        "contested": sum_contested(found, request.now),
        "only_contested": only_contested,
        "contested_url": _url(query, month="", contested="1"),
        "may_write": request.user.role in WORKERS or request.user.is_superuser,
        "groups": page.by_month(),
        "month": month,
        "currency": next(reversed(rates)),
        "query": f"?{urlencode(query)}" if query else "",
        "month_query": urlencode({name: value for name, value in query.items() if name != "month"}),
        "earlier_url": _url(query, start=f"{first_of(start, -MONTHS):%Y-%m}", month=""),
        "later_url": _url(query, start=f"{first_of(start, MONTHS):%Y-%m}", month=""),
        "year_url": _url(query, month="", contested=""),
        "previous_url": _url(query, page=str(form.page() - 1)) if form.page() > 1 else "",
        "next_url": _url(query, page=str(form.page() + 1)) if page.has_next else "",
        "last": months[-1].first,
        "start": start,
    }
    return render(request, "portfolio/renewals.html", context)


def _accounts(request: PersonRequest, form: WhoseForm) -> AccountQuerySet:
    accounts = Account.objects.visible_to(request.user).filter(archived_at=None)
    if form.owner():
        accounts = PARTS["owner"](accounts, form.owner(), request.now)
    return in_segment(accounts, form.segment_id())


def _month(request: PersonRequest, name: str) -> date | None:
    """The first day of the month that the address names as 2026-11. Raises Http404 for anything else."""
    text = request.GET.get(name, "")
    try:
        return date.fromisoformat(f"{text}-01") if text else None
    except ValueError:
        raise Http404 from None


def _url(query: dict[str, str], **changed: str) -> str:
    given = {name: value for name, value in {**query, **changed}.items() if value or name == "who"}
    return f"{reverse('renewals')}?{urlencode(given)}"
