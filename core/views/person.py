"""The signed-in person's own pages: where they start, their theme, their preferences."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.enums import Role
from core.forms import AbsenceForm, PreferencesForm
from core.guards import PEOPLE, WORKERS, PersonRequest, for_roles, public
from core.models import Absence, Team
from core.queries import whom_new_work_goes_to
from core.services import AbsenceRefused, end_absence, set_absence
from core.views.session import safe_next

THEMES = ("auto", "light", "dark")
HOME = {Role.CSM: "queue", Role.MANAGER: "queue", Role.LEADER: "accounts", Role.OPS: "imports"}
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
    """What one may set about oneself; days away have a form of their own."""
    form = PreferencesForm(request.POST or None, instance=request.user)
    if request.method != "POST":
        return _preferences(request, form)
    if not form.is_valid():
        request.user.refresh_from_db()
        return _preferences(request, form, status=422)
    form.save()
    messages.success(request, _("Preferences saved."))
    response = redirect("preferences")
    response.set_cookie("theme", form.cleaned_data["theme"], max_age=YEAR, samesite="Lax")
    return response


@require_POST
@for_roles(*PEOPLE)
def set_own_absence(request: PersonRequest) -> HttpResponse:
    """Away from one day to another: new work goes past oneself."""
    form = AbsenceForm(request.POST, zone=timezone.get_current_timezone())
    preferences = PreferencesForm(instance=request.user)
    if not form.is_valid():
        return _preferences(request, preferences, away=form, status=422)
    data = form.cleaned_data
    try:
        set_absence(
            user=request.user, active_from=data["active_from"], active_to=data["active_to"], note=data["note"],
            by=request.user, now=request.now,
        )  # fmt: skip
    except AbsenceRefused as refusal:
        form.add_error(refusal.field or None, str(refusal))
        return _preferences(request, preferences, away=form, status=422)
    messages.success(request, _("You take no new work in these days. What is open stays yours."))
    return redirect("preferences")


@require_POST
@for_roles(*PEOPLE)
def end_own_absence(request: PersonRequest) -> HttpResponse:
    """Back early, or not away at all."""
    wanted = request.POST.get("absence", "")
    mine = Absence.objects.filter(user=request.user, pk=int(wanted) if wanted.isdecimal() else 0)
    for absence in mine:
        end_absence(absence=absence, by=request.user, now=request.now)
        messages.success(request, _("You take new work again."))
    return redirect("preferences")


def _preferences(
    request: PersonRequest, form: PreferencesForm, *, away: AbsenceForm | None = None, status: int = 200
) -> HttpResponse:
    context = {
        "form": form,
        "away_form": away or AbsenceForm(zone=timezone.get_current_timezone()),
        "absences": request.user.absences.filter(active_to__gt=request.now).order_by("active_from"),
        "takes_work": request.user.role in WORKERS,
        "goes_to": whom_new_work_goes_to(request.user),
        "now": request.now,
    }
    return render(request, "core/preferences.html", context, status=status)
