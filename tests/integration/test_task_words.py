"""What a task's page, its row and its dialogs say, by who reads them and what was done."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Consent
from accounts.queries.people import people_of, records_of
from decisions.queries.claims import own_words
from insights.models import Insight
from playbooks.models import Task
from playbooks.services.tasks import add_note, take_over_task
from tests.factories import make_contact
from tests.floor import Floor, signed_in

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def ana(floor: Floor) -> Client:
    return signed_in(floor.ana)


def beyond_the_cap(floor: Floor) -> Task:
    """A signal that waits in Later for its owner's day: nothing is due."""
    task = floor.task()
    far = timezone.now() + timedelta(days=60)
    Task.objects.filter(pk=task.pk).update(lane="later", acknowledge_by=None, touch_by=None, due_at=far, expires_at=far)
    task.refresh_from_db()
    return task


def day(ahead: int) -> str:
    return str((timezone.now() + timedelta(days=ahead)).date())


def form(task: Task, **more: Any) -> dict[str, Any]:
    return {"version": task.version, "lane": task.lane, "preset": "day", "day": day(3), "next_step_on": day(3)} | more


def test_a_deadline_begins_with_the_work_and_says_so(floor: Floor, ana: Client) -> None:
    task = beyond_the_cap(floor)
    ana.post(f"/tasks/{task.pk}/snooze/", form(task, reason="They decide in a week."))
    assert "no deadline yet" in ana.get(f"/tasks/{task.pk}/").content.decode()
    add_note(task_id=task.pk, by=floor.ana, text="Called them.", now=timezone.now())
    page = ana.get(f"/tasks/{task.pk}/").content.decode()
    assert "no deadline yet" not in page
    assert "begun, due in" in page
    assert f"Begun {timezone.localtime():%-d %b}, to be done by" in page


GONE = {
    "snooze": ({"reason": "They decide in a week."}, "Snoozed until"),
    "wait": ({"note": "They send the form."}, "Waiting until"),
    "hand-over": ({"note": "You know them."}, "With bea"),
}


@pytest.mark.parametrize("deed", GONE)
def test_a_row_that_left_its_list_looks_gone_and_says_where_to(floor: Floor, ana: Client, deed: str) -> None:
    fields, said = GONE[deed]
    task = floor.task()
    sent = form(task, to=str(floor.bea.pk), **fields)
    answer = ana.post(f"/tasks/{task.pk}/{deed}/", sent, headers=HTMX).content.decode()
    [row] = [part.split("</li>")[0] for part in answer.split("<li ")[1:] if f'id="task-{task.pk}"' in part]
    assert 'class="row done"' in row
    assert said in row
    assert 'name="order"' not in row
    task.refresh_from_db()
    back = ana.post(f"/tasks/{task.pk}/undo/", {"version": task.version, "lane": "now"}, headers=HTMX).content.decode()
    assert "row done" not in back


def test_a_skipped_row_stays(floor: Floor, ana: Client) -> None:
    task = floor.task()
    sent = form(task, reason="They are at a fair.")
    answer = ana.post(f"/tasks/{task.pk}/skip/", sent, headers=HTMX).content.decode()
    assert f'id="task-{task.pk}"' in answer
    assert "row done" not in answer


def test_a_conflict_with_oneself_says_that_it_is_one(floor: Floor, ana: Client) -> None:
    task = floor.task()
    add_note(task_id=task.pk, by=floor.ana, text="From the other window.", now=timezone.now())
    sent = form(task, outcome="no_change", note="")
    page = ana.post(f"/tasks/{task.pk}/close/", sent, headers=HTMX).content.decode()
    assert "Changed by you, in another window, just now: given a note." in page
    assert "pressing again here does not help" in page
    lead = signed_in(floor.lead).post(f"/tasks/{task.pk}/close/", sent, headers=HTMX).content.decode()
    assert f"Changed by {floor.ana} just now: given a note." in lead


def test_what_becomes_needed_is_not_called_optional(floor: Floor, ana: Client) -> None:
    task = floor.task()
    page = ana.post(f"/tasks/{task.pk}/close/", form(task, outcome="other", note=""), headers=HTMX)
    assert page.status_code == 422
    label = page.content.decode().split('<label for="id_note">')[1].split("</label>")[0]
    assert "optional" not in label


def test_whoever_took_a_task_over_reads_that_they_work_on_it(floor: Floor, ana: Client) -> None:
    task = floor.task()
    take_over_task(task_id=task.pk, by=floor.lead, note="They called me.", now=timezone.now())
    said = f"instead of {floor.ana}."
    assert said in signed_in(floor.lead).get(f"/tasks/{task.pk}/").content.decode()
    assert said not in ana.get(f"/tasks/{task.pk}/").content.decode()


def test_a_bulk_says_what_becomes_of_them(floor: Floor, ana: Client) -> None:
    task = floor.task()
    sent = {"action": "snooze", "asked": "yes", "task": str(task.pk), "preset": "", "reason": "x"}
    shown = ana.post("/queue/bulk/?lane=now", sent, headers=HTMX).content.decode()
    sent["preset"] = re.findall(r'<option value="(\w+)"', shown)[-1]
    page = ana.post("/queue/bulk/?lane=now", sent, headers=HTMX).content.decode()
    assert "1 task will change: snoozed until" in page
    page = ana.post(
        "/queue/bulk/?lane=now", sent | {"action": "assign", "to": str(floor.bea.pk)}, headers=HTMX
    ).content.decode()
    assert f"1 task will change: handed to {floor.bea}" in page


def test_the_list_that_a_view_keeps_is_named(ana: Client) -> None:
    page = ana.get("/queue/filter/?lane=later&sla=late").content.decode()
    assert "Save as shown now: My queue · Later · Late" in page
    assert '<option value="later" selected>' in page
    refused = ana.post("/queue/views/?lane=later&sla=late", {"name": "", "query": "lane=later&sla=late"})
    assert "Save as shown now: My queue · Later · Late" in refused.content.decode()


def test_a_way_that_was_refused_is_no_link(floor: Floor, ana: Client) -> None:
    contact = make_contact(floor.account, "Dee Example", email="dee@example.com", phone="+44 20 7946 0592", sentiment=2)
    Consent.objects.create(contact=contact, channel="email", state="refused", source_id=uuid4(), at=timezone.now())
    [person] = people_of(records_of([contact.pk]))
    assert person.ways == [("tel:+442079460592", "+44 20 7946 0592")]
    page = ana.get(f"/accounts/{floor.account.pk}/").content.decode()
    assert "mailto:dee@example.com" not in page
    assert "Very happy" in page
    contact.do_not_contact = True
    contact.save()
    assert people_of(records_of([contact.pk]))[0].ways == []


def test_a_person_says_how_sure_they_are_in_words(floor: Floor) -> None:
    insight = Insight.objects.select_related("source").get(pk=floor.insight("0.75").pk)
    assert own_words(insight) == ""
    insight.source.person = floor.ana
    assert own_words(insight) == "Fairly sure"


@pytest.mark.parametrize("deed", ["snooze", "wait"])
def test_a_task_that_was_put_off_asks_no_more_than_others(floor: Floor, ana: Client, deed: str) -> None:
    task = floor.task()
    ana.post(f"/tasks/{task.pk}/{deed}/", form(task, reason="x", note="x"))
    lead = signed_in(floor.lead)
    lead.get(f"/tasks/{task.pk}/")
    for reader in (ana, lead):
        with CaptureQueriesContext(connection) as asked:
            reader.get(f"/tasks/{task.pk}/")
        assert len(asked) <= 12
