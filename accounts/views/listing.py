"""The address above those of accounts: their list is the portfolio, which needs every room (`cx_ops.views`)."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from core.guards import PEOPLE, PersonRequest, for_roles


@require_safe
@for_roles(*PEOPLE)
def show_accounts(request: PersonRequest) -> HttpResponse:
    """To the portfolio."""
    return redirect("portfolio")
