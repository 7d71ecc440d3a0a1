"""Alerts: for whom they are, and where each leads."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.urls import reverse

from core.models import Alert
from core.queries import fold_alerts
from core.services import raise_alert
from core.views.alerts import WHERE_TO
from intake.models import Pull
from playbooks.models import Task
from playbooks.queries.standings import ASKED_BY, tell_standings
from playbooks.queries.work import WorkFilter, find_work
from tests.factories import NOW, make_pull, make_team, make_user
from tests.floor import Floor, signed_in

pytestmark = pytest.mark.django_db


def test_an_alert_leads_to_what_it_is_about(floor: Floor) -> None:
    client = signed_in(floor.lead)
    for kind in [*WHERE_TO, *ASKED_BY, "unheard-of"]:
        raise_alert(kind, f"About {kind}.", on_day=NOW.date(), now=NOW, team_id=floor.team.pk)
    raise_alert("capped", "Another team's.", on_day=NOW.date(), now=NOW, team_id=make_team("West").pk)
    page = client.get(reverse("alerts"))
    urls = {told.alert.kind: url for told, url, _now in page.context["alerts"]}
    assert urls.pop("unheard-of") == ""
    assert {client.get(urls[kind]).status_code for kind in WHERE_TO} == {200}
    assert page.content.decode().count("Now none") == len(ASKED_BY)
    assert "Another team" not in page.content.decode()


def test_an_alert_says_what_is_left_of_it_and_leads_to_exactly_that(floor: Floor) -> None:
    names = ("Late", "Acknowledged", "Held", "Nobodys", "Done")
    tasks = {name: floor.task(account=floor.new_account(name)) for name in names}
    ids = {name: Task.objects.filter(pk=task.pk) for name, task in tasks.items()}
    ids["Acknowledged"].update(acknowledged_at=NOW)
    ids["Held"].update(lane="later", acknowledge_by=None, touch_by=None, due_at=NOW + timedelta(days=60))
    ids["Nobodys"].update(assignee=None, acknowledged_at=NOW, touched_at=NOW, due_at=NOW + timedelta(days=60))
    ids["Done"].update(acknowledged_at=NOW, touched_at=NOW, due_at=NOW)
    later = NOW + timedelta(days=9)
    for kind in ASKED_BY:
        raise_alert(kind, f"About {kind}.", on_day=NOW.date(), now=NOW, team_id=floor.team.pk)
        raise_alert(kind, f"About {kind}.", on_day=NOW.date(), now=NOW, team_id=make_team(f"Not {kind}").pk)
    alerts = list(Alert.objects.all())
    told = tell_standings(make_user("noa", role="leader"), alerts, later)
    found = {(alert.kind, alert.team == floor.team): told[alert.pk] for alert in alerts}
    assert {standing.text for (_kind, is_ours), standing in found.items() if not is_ours} == {"Now none"}
    ours = {kind: standing for (kind, is_ours), standing in found.items() if is_ours}
    assert {kind: standing.text for kind, standing in ours.items()} == {
        "late_acknowledge": "Now 1: Late (Ana)",
        "late_touch": "Now 1: Acknowledged (Ana)",
        "capped": "Now 1: Held (Ana)",
        "unassigned": "Now 1: Nobodys",
    }
    for kind, standing in ours.items():
        asked = dict(parse_qsl(urlsplit(standing.url).query))
        [task] = find_work(floor.lead, WorkFilter(**asked), later)
        assert f"Now 1: {task.about}" == standing.text.partition(" (")[0], kind


def test_of_many_only_the_first_are_named(floor: Floor) -> None:
    for n in range(5):
        floor.task(account=floor.new_account(f"Co{n}"))
    raise_alert("late_acknowledge", "5 are late.", on_day=NOW.date(), now=NOW, team_id=floor.team.pk)
    [alert] = Alert.objects.all()
    told = tell_standings(floor.lead, [alert], NOW + timedelta(days=9))[alert.pk].text
    assert told.startswith("Now 5: Co")
    assert told.endswith(" and 2 more")


def test_an_alert_about_one_task_says_how_it_stands(floor: Floor) -> None:
    task = floor.task()
    data = {"task": str(task.pk)}
    raise_alert("second_no_response", "Acme: decide.", on_day=NOW.date(), now=NOW, team_id=floor.team.pk, data=data)
    client = signed_in(floor.lead)
    page = client.get(reverse("alerts")).content.decode()
    assert f'<a href="{reverse("task", args=[task.pk])}">Now open, with Ana</a>' in page
    Task.objects.filter(pk=task.pk).update(status="closed", closed_at=NOW, outcome="lost")
    assert "Now closed" in client.get(reverse("alerts")).content.decode()


def test_an_alert_about_a_fetch_says_how_it_stands(floor: Floor) -> None:
    pull = make_pull(floor.source, floor.lead)
    data = {"pull": str(pull.pk)}
    raise_alert("pull_failed", "It answered 503.", on_day=NOW.date(), now=NOW, team_id=None, data=data)
    client = signed_in(make_user("otto", role="ops"))
    known = (({"failures": 2}, "Now still failing"), ({"failures": 0}, "Now it works"))
    for terms, words in (*known, ({"is_on": False}, "Now switched off")):
        Pull.objects.update(**terms)
        link = f'<a href="{reverse("pull", args=[pull.pk])}">{words}</a>'
        assert link in client.get(reverse("alerts")).content.decode()


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
    told = {one.alert.kind: one for one, _url, _now in client.get(reverse("alerts")).context["alerts"]}
    assert {kind: len(one.earlier) for kind, one in told.items()} == {"flood": 2, "late_touch": 0}
    assert told["flood"].alert.text == "0 insights at once."
    Alert.objects.filter(text="1 insights at once.").update(seen_at=NOW)
    [flood] = [one for one in fold_alerts(Alert.objects.all()) if one.alert.kind == "flood"]
    assert (len(flood.earlier), flood.is_new) == (2, True), "seen or not, it is one line"
    assert "also on 1 earlier day<" in client.get(reverse("team")).content.decode()
