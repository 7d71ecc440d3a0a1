"""`Idempotency-Key`: the same call gets the same answer, and is done once (TRUST.md).

The answer is stored in the transaction of its effect, under an advisory lock on the key: a crash leaves neither, so
there is no key that stays "in flight" for ever.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.db import transaction
from django.http import HttpResponse, HttpResponseBase
from django.utils.translation import gettext as _
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.problems import CONTENT_TYPE, Problem, unprocessable
from core.bulk import fetch_all
from core.models import StoredResponse

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
LONGEST_KEY = 200

Handler = Callable[..., HttpResponseBase]
Fingerprint = Callable[[Request], bytes]


def _body_of(request: Request) -> bytes:
    body: bytes = request._request.body  # noqa: SLF001 - DRF hides the raw body once it has parsed it
    return body


def idempotent(handler: Handler, fingerprint: Fingerprint = _body_of) -> Handler:
    """A view's method that honours `Idempotency-Key`; `fingerprint` is what makes two calls the same."""

    @wraps(handler)
    def wrapper(view: Any, request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        key = request.headers.get(HEADER)
        if key is None:
            return handler(view, request, *args, **kwargs)
        if not (1 <= len(key) <= LONGEST_KEY and key.isascii() and key.isprintable()):
            raise unprocessable(HEADER, "invalid", _("An Idempotency-Key has 1 to %d plain characters.") % LONGEST_KEY)
        digest = _digest(request, fingerprint(request))
        with transaction.atomic():
            stored = _stored(principal_of(request), key, digest)
            if stored is not None:
                return stored
            response = handler(view, request, *args, **kwargs)
            return _store(principal_of(request), key, digest, response)

    return wrapper


def principal_of(request: Request) -> str:
    """Who calls: one token or one user."""
    if request.auth is not None:
        return f"token:{request.auth.pk}"
    return f"user:{request.user.pk}"


def _digest(request: Request, content: bytes) -> str:
    head = f"{request.method} {request.path} {request.content_type}".encode()
    return hashlib.sha256(head + b"\0" + content).hexdigest()


def _stored(principal: str, key: str, digest: str) -> HttpResponse | None:
    """The answer given before, or None when this call is the first; raises 409."""
    name = f"{principal} {key}"
    [(locked,)] = fetch_all("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [name])
    if not locked:
        raise Problem(409, _("A call with this Idempotency-Key is still running."), headers={"Retry-After": "1"})
    stored = StoredResponse.objects.filter(principal=principal, key=key).first()
    if stored is None:
        return None
    if stored.request_hash != digest:
        raise Problem(409, _("This Idempotency-Key was used with another request. Use a new key."))
    status = stored.status or 200
    kind = CONTENT_TYPE if status >= 400 else "application/json"
    return HttpResponse(bytes(stored.body or b""), status=status, content_type=kind, headers={REPLAYED: "true"})


def _store(principal: str, key: str, digest: str, response: HttpResponseBase) -> HttpResponseBase:
    rendered = JSONRenderer().render(response.data) if isinstance(response, Response) else None
    body = getattr(response, "content", b"") if rendered is None else rendered
    StoredResponse.objects.create(
        principal=principal, key=key, request_hash=digest, status=response.status_code, body=body
    )
    return response
