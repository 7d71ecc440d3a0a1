"""The pages of webhooks: who switched one off, and the secret that is shown once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.bulk import database_now
from intake.enums import DeliveryStatus, Happening, SourceMode
from intake.models import DeliveryAttempt, Source, Webhook
from intake.services.webhooks import create_webhook, send_test, switch_webhook
from tests.factories import NOW, make_source, make_user
from tests.floor import Floor, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def crm(db: None) -> Source:
    return make_source("crm", mode=SourceMode.PROPAGATE)


def test_the_list_says_who_switched_it_off_and_offers_to_switch_it_on(crm: Source, floor: Floor) -> None:
    hook, _secret = create_webhook(
        source=crm, url="http://127.0.0.1:1/200", happenings=[Happening.DECISION_MADE], by=floor.lead, now=NOW
    )
    switch_webhook(hook=hook, on=False, why="moving house", by=floor.lead, now=NOW)
    pages = {role: signed_in(make_user(f"one-{role}", role=role)).get("/webhooks/").content.decode()
             for role in ("ops", "leader")}  # fmt: skip
    assert all(str(floor.lead) in page and "moving house" in page for page in pages.values())
    assert "Switch on the webhook" in pages["ops"]
    assert "Switch on the webhook" not in pages["leader"]


def test_the_secret_is_shown_once_to_whoever_adds_a_webhook(crm: Source) -> None:
    browser = signed_in(make_user("otto", role="ops"))
    said = {"source": crm.pk, "url": "https://hooks.example.com/x", "happenings": [Happening.DECISION_MADE]}
    page = browser.post("/webhooks/", said).content.decode()
    hook = Webhook.objects.get()
    assert f"<code>{hook.secret}</code>" in page
    assert hook.secret not in browser.get("/webhooks/").content.decode()
    changed = browser.post(f"/webhooks/{hook.pk}/secret/").content.decode()
    hook.refresh_from_db()
    assert f"<code>{hook.secret}</code>" in changed


def test_what_waits_while_its_webhook_rests_says_until_when(crm: Source, floor: Floor) -> None:
    hook, _secret = create_webhook(
        source=crm, url="http://127.0.0.1:1/200", happenings=[Happening.DECISION_MADE], by=floor.lead, now=NOW
    )
    send_test(hook=hook, by=floor.lead, now=NOW)
    Webhook.objects.filter(pk=hook.pk).update(failures=3, resting_until=database_now() + timedelta(hours=3))
    page = signed_in(make_user("otto", role="ops")).get(f"/webhooks/{hook.pk}/").content.decode()
    summary = page.partition("<summary>")[2].partition("</summary>")[0]
    assert "not tried yet · next" in " ".join(summary.split())
    assert "Failing" in page
    assert "It rests after each failure, now until" in page


def test_a_message_that_was_not_taken_says_why_in_its_line(crm: Source, floor: Floor) -> None:
    hook, _secret = create_webhook(
        source=crm, url="http://127.0.0.1:1/200", happenings=[Happening.DECISION_MADE], by=floor.lead, now=NOW
    )
    switch_webhook(hook=hook, on=False, by=floor.lead, now=NOW)
    made = send_test(hook=hook, by=floor.lead, now=NOW)
    for status in (500, 503):
        DeliveryAttempt.objects.create(delivery=made, took_ms=1, status=status, answer="later")
    type(made).objects.update(status=DeliveryStatus.DEAD, attempts=2)
    browser = signed_in(make_user("otto", role="ops"))
    [summary] = browser.get(f"/webhooks/{hook.pk}/").content.decode().split("<summary>")[1:2]
    assert "2 tries · 503" in summary.partition("</summary>")[0]
    answer = browser.post(f"/webhooks/messages/{made.pk}/replay/", follow=True).content.decode()
    assert "Until the webhook is on only tests are sent; the rest waits." in answer
