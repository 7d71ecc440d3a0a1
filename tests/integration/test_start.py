"""The first day: an empty system leads whoever can fill it to what to bring."""

from __future__ import annotations

import pytest

from core.enums import Role
from tests.factories import make_account, make_user
from tests.floor import signed_in

pytestmark = pytest.mark.django_db


def test_an_empty_system_says_what_to_bring() -> None:
    for role in (Role.OPS, Role.MANAGER):
        assert signed_in(make_user(role=role)).get("/")["Location"] == "/start/"
    assert signed_in(make_user(role=Role.CSM)).get("/")["Location"] != "/start/"


def test_what_is_there_is_ticked_and_the_next_step_stands_out() -> None:
    client = signed_in(make_user(role=Role.OPS))
    page = client.get("/start/").content.decode()
    assert 'class="button primary" href="/imports/?kind=accounts"' in page
    make_account()
    page = client.get("/start/").content.decode()
    assert 'class="button primary" href="/imports/?kind=scores"' in page
    assert client.get("/")["Location"] != "/start/"
    assert '<option value="scores" selected>' in client.get("/imports/?kind=scores").content.decode()
