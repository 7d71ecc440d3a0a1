"""The signed-in person's own pages: where they start, their theme, their preferences."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.enums import Role
from core.forms import PreferencesForm
from core.guards import PEOPLE, PersonRequest, for_roles, public
from core.models import Team
from core.views.session import safe_next

THEMES = ("auto", "light", "dark")
HOME = {Role.CSM: "queue", Role.MANAGER: "queue", Role.LEADER: "accounts", Role.OPS: "imports"}
COMMON_ZONES = (
    "UTC", "America/Los_Angeles", "America/Denver", "America/Chicago", "America/New_York", "America/Sao_Paulo",
    "Europe/London", "Europe/Lisbon", "Europe/Berlin", "Europe/Paris", "Europe/Madrid", "Europe/Athens",
    "Africa/Johannesburg", "Asia/Dubai", "Asia/Kolkata", "Asia/Singapore", "Asia/Tokyo", "Australia/Sydney",
)  # fmt: skip
YEAR = 365 * 24 * 60 * 60


@require_safe
@for_roles(*PEOPLE)
def go_home(request: PersonRequest) -> HttpResponse:
    """Everybody begins where their work is: a lead with the queue of their team."""
    team = Team.objects.visible_to(request.user).filter(lead=request.user, is_active=True).first()
    if team is not None and request.user.role == Role.MANAGER:
        return redirect(f"{reverse('queue')}?{urlencode({'who': f'team:{team.pk}'})}")
    return redirect(HOME.get(Role(request.user.role), "accounts"))


@public
@require_POST
def set_theme(request: HttpRequest) -> HttpResponse:
    """Keep the theme in a cookie, which the first byte of the next page already knows."""
    theme = request.POST.get("theme", "auto")
    response = redirect(safe_next(request) or "/")
    response.set_cookie("theme", theme if theme in THEMES else "auto", max_age=YEAR, samesite="Lax")
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@for_roles(*PEOPLE)
def show_preferences(request: PersonRequest) -> HttpResponse:
    form = PreferencesForm(request.POST or None, instance=request.user)
    if request.method != "POST":
        return render(request, "core/preferences.html", {"form": form, "zones": COMMON_ZONES})
    if not form.is_valid():
        return render(request, "core/preferences.html", {"form": form, "zones": COMMON_ZONES}, status=422)
    form.save()
    messages.success(request, _("Preferences saved."))
    response = redirect("preferences")
    response.set_cookie("theme", form.cleaned_data["theme"], max_age=YEAR, samesite="Lax")
    return response
