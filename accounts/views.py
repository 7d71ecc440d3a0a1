"""The list of accounts. An account's own page needs every room, so it stands in `cx_ops.views`."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.enums import AccountRole
from accounts.models import Account
from accounts.queries import CursorRefused, list_accounts
from core.enums import Role
from core.guards import PEOPLE, PersonRequest, for_roles


@require_safe
@for_roles(*PEOPLE)
def show_accounts(request: PersonRequest) -> HttpResponse:
    """Search by name, domain or external id; the only hit of a search opens at once."""
    words = request.GET.get("q", "").strip()
    after = request.GET.get("after", "")
    may_own = request.user.role == Role.CSM
    mine = may_own and not words and request.GET.get("all") != "yes"
    try:
        page = list_accounts(request.user, text=words, mine=mine, cursor=after)
    except CursorRefused:
        raise Http404 from None
    if words and not after and len(page.accounts) == 1:
        return redirect("account", account_id=page.accounts[0].pk)
    context = {
        "rows": [(account, _csm_of(account)) for account in page.accounts],
        "words": words,
        "mine": mine,
        "may_own": may_own,
        "next_url": _url(words, page.next, mine=mine) if page.next else "",
        "first_url": _url(words, "", mine=mine) if after else "",
        "tabs": _tabs(words, mine=mine) if may_own else [],
    }
    return render(request, "accounts/list.html", context)


def _csm_of(account: Account) -> str:
    return next((str(person.user) for person in account.people.all() if person.role == AccountRole.CSM), "")


def _tabs(words: str, *, mine: bool) -> list[dict[str, object]]:
    return [
        {"label": _("Mine"), "url": reverse("accounts"), "current": mine, "count": None},
        {"label": _("My team's"), "url": _url("", "", mine=False), "current": not mine and not words, "count": None},
    ]


def _url(words: str, after: str, *, mine: bool) -> str:
    given = {"q": words, "all": "" if mine or words else "yes", "after": after}
    return f"{reverse('accounts')}?{urlencode({name: value for name, value in given.items() if value})}"
