"""Records that wait for an account which has not arrived, by the account that they wait for."""

from __future__ import annotations

from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from accounts.queries.waiting import Missing, count_missing, missing_accounts
from core.export import Column, csv_file, wants_csv
from core.guards import LEADS, PersonRequest, for_roles

SHOWN = 100
COLUMNS: tuple[Column[Missing], ...] = (
    Column(_("Account"), lambda row: row.called),
    Column(_("Which is"), lambda row: row.whose),
    Column(_("Rows are"), lambda row: row.kinds),
    Column(_("Sent by"), lambda row: "; ".join(map(str, row.sent))),
    Column(_("Records that wait"), lambda row: row.records),
    Column(_("Since"), lambda row: row.since),
)


@require_safe
@for_roles(*LEADS)
def show_parked(request: PersonRequest) -> HttpResponseBase:
    """The accounts that are missing, those that most waits for first."""
    if wants_csv(request):
        return csv_file("waiting-for-accounts", COLUMNS, missing_accounts())
    accounts, records = count_missing()
    context = {"missing": list(missing_accounts(SHOWN)), "accounts": accounts, "records": records, "shown": SHOWN}
    return render(request, "accounts/parked.html", context)
