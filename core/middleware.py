"""What every request of a signed-in person passes: the end of old sessions, and their own time zone."""

from __future__ import annotations

import time
from collections.abc import Callable
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone

# A session's last use is noted at most this often, so that not every request writes it.
NOTED_EVERY_SECONDS = 60
SEEN_AT, BEGAN_AT = "seen_at", "began_at"


def end_old_sessions(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Sign out who has been idle too long, or signed in too long ago. A poll of a page that is open is no use of it."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if request.user.is_authenticated:
            now, session = int(time.time()), request.session
            seen, began = session.get(SEEN_AT, now), session.setdefault(BEGAN_AT, now)
            if now - seen > settings.CX_SESSION_IDLE_SECONDS or now - began > settings.SESSION_COOKIE_AGE:
                logout(request)
            elif SEEN_AT not in session or (now - seen > NOTED_EVERY_SECONDS and "HX-PTag" not in request.headers):
                session[SEEN_AT] = now
        return get_response(request)

    return middleware


def zone_of(name: str) -> ZoneInfo:
    """The IANA zone `name`; UTC where it is not known here."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def use_own_zone(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Render the answer in the zone of the person who asked."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if request.user.is_authenticated:
            with timezone.override(zone_of(request.user.timezone)):
                return get_response(request)
        return get_response(request)

    return middleware
