"""Sessions end by themselves: after idling, after a day's work, and when the person has left."""

from __future__ import annotations

import time

import pytest
from django.test import Client

from core.models import User
from tests.factories import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser() -> Client:
    client = Client()
    client.force_login(make_user("ana"), backend="django.contrib.auth.backends.ModelBackend")
    assert signed_in(client)
    return client


def signed_in(client: Client) -> bool:
    return client.get("/queue/").status_code == 200


def backdate(client: Client, key: str, seconds: int) -> None:
    session = client.session
    session[key] = int(time.time()) - seconds
    session.save()


@pytest.mark.parametrize(("key", "seconds", "still_in"), [
    ("seen_at", 59 * 60, True),
    ("seen_at", 61 * 60, False),
    ("began_at", 11 * 60 * 60, True),
    ("began_at", 13 * 60 * 60, False),
])  # fmt: skip
def test_limits(browser: Client, key: str, seconds: int, still_in: bool) -> None:
    backdate(browser, key, seconds)
    assert signed_in(browser) is still_in


def test_a_request_keeps_the_session_awake(browser: Client) -> None:
    backdate(browser, "seen_at", 50 * 60)
    assert signed_in(browser)
    assert browser.session["seen_at"] >= int(time.time()) - 5


def test_a_leaver_is_signed_out(browser: Client) -> None:
    User.objects.update(is_active=False)
    assert not signed_in(browser)
