"""Digests: only to who wants one, once a working day of theirs, in their zone, as text and HTML; never to the away."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail
from django.urls import reverse

from core.models import Absence, BusinessCalendar, User
from playbooks.models import Effect, Task
from playbooks.services import send_effects
from playbooks.services.digests import write_digests
from playbooks.services.tasks import snooze_task
from playbooks.services.ticks import wake_snoozed
from tests.factories import NOW, make_user
from tests.floor import Floor, signed_in

MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.fixture
def floor(db: None) -> Floor:
    return Floor()


def want(user: User, how: str, **fields: object) -> None:
    User.objects.filter(pk=user.pk).update(digest=how, **fields)


def test_nobody_is_told_who_did_not_ask(floor: Floor) -> None:
    floor.task()
    assert write_digests(NOW) == 0


def test_what_is_in_now_due_and_back_with_one_is_told_once(floor: Floor) -> None:
    want(floor.ana, "daily")
    floor.task()
    other = floor.task(account=floor.new_account("Bluebell Dental"))
    snooze_task(task_id=other.pk, by=floor.ana, version=other.version, until=NOW + timedelta(hours=1), now=NOW)
    later = NOW + timedelta(hours=2)
    wake_snoozed(later)
    Task.objects.filter(pk=other.pk).update(lane="today", due_at=NOW + timedelta(days=9))
    assert write_digests(later) == 1
    assert write_digests(later + timedelta(minutes=1)) == 0
    effect = Effect.objects.get(to=floor.ana)
    assert effect.subject == "Your day: 1 in Now, 0 more due today"
    for text in (effect.body, effect.html):
        assert text.index("Acme") < text.index("Back with you") < text.index("Bluebell Dental")
    assert 'bgcolor="#' in effect.html
    send_effects(later)
    send_effects(later)
    [message] = mail.outbox
    assert message.to == [floor.ana.email]
    assert [kind for _body, kind in message.alternatives] == ["text/html"]  # type: ignore[attr-defined]
    ops = signed_in(make_user("otto", role="ops"))
    assert "The digest “<strong>Your day" in ops.get(reverse("audit")).content.decode()


@pytest.mark.parametrize(
    ("zone", "at", "told"),
    [
        ("UTC", MONDAY - timedelta(minutes=1), 0),
        ("UTC", MONDAY, 1),
        ("Asia/Tokyo", MONDAY - timedelta(hours=9), 1),
        ("America/New_York", MONDAY, 0),
        ("UTC", MONDAY + timedelta(hours=8), 0),
        ("UTC", MONDAY - timedelta(days=1), 0),
    ],
)
def test_it_comes_when_their_own_day_begins(floor: Floor, zone: str, at: datetime, told: int) -> None:
    want(floor.ana, "daily", timezone=zone)
    assert write_digests(at) == told


def test_a_holiday_and_an_absence_are_quiet(floor: Floor) -> None:
    calendar = BusinessCalendar.objects.create(name="UTC", holidays=[MONDAY.date()])
    want(floor.ana, "daily", calendar=calendar)
    want(floor.bea, "daily")
    Absence.objects.create(user=floor.bea, active_from=MONDAY, active_to=MONDAY + timedelta(days=1))
    assert write_digests(MONDAY) == 0
    assert write_digests(MONDAY + timedelta(days=1)) == 2


def test_once_a_week_is_on_its_first_working_day(floor: Floor) -> None:
    calendar = BusinessCalendar.objects.create(name="UTC", holidays=[MONDAY.date()])
    want(floor.ana, "weekly", calendar=calendar)
    want(floor.bea, "weekly")
    days = [MONDAY + timedelta(days=day) for day in range(8)]
    assert [write_digests(day) for day in days] == [1, 1, 0, 0, 0, 0, 0, 2]


def test_it_is_chosen_under_preferences(floor: Floor) -> None:
    client = signed_in(floor.ana)
    page = client.get(reverse("preferences")).content.decode()
    assert "Digest by e-mail" in page
    data = {"timezone": "UTC", "theme": "auto", "single_keys": "on", "digest": "weekly"}
    assert client.post(reverse("preferences"), data).status_code == 302
    assert User.objects.get(pk=floor.ana.pk).digest == "weekly"
