"""Alerts: for whom they are, and where each leads."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse

from core.models import Alert
from core.services import raise_alert
from core.views.alerts import WHERE_TO
from tests.factories import NOW, make_team
from tests.floor import Floor, signed_in

pytestmark = pytest.mark.django_db


def test_an_alert_leads_to_what_it_is_about(floor: Floor) -> None:
    client = signed_in(floor.lead)
    for kind in [*WHERE_TO, "unheard-of"]:
        raise_alert(kind, f"About {kind}.", on_day=NOW.date(), now=NOW, team_id=floor.team.pk)
    raise_alert("capped", "Another team's.", on_day=NOW.date(), now=NOW, team_id=make_team("West").pk)
    page = client.get(reverse("alerts"))
    urls = {told.alert.kind: url for told, url in page.context["alerts"]}
    assert urls.pop("unheard-of") == ""
    assert {client.get(url).status_code for url in urls.values()} == {200}
    assert "Another team" not in page.content.decode()


def test_all_are_marked_as_seen(floor: Floor) -> None:
    raise_alert("capped", "Ana: 3 in Later.", on_day=NOW.date(), now=NOW, team_id=floor.team.pk)
    signed_in(floor.lead).post(reverse("alerts"))
    assert Alert.objects.get().seen_at is not None


def test_the_same_on_several_days_is_one_line(floor: Floor) -> None:
    for day in range(3):
        at = NOW - timedelta(days=day)
        raise_alert("flood", f"{day} insights at once.", on_day=at.date(), now=at, team_id=floor.team.pk)
    raise_alert("late_touch", "Two are late.", on_day=NOW.date(), now=NOW, team_id=floor.team.pk)
    client = signed_in(floor.lead)
    told = {one.alert.kind: one for one, _ in client.get(reverse("alerts")).context["alerts"]}
    assert {kind: len(one.earlier) for kind, one in told.items()} == {"flood": 2, "late_touch": 0}
    assert told["flood"].alert.text == "0 insights at once."
    assert "also on 2 earlier days" in client.get(reverse("team")).content.decode()
