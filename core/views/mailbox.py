"""The mailbox of an installation without a mail server."""

from __future__ import annotations

from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from core.export import Column, csv_file, wants_csv
from core.guards import PEOPLE, PersonRequest, for_roles
from core.models import Mail

SHOWN = 50
FILE_ROWS = 500
COLUMNS: tuple[Column[Mail], ...] = (
    Column(gettext_lazy("Sent"), lambda mail: mail.sent_at),
    Column(gettext_lazy("To"), lambda mail: ", ".join(mail.to)),
    Column(gettext_lazy("Subject"), lambda mail: mail.subject),
    Column(gettext_lazy("Text"), lambda mail: mail.body),
)


@require_safe
@for_roles(*PEOPLE)
def show_mailbox(request: PersonRequest) -> HttpResponseBase:
    """The newest messages that one may read."""
    mails = Mail.objects.visible_to(request.user)
    if wants_csv(request):
        return csv_file("mailbox", COLUMNS, mails.iterator(FILE_ROWS))
    return render(request, "core/mailbox.html", {"mails": mails[:SHOWN]})
