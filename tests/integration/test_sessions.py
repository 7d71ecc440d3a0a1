"""A session ends when nobody uses it, and after its absolute limit."""

from __future__ import annotations

import time

import pytest
from django.conf import settings
from django.test import Client

from core.middleware import BEGAN_AT, SEEN_AT
from core.models import User

HOUR = 3600
PAGE = "/preferences/"


@pytest.fixture
def signed_in(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_user("ana", "ana@example.com", "a long enough word"))
    assert client.get(PAGE).status_code == 200
    return client


def age(client: Client, **marks: int) -> None:
    """Make the session's marks this many seconds old."""
    session = client.session
    session.update({name: int(time.time()) - seconds for name, seconds in marks.items()})
    session.save()


def is_signed_in(client: Client, **headers: str) -> bool:
    return client.get(PAGE, headers=headers).status_code == 200


def test_a_session_in_use_goes_on(signed_in: Client) -> None:
    age(signed_in, **{SEEN_AT: HOUR // 2})
    before = signed_in.session[SEEN_AT]
    assert is_signed_in(signed_in)
    assert signed_in.session[SEEN_AT] > before


def test_an_idle_session_ends(signed_in: Client) -> None:
    age(signed_in, **{SEEN_AT: settings.CX_SESSION_IDLE_SECONDS + 10})
    assert not is_signed_in(signed_in)
    assert not is_signed_in(signed_in)


def test_polls_do_not_keep_a_session(signed_in: Client) -> None:
    age(signed_in, **{SEEN_AT: HOUR // 2})
    before = signed_in.session[SEEN_AT]
    assert is_signed_in(signed_in, **{"HX-PTag": "x"})
    assert signed_in.session[SEEN_AT] == before


def test_a_session_ends_at_its_absolute_limit(signed_in: Client) -> None:
    age(signed_in, **{BEGAN_AT: settings.SESSION_COOKIE_AGE + 10})
    assert not is_signed_in(signed_in)
