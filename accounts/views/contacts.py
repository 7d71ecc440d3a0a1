"""A contact as a person: what each source says of them, and why its records are held to be theirs."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.forms import CompareForm
from accounts.models import Contact
from accounts.queries.contact import contact_page
from accounts.services import MergeRefused
from accounts.services.reviewing import ask_about
from accounts.views.review import JUDGES
from core.guards import PEOPLE, WORKERS, PersonRequest, for_roles


@require_POST
@for_roles(*JUDGES)
def compare_contact(request: PersonRequest, contact_id: UUID) -> HttpResponse:
    """Lay a contact beside another of the same account, to say whether they are one person."""
    contact = get_object_or_404(Contact.objects.visible_to(request.user), pk=contact_id)
    form = CompareForm(request.POST, contact=contact)
    if not form.is_valid():
        messages.error(request, _("Choose who it may be."))
        return redirect("contact", contact_id=contact.pk)
    try:
        pair = ask_about(
            contact_id=contact.same_as_id or contact.pk, other_id=form.cleaned_data["other"].pk, by=request.user,
            now=request.now,
        )  # fmt: skip
    except MergeRefused as refusal:
        messages.error(request, str(refusal))
        return redirect("contact", contact_id=contact.pk)
    return redirect(f"{reverse('review')}?pair={pair.pk}")


@require_safe
@for_roles(*PEOPLE)
def show_contact(request: PersonRequest, contact_id: UUID) -> HttpResponse:
    """The person whom a record is about; every record of theirs leads here."""
    contact = get_object_or_404(Contact.objects.visible_to(request.user).select_related("account"), pk=contact_id)
    page = contact_page(contact, request.user, request.now)
    context = {
        "page": page,
        "compare": CompareForm(contact=page.person.contact),
        "account": contact.account,
        "may_judge": request.user.role in JUDGES or request.user.is_superuser,
        "may_write": request.user.role in WORKERS or request.user.is_superuser,
    }
    return render(request, "accounts/contact.html", context)
