"""What a line of the queue says: worth and urgency, until when it is snoozed, and whose account it is about."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.enums import AccountRole
from accounts.models import AccountPerson
from core.models import Absence, Organisation
from tests.factories import NOW
from tests.floor import Floor
from tests.integration.test_queue_page import client_of, fill

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(floor: Floor) -> Client:
    return client_of(floor.ana)


def test_worth_is_money_and_urgency_stands_beside_it(desk: Client, floor: Floor) -> None:
    Organisation.objects.update(reporting_currency="USD")
    parts = [
        ["revenue exposed", "100000", ""], ["probability", "0.73", ""], ["share that acting changes", "0.25", ""],
        ["urgency", "1.5", ""],
    ]  # fmt: skip
    fill(floor, 1, priority_parts=parts)
    product = "Acting is worth $18k: $100k × 73 % × 25 %"
    page = desk.get("/queue/")
    assert product in page.content.decode()
    assert page.context["rows"][0].meta == ["worth $18k", "urgency: × 1.5"]
    task = desk.get(f"/tasks/{page.context['rows'][0].id}/").content.decode()
    assert '<p class="big-number">$18k</p>' in task
    assert "In a queue it counts × 1.5, for urgency" in task


def test_a_task_on_somebody_elses_account_says_whose_it_is(floor: Floor) -> None:
    fill(floor, 1, assignee=floor.bea)
    [row] = client_of(floor.bea).get("/queue/").context["rows"]
    assert row.meta[-1] == f"{floor.ana}’s account"
    away = Absence.objects.create(
        user=floor.ana, active_from=timezone.now() - timedelta(days=1), active_to=timezone.now() + timedelta(days=3)
    )
    [row] = client_of(floor.bea).get("/queue/").context["rows"]
    assert row.meta[-1] == f"for {floor.ana}, away until {away.last_day:%-d %b}"
    AccountPerson.objects.filter(account=floor.account).delete()
    [row] = client_of(floor.bea).get("/queue/").context["rows"]
    assert row.meta[-1] == "shared account, nobody’s own"
    AccountPerson.objects.create(account=floor.account, role=AccountRole.SPONSOR, user=floor.bea)
    [row] = client_of(floor.bea).get("/queue/").context["rows"]
    assert not any("account" in words for words in row.meta)


def test_a_snoozed_line_says_until_when(floor: Floor, desk: Client) -> None:
    until = NOW + timedelta(days=20)
    fill(floor, 1, lane="waiting", status="snoozed", snoozed_until=until)
    [row] = desk.get("/queue/?lane=waiting").context["rows"]
    assert row.state == f"Snoozed until {until:%-d %b}"


def test_who_was_asked_before_it_came_to_somebody_stands_above_the_task(floor: Floor) -> None:
    AccountPerson.objects.filter(account=floor.account).delete()
    task = floor.task()
    page = client_of(task.assignee).get(f"/tasks/{task.pk}/").content.decode()
    assert "Customer success manager of the account: nobody; so it went to the pool of" in page
