"""The mailbox of an installation without a mail server."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from core.guards import PEOPLE, PersonRequest, for_roles
from core.models import Mail

SHOWN = 50


@require_safe
@for_roles(*PEOPLE)
def show_mailbox(request: PersonRequest) -> HttpResponse:
    """The newest messages that one may read."""
    mails = list(Mail.objects.visible_to(request.user)[:SHOWN])
    return render(request, "core/mailbox.html", {"mails": mails})
