"""What is written on a task in between: for colleagues only, or of a call, which its account counts as a touch."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from accounts.models import Activity
from core.bulk import database_now
from cx_ops.account_timeline import load_timeline
from playbooks.models import Task, TaskNote
from playbooks.services.tasks import skip_task
from tests.factories import make_user
from tests.floor import Floor, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(floor: Floor) -> Client:
    client = Client()
    client.force_login(floor.ana, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_a_call_told_on_the_task_is_a_touch_of_the_account(floor: Floor, desk: Client) -> None:
    task = floor.task()
    answer = desk.post(f"/tasks/{task.pk}/notes/", {"kind": "call", "text": "They will stay.\nPrice was the reason."})
    assert answer.status_code == 302
    [activity] = Activity.objects.all()
    assert (activity.kind, activity.summary, activity.body) == ("call", "They will stay.", "Price was the reason.")
    assert activity.by == floor.ana
    task.refresh_from_db()
    assert task.touched_at is not None
    assert "Call · " in desk.get(f"/tasks/{task.pk}/").content.decode()
    titles = [entry.title for entry in load_timeline(floor.account).entries]
    assert "They will stay." in titles
    assert "Note on the task" not in titles


@pytest.mark.parametrize("kind", ["", "usage"])
def test_a_note_only_touches_no_account(floor: Floor, desk: Client, kind: str) -> None:
    task = floor.task()
    desk.post(f"/tasks/{task.pk}/notes/", {"kind": kind, "text": "Asked Kai."})
    assert not Activity.objects.exists()
    assert TaskNote.objects.count() == (0 if kind else 1)


def test_whoever_may_act_can_write_notes_while_a_colleague_works_on_it(floor: Floor) -> None:
    task = floor.task()
    page = signed_in(floor.lead).get(f"/tasks/{task.pk}/")
    assert (page.context["may_act"], page.context["may_note"]) == (True, True)
    Task.objects.update(claimed_by=floor.ana, claimed_until=database_now() + timedelta(minutes=9))
    body = signed_in(floor.lead).get(f"/tasks/{task.pk}/").content.decode()
    assert "you can read and write notes" in body
    assert f'action="/tasks/{task.pk}/notes/"' in body
    assert f'action="/tasks/{task.pk}/close/"' not in body
    stranger = signed_in(make_user("ida", role="leader")).get(f"/tasks/{task.pk}/").content.decode()
    assert f'action="/tasks/{task.pk}/notes/"' not in stranger


def test_what_changed_this_minute_changed_just_now(floor: Floor) -> None:
    task = floor.task()
    skip_task(task_id=task.pk, by=floor.lead, reason="Later.", now=database_now())
    Task.objects.update(version=2)
    refused = signed_in(floor.ana).post(f"/tasks/{task.pk}/close/", {"version": 1, "outcome": "risk_resolved"})
    assert refused.status_code == 409
    assert "Changed by lena just now: skipped." in refused.content.decode()
