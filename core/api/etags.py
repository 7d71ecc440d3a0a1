"""Edits that must name the version they change: `ETag` out, `If-Match` in."""

from __future__ import annotations

from django.utils.translation import gettext as _
from rest_framework.request import Request

from core.api.problems import Problem


def etag_of(version: int | str) -> str:
    """The ETag of a version of a row."""
    return f'"{version}"'


def check_if_match(request: Request, version: int | str) -> None:
    """Raise 428 where `If-Match` is missing, 412 where it names another version than the current one."""
    given = request.headers.get("If-Match")
    if given is None:
        raise Problem(428, _("Say which version you change: send its ETag in If-Match."))
    tags = [tag.strip().removeprefix("W/") for tag in given.split(",")]
    if etag_of(version) not in tags and "*" not in tags:
        raise Problem(412, _("This was changed in the meantime. Read it again, then repeat your change."))
