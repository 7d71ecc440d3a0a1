"""What is written on a task in between: for colleagues only, or of a call, which its account counts as a touch."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import Activity
from cx_ops.account_timeline import load_timeline
from playbooks.models import TaskNote
from tests.floor import Floor

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
