"""Privacy: what contacts agreed to, what is kept about a person, and erasing them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.enums import ErasureStatus
from accounts.models import Account, Contact, Erasure, Link
from accounts.queries.people import list_consents, people_of, records_of
from accounts.services.consent import set_consent
from core.enums import Role
from core.export import Column, csv_file, wants_csv
from core.guards import WORKERS, PersonRequest, for_roles
from core.services import record_act
from cx_ops.erasure.erase import ErasureRefused, drop_erasure, erase_person, list_left, prepare_erasure
from cx_ops.erasure.export import as_json, sections_of
from cx_ops.erasure.kept import Kept, find_kept, named_files
from cx_ops.erasure.own import why_not_yet
from cx_ops.erasure.person import Person, identify, names_of_accounts
from cx_ops.erasure.places import PLACES
from cx_ops.erasure.texts import Text, left_of
from cx_ops.forms.privacy import ConsentForm, EraseForm, ErasureForm, PersonSearchForm

KEEPERS = (Role.MANAGER, Role.OPS)
SHOWN = 50
FOUND = 20
LABELS = {place.name: place.label for place in PLACES} | {
    "files": gettext_lazy("Stored files that name them"),
}
TAKEN_OUT = gettext_lazy("Other texts, their name taken out")
# Of the texts elsewhere so many are listed before they are changed; reading everything shows all.
LISTED = 200
COLUMNS: tuple[Column[Erasure], ...] = (
    Column(gettext_lazy("Receipt"), lambda one: one.pk),
    Column(gettext_lazy("State"), lambda one: one.get_status_display()),
    Column(gettext_lazy("Prepared"), lambda one: one.prepared_at),
    Column(gettext_lazy("Prepared by"), lambda one: one.prepared_by),
    Column(gettext_lazy("Done"), lambda one: one.done_at),
    Column(gettext_lazy("Done by"), lambda one: one.done_by),
)


@require_safe
@for_roles(*KEEPERS)
def show_privacy(request: PersonRequest) -> HttpResponseBase:
    """Requests and receipts; `?q=` finds a person to export or erase."""
    erasures = Erasure.objects.visible_to(request.user).select_related(
        "prepared_by", "done_by", "contact__account", "account"
    )
    if wants_csv(request):
        return csv_file("erasures", COLUMNS, erasures.iterator(500))
    form = PersonSearchForm(request.GET or None)
    words = form.cleaned_data["q"].strip() if form.is_valid() else ""
    people, is_cut = _found(request, words)
    context = {"erasures": erasures[:SHOWN], "form": form, "words": words, "people": people, "is_cut": is_cut}
    return render(request, "privacy/privacy.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@for_roles(*KEEPERS)
def show_person(request: PersonRequest, contact_id: UUID | None = None, account_id: UUID | None = None) -> HttpResponse:
    """What is kept about one person, a contact or an account; a POST prepares their erasure."""
    subject, person = _person(request, contact_id, account_id)
    form = ErasureForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            reason = form.cleaned_data["reason"]
            made = prepare_erasure(subject=subject, reason=reason, by=request.user, now=request.now)
        except ErasureRefused as refused:
            form.add_error(None, str(refused))
        else:
            return redirect("erasure", erasure_id=made.pk)
    context = {
        "subject": subject,
        "account": subject.account if isinstance(subject, Contact) else subject,
        "person": person,
        "places": names_of_accounts(person),
        "why_not": why_not_yet(person) if person.own else "",
        "export_url": _export_url(subject),
        "form": form,
    }
    return render(request, "privacy/person.html", context, status=422 if request.method == "POST" else 200)


@require_safe
@for_roles(*KEEPERS)
def export_person(
    request: PersonRequest, contact_id: UUID | None = None, account_id: UUID | None = None
) -> HttpResponse:
    """Everything about one person to be read, or as data (`?format=json`)."""
    subject, person = _person(request, contact_id, account_id)
    if request.GET.get("format") == "json":
        record_act("exported", subject, by=request.user, now=request.now)
        response = HttpResponse(as_json(person), content_type="application/json")
        response["Content-Disposition"] = 'attachment; filename="person.json"'
    else:
        context = {
            "subject": subject,
            "url": _person_url(subject),
            "sections": sections_of(person, in_words=True),
            "now": request.now,
        }
        response = render(request, "privacy/export.html", context)
    add_never_cache_headers(response)
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@for_roles(*KEEPERS)
def show_erasure(request: PersonRequest, erasure_id: UUID) -> HttpResponse:
    """One erasure: what it will touch, and the button; or the receipt, to be printed."""
    erasure = _erasure(request, erasure_id)
    form = EraseForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        _person(request, erasure.contact_id, erasure.account_id)
        try:
            erase_person(erasure=erasure, by=request.user, now=request.now)
        except ErasureRefused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("Erased. This is the receipt."))
            return redirect("erasure", erasure_id=erasure.pk)
    is_open = erasure.status == ErasureStatus.PREPARED
    kept = _kept(erasure) if is_open else None
    labels = LABELS if kept else LABELS | {"texts": TAKEN_OUT}
    counts = kept.counts if kept else erasure.counts
    context = {
        "erasure": erasure,
        "url": _person_url(erasure.subject),
        "export_url": _export_url(erasure.subject),
        "counts": [(label, count) for name, label in labels.items() if (count := counts.get(name))],
        "is_open": is_open,
        "files": named_files(kept.files) if kept else [],
        "texts": _texts(request, kept) if kept else [],
        "left": left_of(erasure.left),
        "left_count": _left_count(erasure),
        "text_count": len(kept.texts) if kept else 0,
        "more": kept is not None and len(kept.texts) > LISTED,
        "form": form,
    }
    return render(request, "privacy/erasure.html", context, status=422 if request.method == "POST" else 200)


@require_POST
@for_roles(*KEEPERS)
def drop(request: PersonRequest, erasure_id: UUID) -> HttpResponse:
    """Do not do what was prepared."""
    drop_erasure(erasure=_erasure(request, erasure_id), by=request.user, now=request.now)
    messages.success(request, _("Dropped: nothing was erased."))
    return redirect("privacy")


@require_http_methods(["GET", "HEAD", "POST"])
@for_roles(*WORKERS)
def show_consent(request: PersonRequest, contact_id: UUID) -> HttpResponse:
    """What a contact agreed to; changed by whoever spoke with them."""
    [person] = people_of(records_of([get_object_or_404(_contacts(request), pk=contact_id).pk]))
    contact = person.contact
    form = ConsentForm(request.POST or None, person=person)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        set_consent(
            contact=contact, said=form.said(), do_not_contact=data["do_not_contact"], proof=data["proof"],
            by=request.user, now=request.now,
        )  # fmt: skip
        messages.success(request, _("Saved."))
        return redirect("contact", contact_id=contact.pk)
    context: dict[str, Any] = {
        "contact": contact,
        "form": form,
        "known": list_consents(person),
        "records": len(person.records),
    }
    return render(request, "privacy/consent.html", context, status=422 if request.method == "POST" else 200)


def _kept(erasure: Erasure) -> Kept:
    """What erasing takes just now."""
    person = identify(erasure.subject)
    return find_kept(person, person.words(""))


def _left_count(erasure: Erasure) -> int | None:
    """How many texts are left for somebody to look at, as far as it is known; None of one that was dropped."""
    if erasure.status == ErasureStatus.PREPARED:
        return sum(1 for _one in list_left(identify(erasure.subject)))
    return len(erasure.left) if erasure.status == ErasureStatus.DONE else None


def _texts(request: PersonRequest, kept: Kept) -> list[Text]:
    """The first texts elsewhere; what stands on accounts that the reader may not see leads nowhere."""
    shown = kept.texts[:LISTED]
    named = {text.account for text in shown if text.account}
    seen = set(map(str, _accounts(request).filter(pk__in=named).values_list("pk", flat=True))) if named else set()
    return [text if not text.account or text.account in seen else text._replace(url="") for text in shown]


def _contacts(request: PersonRequest) -> QuerySet[Contact]:
    return Contact.objects.visible_to(request.user).select_related("account").order_by("name")


def _accounts(request: PersonRequest) -> QuerySet[Account]:
    return Account.objects.visible_to(request.user).order_by("name")


def _person_url(subject: Contact | Account) -> str:
    return reverse("person" if isinstance(subject, Contact) else "account_person", args=[subject.pk])


def _export_url(subject: Contact | Account) -> str:
    return reverse("person_export" if isinstance(subject, Contact) else "account_person_export", args=[subject.pk])


def _found(request: PersonRequest, words: str) -> tuple[list[Contact | Account], bool]:
    """Contacts and accounts with this in their name or address, and whether there are more than are shown."""
    if not words:
        return [], False
    contacts = _contacts(request).filter(Q(email__icontains=words) | Q(name__icontains=words))
    written = Link.objects.visible_to(request.user).filter(revoked_at=None, email__iexact=words).values("account_id")
    accounts = _accounts(request).filter(archived_at=None)
    accounts = accounts.filter(Q(name__icontains=words) | Q(pk__in=written))
    found: list[list[Contact | Account]] = [[*contacts[: FOUND + 1]], [*accounts[: FOUND + 1]]]
    return [one for some in found for one in some[:FOUND]], any(len(some) > FOUND for some in found)


def _person(
    request: PersonRequest, contact_id: UUID | None, account_id: UUID | None
) -> tuple[Contact | Account, Person]:
    """A contact, or an account that is a person, and who they are; 404 where they are somebody one may not see too."""
    if account_id:
        subject: Contact | Account = get_object_or_404(_accounts(request), pk=account_id)
    else:
        subject = get_object_or_404(_contacts(request), pk=contact_id)
    person = identify(subject)
    others = {*person.accounts, *person.own} - {account_id, getattr(subject, "account_id", None)}
    if others and _accounts(request).filter(pk__in=others).count() < len(others):
        raise Http404
    return subject, person


def _erasure(request: PersonRequest, erasure_id: UUID) -> Erasure:
    found = Erasure.objects.visible_to(request.user).select_related(
        "contact__account", "account", "prepared_by", "done_by"
    )
    return get_object_or_404(found, pk=erasure_id)
