"""A contact as a person: what each source says of them, and why its records are held to be theirs."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from accounts.models import Contact
from accounts.queries.contact import contact_page
from accounts.views.review import JUDGES
from core.guards import PEOPLE, WORKERS, PersonRequest, for_roles


@require_safe
@for_roles(*PEOPLE)
def show_contact(request: PersonRequest, contact_id: UUID) -> HttpResponse:
    """The person whom a record is about; every record of theirs leads here."""
    contact = get_object_or_404(Contact.objects.visible_to(request.user).select_related("account"), pk=contact_id)
    context = {
        "page": contact_page(contact, request.user, request.now),
        "account": contact.account,
        "may_judge": request.user.role in JUDGES or request.user.is_superuser,
        "may_write": request.user.role in WORKERS or request.user.is_superuser,
    }
    return render(request, "accounts/contact.html", context)
