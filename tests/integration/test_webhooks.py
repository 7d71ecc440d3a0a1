"""Webhooks: told once in effect, signed, tried again, replayed, stopped. The reader is a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from core.bulk import database_now, execute
from core.models import Act, Alert
from decisions.models import KillSwitch
from decisions.queries.policies import switches_thrown
from insights.services import retract_insight
from intake.enums import DeliveryStatus, Happening, SourceMode
from intake.models import Announcement, Delivery, FieldPrivacy, Source, Webhook
from intake.queries.sources import list_sources, source_lines
from intake.services import announce, announcing, delivering, send_deliveries, spread_announcements
from intake.services.delivering import message_id
from intake.services.webhooks import (
    WebhookRefused,
    create_webhook,
    replay_delivery,
    replay_failed,
    rotate_secret,
    send_test,
    switch_webhook,
)
from playbooks.services.closing import close_task
from tests.conftest import ApiClient
from tests.factories import NOW, make_allocation, make_hold_out, make_insight, make_source, make_token
from tests.floor import Floor

pytestmark = pytest.mark.django_db
ALL = [each for each in Happening if each != Happening.TEST]


class Reader:
    """The receiving process; `lines` are what it read so far."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        assert process.stdout is not None
        self.port = int(process.stdout.readline())

    def url(self, status: int = 200) -> str:
        return f"http://127.0.0.1:{self.port}/{status}"

    def read(self, count: int) -> list[dict[str, Any]]:
        """The next `count` messages that it read; waits for them."""
        assert self.process.stdout is not None
        return [json.loads(self.process.stdout.readline()) for _ in range(count)]


@contextmanager
def reading(*secrets: str) -> Iterator[Reader]:
    words = [sys.executable, "-m", "tests.receiver", *secrets]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    try:
        yield Reader(process)
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture
def crm(db: None) -> Source:
    return make_source("crm", mode=SourceMode.PROPAGATE)


@pytest.fixture
def subscribe(crm: Source, floor: Floor) -> Callable[..., tuple[Webhook, str]]:
    def make(url: str = "http://127.0.0.1:1/200", *happenings: Happening) -> tuple[Webhook, str]:
        return create_webhook(source=crm, url=url, happenings=happenings or ALL, by=floor.lead, now=NOW)

    return make


def send() -> int:
    spread_announcements(NOW)
    return send_deliveries(NOW, switches=switches_thrown)


def due_now() -> None:
    """Time goes by: what waits is due, what rests has rested."""
    execute("UPDATE intake_delivery SET due_at = clock_timestamp() - interval '1 second' WHERE status = 'due'")
    execute("UPDATE intake_webhook SET resting_until = NULL")


def test_nobody_subscribed_leaves_nothing(floor: Floor, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        announce([floor.account.pk], Happening.ACCOUNT_UPDATED, Happening.ACCOUNT_CREATED, now=NOW)
    floor.task()
    assert not Announcement.objects.exists()


def test_what_happens_reaches_a_real_reader_signed(floor: Floor, subscribe: Any) -> None:
    hook, secret = subscribe()
    api = ApiClient(make_token(floor.source)[1])
    with reading(secret) as reader:
        Webhook.objects.filter(pk=hook.pk).update(url=reader.url())
        task = floor.task()
        api.send("/api/v1/accounts/bulk", [{"external_id": "A1", "name": "Bolt"}])
        api.send("/api/v1/accounts/bulk", [{"external_id": "A1", "name": "Bolt", "tier": "Key"}])
        retract_insight(insight_id=task.decision_id, why="wrong file", by=floor.lead, now=NOW)
        assert send() == 5
        read = {line["body"]["type"]: line for line in reader.read(5)}
    assert {line["verified"][0] for line in read.values()} == {secret}
    assert read["account.created"]["body"]["data"]["external_ids"] == {"house": "A1"}
    assert read["account.updated"]["body"]["data"]["tier"] == "key"
    made = read["decision.made"]["body"]
    assert made["timestamp"] == "2026-03-02T12:00:00Z"
    assert made["data"]["id"] == str(task.decision_id)
    assert (made["data"]["owner"], made["data"]["response"]) == ("ana", "human")
    assert set(Delivery.objects.values_list("status", flat=True)) == {DeliveryStatus.SENT}
    assert read["decision.made"]["id"] == message_id(Delivery.objects.get(happening="decision.made").pk)
    assert send() == 0


def test_an_outcome_is_told(floor: Floor, subscribe: Any) -> None:
    subscribe("http://127.0.0.1:1/200", Happening.OUTCOME_RECORDED)
    task = floor.task()
    close_task(task_id=task.pk, version=task.version, outcome="risk_resolved", by=floor.ana, now=NOW)
    floor.work()
    spread_announcements(NOW)
    [told] = Delivery.objects.all()
    assert json.loads(told.body)["data"]["outcome"] == "risk_resolved"


def test_a_source_is_not_told_of_its_own_writes(floor: Floor, crm: Source, subscribe: Any) -> None:
    subscribe()
    ApiClient(make_token(crm)[1]).send("/api/v1/accounts/bulk", [{"external_id": "A1", "name": "Bolt"}])
    assert Announcement.objects.get().origin_id == crm.pk
    spread_announcements(NOW)
    assert not Delivery.objects.exists()
    floor.source = crm
    floor.insight()
    spread_announcements(NOW)
    assert list(Delivery.objects.values_list("happening", flat=True)) == ["decision.made"]


def test_what_is_held_out_is_told_to_nobody(floor: Floor, subscribe: Any) -> None:
    subscribe()
    insight = make_insight(floor.account, source=floor.source)
    make_allocation(make_hold_out(floor.lead), insight)
    floor.work()
    spread_announcements(NOW)
    assert not Delivery.objects.exists()


def test_a_field_that_stays_is_not_told(floor: Floor, subscribe: Any) -> None:
    subscribe()
    FieldPrivacy.objects.create(field="accounts.arr", privacy="internal", may_leave=False)
    announce([floor.account.pk], Happening.ACCOUNT_UPDATED, now=NOW)
    spread_announcements(NOW)
    told = json.loads(Delivery.objects.get().body)["data"]
    assert (told["name"], "arr" in told) == ("Acme", False)


def test_a_failure_is_tried_again_under_the_same_id(subscribe: Any, floor: Floor) -> None:
    hook, secret = subscribe()
    with reading(secret) as reader:
        Webhook.objects.filter(pk=hook.pk).update(url=reader.url(500))
        made = send_test(hook=hook, by=floor.lead, now=NOW)
        assert send() == 1
        assert send() == 0  # it waits, and its webhook rests
        due_now()
        Webhook.objects.filter(pk=hook.pk).update(url=reader.url(204))
        assert send() == 1
        first, second = reader.read(2)
    assert first["id"] == second["id"] == message_id(made.pk)
    made.refresh_from_db()
    assert (made.status, made.attempts) == (DeliveryStatus.SENT, 2)
    tries = list(made.tries.values_list("status", "answer"))
    assert [status for status, _answer in tries] == [500, 204]
    assert tries[0][1].startswith("said so said so")
    assert "\x1b" not in tries[0][1]


def test_a_reader_may_ask_for_time(subscribe: Any, floor: Floor) -> None:
    hook, secret = subscribe()
    with reading(secret) as reader:
        Webhook.objects.filter(pk=hook.pk).update(url=reader.url(429))
        made = send_test(hook=hook, by=floor.lead, now=NOW)
        send()
    made.refresh_from_db()
    assert made.due_at - database_now() > timedelta(minutes=110)


def test_gone_switches_it_off_and_says_so(subscribe: Any, floor: Floor) -> None:
    hook, secret = subscribe()
    with reading(secret) as reader:
        Webhook.objects.filter(pk=hook.pk).update(url=reader.url(410))
        send_test(hook=hook, by=floor.lead, now=NOW)
        send()
    hook.refresh_from_db()
    assert not hook.is_on
    assert "410" in hook.off_why
    assert Alert.objects.filter(kind="webhook_gone").exists()
    assert Act.objects.filter(verb="switched_off", subject_type="webhook").exists()
    announce([floor.account.pk], Happening.ACCOUNT_UPDATED, now=NOW)
    assert not Announcement.objects.exists()


def test_after_five_days_it_is_given_up_and_can_be_sent_again(subscribe: Any, floor: Floor) -> None:
    hook, _secret = subscribe()
    made = send_test(hook=hook, by=floor.lead, now=NOW)
    Delivery.objects.update(give_up_at=database_now())
    assert send() == 1
    made.refresh_from_db()
    assert made.status == DeliveryStatus.DEAD
    assert made.tries.get().error
    assert Alert.objects.filter(kind="webhook_dead").exists()
    assert replay_failed(hook=hook, by=floor.lead, now=NOW) == 1
    made.refresh_from_db()
    assert (made.status, made.attempts) == (DeliveryStatus.DUE, 0)
    assert send() == 1


def test_one_message_is_sent_again(subscribe: Any, floor: Floor) -> None:
    hook, secret = subscribe()
    with reading(secret) as reader:
        Webhook.objects.filter(pk=hook.pk).update(url=reader.url())
        made = send_test(hook=hook, by=floor.lead, now=NOW)
        send()
        assert replay_delivery(delivery=made, by=floor.lead, now=NOW)
        assert send() == 1
        assert len({line["id"] for line in reader.read(2)}) == 1


def test_two_secrets_live_for_a_day(subscribe: Any, floor: Floor) -> None:
    hook, old = subscribe()
    new = rotate_secret(hook=hook, by=floor.lead, now=NOW)
    with reading(old, new) as reader:
        Webhook.objects.filter(pk=hook.pk).update(url=reader.url())
        send_test(hook=hook, by=floor.lead, now=NOW)
        send()
        send_test(hook=hook, by=floor.lead, now=NOW)
        send_deliveries(NOW + timedelta(hours=25), switches=switches_thrown)
        both, later = reader.read(2)
    assert both["verified"] == [old, new]
    assert later["verified"] == [new]


@pytest.mark.parametrize(("scope", "value"), [("all", ""), ("source", "crm")])
def test_nothing_leaves_after_a_switch(subscribe: Any, floor: Floor, scope: str, value: str) -> None:
    hook, secret = subscribe()
    made = send_test(hook=hook, by=floor.lead, now=NOW)
    KillSwitch.objects.update_or_create(scope=scope, value=value, defaults={"is_off": True})
    with reading(secret) as reader:
        Webhook.objects.filter(pk=hook.pk).update(url=reader.url())
        assert send() == 0
        made.refresh_from_db()
        assert (made.status, made.attempts) == (DeliveryStatus.DUE, 0)
        KillSwitch.objects.update(is_off=False)
        due_now()
        assert send() == 1
        assert reader.read(1)[0]["verified"] == [secret]


def test_switched_off_it_waits(subscribe: Any, floor: Floor) -> None:
    hook, _secret = subscribe()
    announce([floor.account.pk], Happening.ACCOUNT_UPDATED, now=NOW)
    spread_announcements(NOW)
    switch_webhook(hook=hook, on=False, why="moving house", by=floor.lead, now=NOW)
    assert send() == 0
    assert [line.words for line in source_lines(list(list_sources()), NOW) if line.is_told] == []
    assert "No webhook is on" in [line.words for line in source_lines(list(list_sources()), NOW)]
    hook.refresh_from_db()
    switch_webhook(hook=hook, on=True, by=floor.lead, now=NOW)
    assert send() == 1


def test_a_test_leaves_while_it_is_off_and_is_tried_once(subscribe: Any, floor: Floor) -> None:
    hook, secret = subscribe()
    announce([floor.account.pk], Happening.ACCOUNT_UPDATED, now=NOW)
    spread_announcements(NOW)
    switch_webhook(hook=hook, on=False, by=floor.lead, now=NOW)
    hook.refresh_from_db()
    with reading(secret) as reader:
        Webhook.objects.filter(pk=hook.pk).update(url=reader.url(500))
        refused = send_test(hook=hook, by=floor.lead, now=NOW)
        assert send() == 1
        Webhook.objects.filter(pk=hook.pk).update(url=reader.url())
        taken = send_test(hook=hook, by=floor.lead, now=NOW)
        assert send() == 1
        assert len(reader.read(2)) == 2
    refused.refresh_from_db()
    taken.refresh_from_db()
    assert (refused.status, taken.status) == (DeliveryStatus.DEAD, DeliveryStatus.SENT)
    assert not Alert.objects.filter(kind="webhook_dead").exists()
    waiting = Delivery.objects.exclude(happening=Happening.TEST).get()
    assert (waiting.status, waiting.attempts) == (DeliveryStatus.DUE, 0)


def test_a_lost_lease_sends_nothing_twice(subscribe: Any, floor: Floor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has lost the token finds nothing to send."""
    hook, _secret = subscribe()
    send_test(hook=hook, by=floor.lead, now=NOW)
    token = delivering._claim()
    assert token is not None
    assert delivering._claim() is None
    Delivery.objects.update(token=None)
    assert delivering._send(token, NOW, switches_thrown) == 0


@pytest.mark.parametrize("url", ["http://example.com/x", "https://10.0.0.1/x", "https://user:pw@example.com/", "x"])
def test_where_a_webhook_may_not_go(subscribe: Any, url: str) -> None:
    with pytest.raises(WebhookRefused) as refused:
        subscribe(url)
    assert refused.value.field == "url"
    assert not Webhook.objects.exists()


def test_a_source_that_is_not_told_has_no_webhook(floor: Floor) -> None:
    with pytest.raises(WebhookRefused):
        create_webhook(source=floor.source, url="https://example.com/", happenings=ALL, by=floor.lead, now=NOW)


def test_what_cannot_be_told_is_kept_and_alerted(subscribe: Any, floor: Floor, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(ids: Any, now: Any) -> list[Any]:
        raise ValueError

    monkeypatch.setitem(announcing._tellers, Happening.TEST, broken)
    subscribe("http://127.0.0.1:1/200", Happening.ACCOUNT_UPDATED)
    Webhook.objects.update(happenings=[Happening.TEST])
    announce([floor.account.pk], Happening.TEST, now=NOW)
    for _ in range(7):
        spread_announcements(NOW)
    assert Announcement.objects.get().failures == 5
    assert Alert.objects.filter(kind="announcement_dead").count() == 1
