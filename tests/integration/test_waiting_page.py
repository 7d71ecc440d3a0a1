"""Waiting on the customer, from the task's page."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.test import Client

from core.bulk import database_now
from playbooks.models import Task
from tests.floor import Floor


@pytest.fixture
def floor(db: None) -> Floor:
    return Floor()


@pytest.fixture
def browser(floor: Floor) -> Client:
    client = Client()
    client.force_login(floor.ana, backend="django.contrib.auth.backends.ModelBackend")
    return client


def wait(browser: Client, task: Task, day: date | str) -> Task:
    """Send the form; the task as it then is."""
    browser.post(
        f"/tasks/{task.pk}/wait/", {"version": task.version, "next_step_on": str(day), "note": "They ask legal."}
    )
    task.refresh_from_db()
    return task


def test_it_waits_until_the_day_that_was_chosen(browser: Client, floor: Floor) -> None:
    day = (database_now() + timedelta(days=3)).date()
    task = wait(browser, floor.task(), day)
    assert (task.status, task.next_step_on) == ("waiting", day)
    assert task.notes.get().text == "Paused for the customer: They ask legal."


@pytest.mark.parametrize("day", ["", "2001-01-01", "soon"])
def test_a_day_that_cannot_be_changes_nothing(browser: Client, floor: Floor, day: str) -> None:
    task = floor.task()
    answer = browser.post(f"/tasks/{task.pk}/wait/", {"version": task.version, "next_step_on": day, "note": "x"})
    assert answer.status_code == 422
    task.refresh_from_db()
    assert (task.status, task.version) == ("open", 1)


@pytest.mark.parametrize(("deed", "said"), [("snooze", "Snoozed by {} until"), ("wait", "{} paused it")])
def test_who_put_it_off_is_named_to_others(browser: Client, floor: Floor, deed: str, said: str) -> None:
    task, other = floor.task(), Client()
    other.force_login(floor.lead, backend="django.contrib.auth.backends.ModelBackend")
    day = str((database_now() + timedelta(days=3)).date())
    form = {"version": task.version, "next_step_on": day, "note": "x", "preset": "day", "day": day, "reason": "x"}
    assert browser.post(f"/tasks/{task.pk}/{deed}/", form).status_code == 302
    assert said.format(floor.ana) in other.get(f"/tasks/{task.pk}/").content.decode()
    assert said.format(floor.ana) not in browser.get(f"/tasks/{task.pk}/").content.decode()


def test_the_list_that_is_shown_keeps_its_tab_though_its_task_leaves_the_lane(browser: Client, floor: Floor) -> None:
    task = wait(browser, floor.task(), (database_now() + timedelta(days=3)).date())
    form = {"version": task.version, "lane": "waiting"}
    answer = browser.post(f"/tasks/{task.pk}/resume/", form, headers={"HX-Request": "true"})
    task.refresh_from_db()
    assert task.lane != "waiting"
    assert [str(tab["label"]) for tab in answer.context["lanes"] if tab["current"]] == ["Waiting"]
    assert '<input type="hidden" name="lane" value="waiting">' in answer.content.decode()


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
def test_an_empty_note_is_refused_in_the_page(browser: Client, floor: Floor, headers: dict[str, str]) -> None:
    answer = browser.post(f"/tasks/{floor.task().pk}/notes/", {"text": " "}, headers=headers)
    assert (answer.status_code, "Write the note first." in answer.content.decode()) == (422, True)
