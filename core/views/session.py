"""Signing in and out; in the demo also with one click."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login, update_session_auth_hash
from django.contrib.auth.views import LoginView, LogoutView
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from core.enums import Role
from core.forms import OwnPasswordForm
from core.guards import PEOPLE, PersonRequest, for_roles, public
from core.models import User

# One button a role on the demo's log-in page; the first three are the customer team.
DEMO_ROLES = (Role.CSM, Role.MANAGER, Role.LEADER, Role.OPS)
PEOPLE_PER_ROLE = 3


@public
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """Django's log-in, with the demo's people beside it."""
    context: dict[str, object] = {}
    if _is_demo():
        context = {"demo_users": demo_people(), "demo_url": reverse("demo_sign_in")}
    view = LoginView.as_view(redirect_authenticated_user=True, extra_context=context)
    response = view(request)
    assert isinstance(response, HttpResponse)  # noqa: S101 - narrows the type
    return response


@public
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    response = LogoutView.as_view()(request)
    assert isinstance(response, HttpResponse)  # noqa: S101 - narrows the type
    return response


@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
@for_roles(*PEOPLE)
def change_password(request: PersonRequest) -> HttpResponse:
    """One's own password; other sessions of the same person end with it."""
    form = OwnPasswordForm(request.user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        update_session_auth_hash(request, form.save())
        messages.success(request, _("Your password is changed. Where you were signed in elsewhere, you no longer are."))
        return redirect("preferences")
    return render(request, "core/password.html", {"form": form}, status=422 if form.errors else 200)


@public
@require_POST
def demo_sign_in(request: HttpRequest) -> HttpResponse:
    """Become one of the demo's people; there is no such page outside the demo."""
    if not _is_demo():
        raise Http404
    user = get_object_or_404(User, username=request.POST.get("username", ""), is_active=True, role__in=PEOPLE)
    login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    return redirect(safe_next(request) or "/")


def demo_people() -> list[dict[str, str]]:
    """The people offered on the log-in page, in the order of DEMO_ROLES."""
    found: list[dict[str, str]] = []
    users = list(User.objects.filter(is_active=True, role__in=DEMO_ROLES).order_by("date_joined", "username"))
    for role in DEMO_ROLES:
        people = [user for user in users if user.role == role][:PEOPLE_PER_ROLE]
        found += [
            {"username": user.username, "label": str(user), "role": user.title or str(role.label)} for user in people
        ]
    return found


def safe_next(request: HttpRequest) -> str:
    """The page to return to, if it is one of ours."""
    url = request.POST.get("next", "")
    allowed = url_has_allowed_host_and_scheme(url, {request.get_host()}, require_https=request.is_secure())
    return url if allowed else ""


def _is_demo() -> bool:
    return str(settings.MODE.value) == "demo"
