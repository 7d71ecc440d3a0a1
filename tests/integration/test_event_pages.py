"""Events where people see them: an account's timeline and page, and the quarantine."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Event
from core.models import Act
from cx_ops.account_timeline import load_timeline
from intake.models import Quarantined, Shipment
from tests.factories import make_account, make_contact, make_user
from tests.floor import Floor, signed_in
from tests.senders import Sender, track

pytestmark = pytest.mark.django_db


@pytest.fixture
def account(floor: Floor) -> Any:
    return make_account("Globex", external_id="GLX", source=floor.source, csm=floor.ana)


@pytest.fixture
def sender(floor: Floor) -> Sender:
    return Sender(floor.source)


@pytest.fixture
def ops(db: None) -> Client:
    return signed_in(make_user("olga", role="ops"))


def send(sender: Sender, days_ago: int, *names: str) -> None:
    said = timezone.now().replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=days_ago)
    known = Event.objects.count()
    sender.batch(
        *(
            track(f"{known + n}", event=name, groupId="GLX", timestamp=(said - timedelta(minutes=n)).isoformat())
            for n, name in enumerate(names)
        )
    )


def test_everything_tells_a_day_and_behaviour_each_event_of_it(account: Any, sender: Sender) -> None:
    send(sender, 1, "Report opened", "Report opened", "Export started")
    send(sender, 2, "Login")
    whole = [(entry.title, entry.text) for entry in load_timeline(account).entries]
    assert whole == [("3 events", "Report opened 2 · Export started 1"), ("Login", "")]
    each = [entry.title for entry in load_timeline(account, kind="behaviour").entries]
    assert each == ["Report opened, 2 times", "Export started", "Login"]


def test_pages_of_behaviour_leave_nothing_out_and_nothing_twice(account: Any, sender: Sender, monkeypatch: Any) -> None:
    monkeypatch.setattr("accounts.queries.behaviour.READ", 7)
    for day in range(1, 9):
        send(sender, day, "A", "B", "C")
    told, before = [], ""
    for _ in range(20):
        page = load_timeline(account, kind="behaviour", before=before, shown=2)
        told += [(entry.at, entry.title) for entry in page.entries]
        before = page.older
        if not before:
            break
    assert len(told) == len(set(told)) == 24
    assert told == sorted(told, key=lambda one: one[0], reverse=True)


def test_the_page_counts_by_event_and_says_who_was_seen(floor: Floor, account: Any, sender: Sender) -> None:
    contact = make_contact(account, "Cy Seen", source_id=floor.source.id, external_id="u1")
    send(sender, 1, "Report opened", "Report opened")
    send(sender, 40, "Report opened")
    page = signed_in(floor.ana).get(f"/accounts/{account.pk}/").content.decode()
    assert 'id="behaviour"' in page
    assert "2 events were sent, a part of what they do; 1 in the 30 days before." in page
    assert Event.objects.filter(contact=contact).count() == 3
    assert "· in the product" in page


def test_another_teams_events_are_not_seen(floor: Floor, account: Any, sender: Sender) -> None:
    send(sender, 1, "Report opened")
    stranger = make_user("stan")
    assert not Event.objects.visible_to(stranger).exists()
    assert Event.objects.visible_to(floor.ana).exists()


# ── Quarantine ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_quarantine_says_why_and_shows_it_as_it_came(ops: Client, sender: Sender) -> None:
    assert "Every message was taken." in ops.get("/quarantine/").content.decode()
    sender.batch({"type": "<script>", "userId": "u1"})
    page = ops.get("/quarantine/").content.decode()
    assert "type must be one of" in page
    assert "&lt;script&gt;" in page
    assert "<script>" not in page.split("<main", 1)[1].split("</main", 1)[0]
    source = ops.get(f"/sources/{sender.source.slug}/").content.decode()
    assert f"/quarantine/?source={sender.source.slug}" in source


def test_replaying_takes_what_fits_and_says_what_stays(ops: Client, sender: Sender) -> None:
    sender.batch({"type": "dance", "userId": "u1"}, track(timestamp="2200-01-01T00:00:00Z"))
    Quarantined.objects.filter(code="in_future").update(payload='{"type": "track", "event": "x", "userId": "u1"}')
    came = Shipment.objects.count()
    page = ops.post("/quarantine/replay/", {"all": "1"}, follow=True).content.decode()
    assert Shipment.objects.count() == came, "a replay is no call of its source"
    assert "1 message is taken now." in page
    assert "1 stays: type must be one of" in page
    assert Event.objects.count() == 1
    assert Act.objects.filter(verb="quarantine_replayed").count() == 1


def test_discarding_wants_words_and_can_take_all_of_a_reason(ops: Client, sender: Sender) -> None:
    sender.batch({"type": "dance"}, {"type": "sing"}, {"type": "track", "event": "x"})
    row = Quarantined.objects.filter(code="required").get()
    page = ops.post("/quarantine/discard/", {"id": [row.pk], "why": ""}, follow=True).content.decode()
    assert "Say why they are not needed" in page
    chosen = {"all": "1", "code": "unknown_type", "source": sender.source.slug, "why": "Their test."}
    page = ops.post("/quarantine/discard/", chosen, follow=True).content.decode()
    assert "2 messages are discarded." in page
    assert Quarantined.objects.filter(settled_at=None).get() == row


@pytest.mark.parametrize("ids", [[], ["x"], ["99999999999999999999"], ["-1"], ["12345"]])
def test_nothing_chosen_changes_nothing(ops: Client, ids: list[str]) -> None:
    for what in ("replay", "discard"):
        answer = ops.post(f"/quarantine/{what}/", {"id": ids, "why": "x"}, follow=True)
        assert "Choose at least one" in answer.content.decode()
