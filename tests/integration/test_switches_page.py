"""Kill switches in the back office."""

from __future__ import annotations

import pytest
from django.test import Client

from core.models import Act, User
from decisions.models import KillSwitch

pytestmark = pytest.mark.django_db
ADD = "/admin/decisions/killswitch/add/"


@pytest.fixture
def browser() -> Client:
    client = Client()
    boss = User.objects.create_superuser("mara", "mara@example.com", "a long enough word")
    client.force_login(boss, backend="django.contrib.auth.backends.ModelBackend")
    return client


def throw(browser: Client, why: str) -> int:
    return browser.post(ADD, {"scope": "type", "value": "churn_risk", "is_off": "on", "why": why}).status_code


def test_a_thrown_switch_is_on_record(browser: Client) -> None:
    assert throw(browser, "Scores look odd.") == 302
    assert KillSwitch.objects.get(scope="type", value="churn_risk").is_off
    act = Act.objects.get(verb="switched_off")
    assert (act.by and act.by.username, act.why) == ("mara", "Scores look odd.")


def test_a_switch_needs_a_reason(browser: Client) -> None:
    assert throw(browser, " ") == 200
    assert not KillSwitch.objects.filter(is_off=True).exists()


def test_a_switch_can_be_put_back_but_not_deleted(browser: Client) -> None:
    throw(browser, "Scores look odd.")
    switch = KillSwitch.objects.get(scope="type", value="churn_risk")
    page = f"/admin/decisions/killswitch/{switch.pk}/"
    assert browser.post(page + "delete/", {"post": "yes"}).status_code == 403
    assert browser.post(page + "change/", {"why": ""}).status_code == 302
    switch.refresh_from_db()
    assert not switch.is_off
    assert Act.objects.filter(verb="switched_on").count() == 1
