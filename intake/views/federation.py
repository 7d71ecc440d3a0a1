"""How a source is asked about one account."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from core.guards import PersonRequest, for_roles
from intake.forms.federation import LookUpForm
from intake.models import LookUp, Source
from intake.services.federating import LookUpRefused, save_look_up
from intake.views.sources import SETTLERS


@sensitive_post_parameters("header_value")
@require_http_methods(["GET", "HEAD", "POST"])
@for_roles(*SETTLERS)
def edit_look_up(request: PersonRequest, slug: str) -> HttpResponse:
    source = get_object_or_404(Source.objects.systems(), slug=slug)
    look_up = LookUp.objects.visible_to(request.user).filter(source=source).first()
    form = LookUpForm(request.POST or None, look_up=look_up)
    if request.method == "POST" and form.is_valid():
        try:
            save_look_up(source=source, terms=form.terms(), by=request.user, now=request.now)
        except LookUpRefused as refused:
            field = {"fields": "fields_text"}.get(refused.field, refused.field)
            form.add_error(field or None, str(refused))
        else:
            messages.success(request, _("Saved: it is asked when somebody opens an account."))
            return redirect("source", slug=slug)
    status = 422 if request.method == "POST" else 200
    return render(request, "intake/look_up.html", {"form": form, "source": source}, status=status)
