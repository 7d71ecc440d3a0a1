"""Errors as `application/problem+json` (RFC 9457), the same for every door of the API."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any, TypedDict

from django.core.exceptions import (
    DisallowedHost,
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
    TooManyFilesSent,
)
from django.db import DatabaseError, InterfaceError, OperationalError, connection
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views.defaults import server_error as html_server_error
from rest_framework import exceptions
from rest_framework.response import Response

log = logging.getLogger(__name__)
CONTENT_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = 5


class ProblemError(TypedDict):
    """One thing that is wrong with one field; an empty field means the whole request."""

    field: str
    code: str
    message: str


class Problem(exceptions.APIException):
    """An answer with a status, a sentence that says what to do, and errors by field."""

    status_code = 422

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        errors: Sequence[ProblemError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status_code = status
        self.errors = list(errors)
        self.headers = dict(headers or {})


def unprocessable(field: str, code: str, message: str) -> Problem:
    """422 for one field."""
    return Problem(422, message, errors=[{"field": field, "code": code, "message": message}])


def problem_body(
    request: HttpRequest | None, status: int, detail: str, errors: Sequence[ProblemError] = ()
) -> dict[str, Any]:
    """The fields of a problem document."""
    return {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "instance": request.path if request else "",
        "request_id": getattr(request, "request_id", ""),
        "errors": list(errors),
    }


def problem_response(
    request: HttpRequest | None,
    status: int,
    detail: str,
    errors: Sequence[ProblemError] = (),
    headers: Mapping[str, str] | None = None,
) -> HttpResponse:
    """A problem document, for code that is not inside a DRF view."""
    body = problem_body(request, status, detail, errors)
    return JsonResponse(body, status=status, content_type=CONTENT_TYPE, headers=dict(headers or {}))


def problem_handler(error: Exception, context: Mapping[str, Any]) -> HttpResponse:
    """DRF's exception handler: every error becomes a problem document."""
    view_request = context.get("request")
    request: HttpRequest | None = getattr(view_request, "_request", view_request)
    found = _as_problem(error)
    if found.status_code >= 500 and found.status_code != 503:
        log.error("request %s failed", getattr(request, "request_id", "?"), exc_info=error)
    body = problem_body(request, found.status_code, str(found.detail), found.errors)
    response = Response(body, status=found.status_code, headers=found.headers)
    response.content_type = CONTENT_TYPE
    return response


def _as_problem(error: Exception) -> Problem:
    if isinstance(error, Problem):
        return error
    if isinstance(error, exceptions.APIException):
        return _from_drf(error)
    if isinstance(error, DatabaseError | InterfaceError):
        return _from_database(error)
    for kind, status, detail in _PLAIN:
        if isinstance(error, kind):
            return Problem(status, _(detail))
    return Problem(500, _("Something went wrong on our side. Quote the request id to your administrator."))


# Order matters: the first class that fits.
_PLAIN: tuple[tuple[type[Exception], int, str], ...] = (
    (Http404, 404, "There is nothing at this address that you may see."),
    (PermissionDenied, 403, "You may not do this."),
    (RequestDataTooBig, 413, "The body is too large. Send the records in several smaller calls."),
    (TooManyFilesSent, 413, "Send one file at a time."),
    (DisallowedHost, 400, "This host name is not served here; see CX_ALLOWED_HOSTS."),
    (SuspiciousOperation, 400, "The request could not be read."),
)


def _from_drf(error: exceptions.APIException) -> Problem:
    headers: dict[str, str] = {}
    challenge = getattr(error, "auth_header", None)
    if challenge:
        headers["WWW-Authenticate"] = challenge
    if isinstance(error, exceptions.Throttled):
        headers["Retry-After"] = str(max(1, int(getattr(error, "wait", None) or 1)))
        return Problem(429, _("Too many requests. Wait as long as Retry-After says."), headers=headers)
    if isinstance(error, exceptions.ValidationError):
        errors = list(_flat(error.get_full_details()))
        detail = errors[0]["message"] if len(errors) == 1 else _("%d fields are wrong.") % len(errors)
        return Problem(422, detail, errors=errors)
    return Problem(error.status_code, str(error.detail), headers=headers)


def _flat(details: Any, path: str = "") -> Iterator[ProblemError]:
    """DRF's nested error details as one list, field names dotted."""
    if isinstance(details, list):
        for item in details:
            yield from _flat(item, path)
    elif set(details) == {"message", "code"} and isinstance(details["code"], str):
        yield {"field": path, "code": details["code"], "message": str(details["message"])}
    else:
        for name, item in details.items():
            inner = "" if name == "non_field_errors" else str(name)
            yield from _flat(item, ".".join(part for part in (path, inner) if part))


def _from_database(error: DatabaseError | InterfaceError) -> Problem:
    if is_away(error):
        headers = {"Retry-After": str(RETRY_AFTER_SECONDS)}
        return Problem(503, _("The database cannot be reached at the moment. Try again soon."), headers=headers)
    return Problem(500, _("Something went wrong on our side. Quote the request id to your administrator."))


def is_away(error: BaseException) -> bool:
    """Whether `error` says that PostgreSQL is away or busy, so that the same call may work later."""
    return isinstance(error, OperationalError | InterfaceError)


def server_error(request: HttpRequest) -> HttpResponse:
    """`handler500` of the site: a problem document under /api/, 503 where PostgreSQL is away, else the page."""
    error = sys.exc_info()[1]
    away = error is not None and is_away(error)
    if request.path.startswith("/api/") and isinstance(error, Exception):
        found = _as_problem(error)
        return problem_response(request, found.status_code, str(found.detail), found.errors, found.headers)
    response = html_server_error(request)
    if away:
        connection.close()
        response.status_code = 503
        response["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response


class ApiProblemsMiddleware:
    """Turns what Django itself answers under /api/ (unknown address, CSRF, bad host) into a problem document."""

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response: HttpResponse = self.get_response(request)
        if response.status_code < 400 or not request.path.startswith("/api/"):
            return response
        if response.get("Content-Type", "").startswith(CONTENT_TYPE):
            return response
        detail = _(_DETAILS.get(response.status_code, "The request could not be done."))
        kept = {name: response[name] for name in ("Allow", "Retry-After") if name in response}
        return problem_response(request, response.status_code, detail, headers=kept)


_DETAILS = {
    400: "The request could not be read.",
    403: "You may not do this. In the browser, reload the page and try again.",
    404: "There is nothing at this address that you may see.",
    405: "This address does not take that method.",
    413: "The body is too large. Send the records in several smaller calls.",
}
