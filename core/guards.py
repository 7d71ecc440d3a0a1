"""Who may open a view: the one place where a screen is tied to roles.

Every view of a screen is wrapped by `for_roles` or named `public`; a test walks the URLs and fails one that is
neither. What a person may see within the view is `visible_to`; a foreign object is 404.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Concatenate, ParamSpec

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django_htmx.middleware import HtmxDetails

from core.bulk import database_now
from core.enums import Role
from core.models import User

P = ParamSpec("P")

PEOPLE = (Role.CSM, Role.MANAGER, Role.LEADER, Role.OPS)
WORKERS = (Role.CSM, Role.MANAGER)
# Who may have tasks: operations has those of the sources that they look after.
DOERS = (*WORKERS, Role.OPS)
LEADS = (Role.MANAGER, Role.LEADER, Role.OPS)
OPS = (Role.OPS,)


class PersonRequest(HttpRequest):
    """A request of somebody who is signed in; `now` is the database's clock, read once."""

    user: User
    htmx: HtmxDetails
    now: datetime


PersonView = Callable[Concatenate[PersonRequest, P], HttpResponseBase]
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def for_roles(*roles: Role) -> Callable[[PersonView[P]], View[P]]:
    """Let in people with one of `roles`, and superusers; send others to the log-in, or answer 403."""

    def decorate(view: PersonView[P]) -> View[P]:
        @wraps(view)
        def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return _ask_to_log_in(request)
            if request.user.role not in roles and not request.user.is_superuser:
                raise PermissionDenied(_say_who_may(roles))
            request.now = database_now()  # type: ignore[attr-defined]
            return view(request, *args, **kwargs)  # type: ignore[arg-type]

        guarded.allowed_roles = roles  # type: ignore[attr-defined]
        return guarded

    return decorate


def public(view: View[P]) -> View[P]:
    """Mark a view that nobody needs to sign in for."""
    view.is_public = True  # type: ignore[attr-defined]
    return view


def _ask_to_log_in(request: HttpRequest) -> HttpResponseBase:
    """The log-in page and back; an htmx request gets 401, upon which the page goes there itself."""
    if request.headers.get("HX-Request"):
        return HttpResponse(status=401)
    return redirect_to_login(request.get_full_path())


def _say_who_may(roles: tuple[Role, ...]) -> str:
    return _("This page is for: %(roles)s.") % {"roles": ", ".join(str(role.label) for role in roles)}
