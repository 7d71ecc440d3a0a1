"""What somebody sets about themselves: zone, hours, theme, keys, days away."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from core.models import Absence, BusinessCalendar, User
from tests.factories import make_team, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana(db: None) -> User:
    return make_user("ana")


@pytest.fixture
def client(ana: User) -> Client:
    client = Client()
    client.force_login(ana)
    return client


def filled(**fields: Any) -> dict[str, Any]:
    return {"timezone": "Europe/Lisbon", "calendar": "", "theme": "dark", "single_keys": "on"} | fields


def test_preferences_are_kept(client: Client, ana: User) -> None:
    calendar = BusinessCalendar.objects.create(name="Lisbon", timezone="Europe/Lisbon")
    answer = client.post(reverse("preferences"), filled(calendar=str(calendar.pk), single_keys=""))
    assert answer.status_code == 302
    assert answer.cookies["theme"].value == "dark"
    ana.refresh_from_db()
    assert (ana.timezone, ana.calendar, ana.single_keys) == ("Europe/Lisbon", calendar, False)
    assert 'data-keys="off"' in client.get(reverse("preferences")).content.decode()


def test_a_zone_that_there_is_not_is_refused(client: Client, ana: User) -> None:
    answer = client.post(reverse("preferences"), filled(timezone="Lisbon"))
    assert answer.status_code == 422
    assert "Choose one from the list" in answer.content.decode()
    ana.refresh_from_db()
    assert ana.timezone == "UTC"


def test_days_away_and_back(client: Client, ana: User) -> None:
    today = timezone.localdate()
    days = {"first_day": today.isoformat(), "last_day": (today + timedelta(days=3)).isoformat(), "note": "Leave"}
    assert client.post(reverse("own_absence"), days | {"last_day": "2020-01-01"}).status_code == 422
    assert client.post(reverse("own_absence"), {}).status_code == 422
    assert client.post(reverse("own_absence"), days).status_code == 302
    absence = Absence.objects.get(user=ana)
    assert not User.objects.available_at(timezone.now()).filter(pk=ana.pk).exists()
    assert "Leave" in client.get(reverse("preferences")).content.decode()
    client.post(reverse("own_absence_end"), {"absence": absence.pk})
    assert User.objects.available_at(timezone.now()).filter(pk=ana.pk).exists()


def test_it_is_told_who_takes_new_work_meanwhile(client: Client, ana: User) -> None:
    page = reverse("preferences")
    ana.team = make_team("North", lead=make_user("lena"))
    ana.save()
    assert "On yours, and on shared ones, it goes to lena." in client.get(page).content.decode()
    for name in ("bea", "cy"):
        make_user(name, team=ana.team, in_pool=True)
    told = "it goes to bea or cy, whoever has least open. If none of them is here, to lena."
    assert told in client.get(page).content.decode()


def test_nobody_ends_the_absence_of_another(client: Client) -> None:
    now = timezone.now()
    absence = Absence.objects.create(user=make_user("bea"), active_from=now, active_to=now + timedelta(days=1))
    for wanted in (str(absence.pk), "nonsense", ""):
        assert client.post(reverse("own_absence_end"), {"absence": wanted}).status_code == 302
    absence.refresh_from_db()
    assert absence.active_to == now + timedelta(days=1)
