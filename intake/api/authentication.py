"""Who calls the API: an integration with a token, or a person with a session."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from core.bulk import database_now
from core.enums import Role
from core.models import User
from intake.enums import Scope
from intake.models import ApiToken
from intake.services.tokens import TokenRefused, use_token

if TYPE_CHECKING:
    from rest_framework.views import APIView

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer cxo_<prefix>_<secret>`; `request.auth` is the `ApiToken`.

    `request.user` is then nobody in particular: it is not saved, and sees nothing by `visible_to`.
    """

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        scheme, _space, secret = request.headers.get("Authorization", "").partition(" ")
        if not scheme:
            return None
        if scheme.lower() != "bearer":
            raise exceptions.AuthenticationFailed(_("Send the token as: Authorization: Bearer cxo_…"))
        try:
            token = use_token(text=secret.strip(), now=database_now())
        except TokenRefused as refused:
            raise exceptions.AuthenticationFailed(str(refused)) from None
        return User(id=token.id, username=token.source.slug, role=Role.INTEGRATION), token

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'


class BrowserAuthentication(SessionAuthentication):
    """A signed-in person; writes need the CSRF token."""


class Scoped(BasePermission):
    """Reads need `read`; writes the view's `write_scope`. A person reads, and writes where `people_write` is set."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        if not request.user.is_authenticated:
            return False
        needed = _needed(request, view)
        if request.auth is None:
            if request.method in SAFE or getattr(view, "people_write", False):
                return True
            self.message = _("Only an integration's token may send this.")
            return False
        if not needed:
            self.message = _("A token may not do this; sign in as a person.")
            return False
        self.message = _("This token lacks the scope %s.") % _(" or ").join(sorted(needed))
        return not needed.isdisjoint(cast("ApiToken", request.auth).scopes)


def _needed(request: Request, view: APIView) -> frozenset[str]:
    """The scopes of which a token needs one; none: a token may not do this."""
    if request.method in SAFE:
        return frozenset({Scope.READ.value})
    scope: Scope | frozenset[Scope] | None = getattr(view, "write_scope", None)
    if scope is None:
        return frozenset()
    return frozenset({scope.value}) if isinstance(scope, Scope) else frozenset(one.value for one in scope)
