"""The doors of Segment's and PostHog's clients, at the root of the site (docs/events.md, INTAKE.md).

Plain views on the body: the clients do not say truly what they send. They take exactly 200 for success; what is not 200
has `code` and `message`, since one of them takes a refusal without a code for a broken line. What any 4xx answers they
drop, so there is one only where nothing at all could be kept.
"""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError, connection
from django.http import HttpRequest, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from core.api.problems import RETRY_AFTER_SECONDS
from core.api.throttling import backlog_seconds, use_quota
from core.bulk import database_now
from core.guards import public
from intake.enums import Scope
from intake.models import ApiToken
from intake.queries import namespace_of
from intake.rules import Arrival
from intake.rules.envelopes import LARGEST_BODY, BodyRefused, Envelope, key_of, open_envelope, too_large, unpack
from intake.services import TokenRefused, find, use_token
from intake.services.quarantine import take_or_quarantine

log = logging.getLogger(__name__)
BACKLOG_RETRY_SECONDS = 5


class CallRefused(Exception):
    """The answer to a call that is not taken."""

    def __init__(self, status: int, code: str, message: str, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.retry_after = status, code, retry_after


@csrf_exempt
@public
def receive(request: HttpRequest, verb: str = "batch") -> JsonResponse:
    """Take the messages of one call, and answer once they are committed."""
    try:
        _take_call(request, verb)
    except (BodyRefused, CallRefused) as refused:
        return _refusal(refused.status, refused.code, str(refused), getattr(refused, "retry_after", None))
    except (OperationalError, InterfaceError):
        connection.close()
        text = _("The database cannot be reached at the moment. Try again soon.")
        return _refusal(503, "unavailable", text, RETRY_AFTER_SECONDS)
    except Exception:
        log.exception("request %s failed", getattr(request, "request_id", "?"))
        return _refusal(500, "failed", _("Something went wrong on our side. Nothing of this call was taken."))
    return JsonResponse({"success": True})


def _take_call(request: HttpRequest, verb: str) -> None:
    if request.method != "POST":
        raise CallRefused(405, "method_not_allowed", _("Send it by POST."))
    envelope = open_envelope(_body_of(request), verb)
    now = database_now()
    token = _token_of(request, envelope, now)
    within, quota = use_quota(f"token:{token.id}")
    if not within:
        raise CallRefused(429, "too_many_requests", _("Too many requests in this minute."), quota.reset_seconds)
    if backlog_seconds() > settings.CX_BACKLOG_LIMIT_SECONDS:
        raise CallRefused(503, "behind", _("The workers are behind: try again soon."), BACKLOG_RETRY_SECONDS)
    source = token.source
    arrival = Arrival(
        source.id, source.slug, namespace_of(source), now, f"source {source.slug}", sent_at=envelope.sent_at
    )
    take_or_quarantine(find("messages"), envelope.messages, arrival)


def _body_of(request: HttpRequest) -> bytes:
    length = request.META.get("CONTENT_LENGTH") or "0"
    if length.isdigit() and int(length) > LARGEST_BODY:
        raise too_large()
    try:
        return unpack(request.body, request.headers.get("Content-Encoding", ""))
    except RequestDataTooBig:
        raise too_large() from None


def _token_of(request: HttpRequest, envelope: Envelope, now: datetime) -> ApiToken:
    key = key_of(request.headers.get("Authorization", ""), envelope.key)
    if not key:
        text = _("Send the token as the write key: as the user of Basic, as Bearer, or as writeKey in the body.")
        raise CallRefused(401, "no_key", text)
    try:
        token = use_token(text=key, now=now)
    except TokenRefused as refused:
        raise CallRefused(401, "unknown_key", str(refused)) from None
    if Scope.EVENTS_WRITE not in token.scopes:
        text = _("This token lacks the scope %s.") % Scope.EVENTS_WRITE.value
        raise CallRefused(403, "scope_missing", text)
    return token


def _refusal(status: int, code: str, message: str, retry_after: int | None = None) -> JsonResponse:
    body: dict[str, Any] = {"success": False, "code": code, "message": message, "detail": message}
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return JsonResponse(body, status=status, headers=headers)
