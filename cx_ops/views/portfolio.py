"""The portfolio, as a page and as a file."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from core.enums import Role
from core.export import Column, csv_file, wants_csv
from core.guards import PEOPLE, WORKERS, PersonRequest, for_roles
from cx_ops.account_health import LABELS, MADE_OF, MEANINGS, TONES
from cx_ops.forms import PortfolioForm
from cx_ops.portfolio import PAGE_ROWS, SORTS, Asked, Line, all_lines, load_portfolio, owner_choices, read_facets
from intake.queries.privacy import kept_fields

COLUMNS: list[Column[Line]] = [
    Column(gettext_lazy("Account"), lambda line: line.name),
    Column(gettext_lazy("Id"), lambda line: line.id),
    Column(gettext_lazy("Tier"), lambda line: line.tier),
    Column(gettext_lazy("Stage"), lambda line: line.stage),
    Column(gettext_lazy("Region"), lambda line: line.region),
    Column(gettext_lazy("Customer success manager"), lambda line: line.csm),
    Column(gettext_lazy("Health"), lambda line: line.health.label),
    Column(gettext_lazy("Why"), lambda line: "; ".join(line.health.reasons)),
    Column(gettext_lazy("Revenue a year"), lambda line: line.revenue, "accounts.arr"),
    Column(gettext_lazy("Term ends"), lambda line: line.ends_on),
    Column(gettext_lazy("Renews by itself"), lambda line: line.renews_itself if line.has_term else ""),
    Column(gettext_lazy("Last touch"), lambda line: line.last_touch),
    Column(gettext_lazy("Next task"), lambda line: line.next_step and line.next_step.title),
    Column(gettext_lazy("Next task on"), lambda line: line.next_step and line.next_step.on),
    Column(gettext_lazy("Open tasks"), lambda line: line.open_tasks),
]
# Filters that stand in the bar; the others are behind "More filters".
IN_BAR = ("who", "health", "saved")

EMPTY_OTHERWISE = gettext_lazy("A manager or operations brings them as a file, from the imports page.")
EMPTY: dict[str, Any] = {
    Role.CSM: gettext_lazy(
        "Accounts on which you have a role are shown here, and those of your team. A manager or operations brings them "
        "as a file."
    ),
    Role.MANAGER: gettext_lazy(
        "The accounts of your team and of teams you lead are shown here; House rules › Teams says who leads which. "
        "Those whose success manager has no log-in here are in no team yet: operations and leaders see them."
    ),
}


@require_safe
@for_roles(*PEOPLE)
def show_portfolio(request: PersonRequest) -> HttpResponseBase:
    """One's accounts, filtered and sorted by the address; `?format=csv` is all of them as a file."""
    owners, facets = owner_choices(request.user), read_facets(request.user)
    form = PortfolioForm(request.GET, user=request.user, owners=owners, facets=facets)
    asked = form.asked()
    if wants_csv(request):
        return csv_file("portfolio", COLUMNS, all_lines(request.user, asked, request.now), kept_fields())
    template = "portfolio/portfolio.html#list" if request.htmx else "portfolio/portfolio.html"
    return render(request, template, portfolio_context(request, form, asked))


def portfolio_context(request: PersonRequest, form: PortfolioForm, asked: Asked) -> dict[str, Any]:
    """What `portfolio/portfolio.html` shows."""
    portfolio = load_portfolio(request.user, asked, request.now)
    url, query = reverse("portfolio"), query_of(request)
    after = portfolio.first + PAGE_ROWS
    return {
        "form": form,
        "portfolio": portfolio,
        "currency": portfolio.currency,
        "sorts": _sorts(url, query, asked.sort),
        "in_bar": [form[name] for name in IN_BAR],
        "others": [form[name] for name in form.fields if name not in (*IN_BAR, "q")],
        "others_used": sum(bool(query.get(name)) for name in form.fields if name not in (*IN_BAR, "q")),
        "is_filtered": any(value for name, value in query.items() if name not in ("sort", "who")),
        "may_save": asked.saved is None and not asked.text,
        "query": f"?{urlencode(query)}" if query else "",
        "previous_url": _page(url, query, portfolio.first // PAGE_ROWS) if portfolio.first else "",
        "next_url": _page(url, query, after // PAGE_ROWS + 1) if portfolio.has_next else "",
        "count_text": _count_text(portfolio.first, len(portfolio.lines), portfolio.totals.accounts),
        "made_of": MADE_OF,
        "meanings": [(LABELS[level], TONES[level], words) for level, words in MEANINGS.items()],
        "own_name": str(request.user) if asked.wanted.owner == str(request.user.pk) else "",
        "empty_text": EMPTY.get(request.user.role, EMPTY_OTHERWISE),
        "may_write": request.user.role in WORKERS or request.user.is_superuser,
        "now": request.now,
    }


def query_of(request: PersonRequest) -> dict[str, str]:
    """The address's query without its page, its format and what is empty; an empty `who` means everybody."""
    return {
        name: value
        for name, value in request.GET.dict().items()
        if name not in ("page", "format") and (value or name == "who")
    }


def _sorts(url: str, query: dict[str, str], current: str) -> dict[str, dict[str, Any]]:
    return {
        name: {"label": sort.label, "url": f"{url}?{urlencode({**query, 'sort': name})}", "current": name == current}
        for name, sort in SORTS.items()
    }


def _page(url: str, query: dict[str, str], page: int) -> str:
    return f"{url}?{urlencode({**query, 'page': page})}"


def _count_text(first: int, shown: int, of: int) -> str:
    words = {"first": f"{first + 1:,}", "last": f"{first + shown:,}", "of": f"{of:,}"}
    return _("%(first)s to %(last)s of %(of)s accounts") % words if shown else ""
