"""The browsers of the benchmark: signed-in people."""

from __future__ import annotations

from uuid import UUID

from django.test import Client as Browser

from core.models import User

BACKEND = "django.contrib.auth.backends.ModelBackend"


def signed_in(user_id: UUID) -> dict[str, str]:
    """Headers with the session of a person, as after a log-in."""
    browser = Browser()
    browser.force_login(User.objects.get(id=user_id), backend=BACKEND)
    cookies = "; ".join(f"{name}={morsel.value}" for name, morsel in browser.cookies.items())
    return {"Cookie": cookies, "Host": "localhost"}
