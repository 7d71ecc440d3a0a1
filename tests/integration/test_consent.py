"""What people at customers agree to, and that everything sent by itself asks."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.core.mail import EmailMessage

from accounts.enums import Channel, ConsentState, Refusal
from accounts.models import Consent, Contact
from accounts.rules.permission import Permission, why_not
from playbooks.models import Effect
from playbooks.services import send_effects
from tests.conftest import ApiClient
from tests.factories import NOW, make_contact, make_token
from tests.floor import Floor, signed_in

pytestmark = pytest.mark.django_db
TODAY = date(2026, 3, 2)
YES, NO = ConsentState.GRANTED, ConsentState.REFUSED


@pytest.mark.parametrize(
    ("person", "refusal"),
    [
        (Permission(), Refusal.NOT_ASKED),
        (Permission(consents={Channel.PHONE: YES}), Refusal.NOT_ASKED),
        (Permission(consents={Channel.EMAIL: NO}), Refusal.REFUSED),
        (Permission(consents={Channel.EMAIL: YES}), None),
        (Permission(do_not_contact=True, consents={Channel.EMAIL: YES}), Refusal.DO_NOT_CONTACT),
        (Permission(left_on=TODAY, consents={Channel.EMAIL: YES}), Refusal.LEFT),
        (Permission(left_on=TODAY + timedelta(days=1), consents={Channel.EMAIL: YES}), None),
    ],
)
def test_what_is_not_agreed_to_is_a_no(person: Permission, refusal: Refusal | None) -> None:
    assert why_not(person, Channel.EMAIL, TODAY) is refusal


def effect_to(address: str, **fields: Any) -> Effect:
    return Effect.objects.create(key=f"k {address}", address=address, subject="S", body="B", not_before=NOW, **fields)


def test_an_automated_mail_to_a_contact_asks(floor: Floor, mailoutbox: list[EmailMessage]) -> None:
    silent = make_contact(floor.account, "Una Sked", email="una@example.com")
    willing = make_contact(floor.account, "Wil Ling", email="wil@example.com")
    Consent.objects.create(contact=willing, channel="email", state="granted", source_id=floor.source.pk, at=NOW)
    for contact in (silent, willing):
        effect_to(contact.email.upper())
    effect_to("ana@example.com", to=floor.ana)
    effect_to("elsewhere@example.com")
    send_effects(NOW)
    sent = sorted(to for mail in mailoutbox for to in mail.to)
    assert sent == ["WIL@EXAMPLE.COM", "ana@example.com", "elsewhere@example.com"]
    held = Effect.objects.get(address="UNA@EXAMPLE.COM")
    assert (held.status, held.last_error) == ("cancelled", "not wanted: not_asked")


def test_consent_comes_by_the_api_and_by_file_fields(floor: Floor) -> None:
    api = ApiClient(make_token(floor.source)[1])
    account = {"id": str(floor.account.pk)}
    item: dict[str, Any] = {
        "external_id": "C1",
        "account": account,
        "name": "Cy Example",
        "consents": {"email": "granted"},
    }
    send = lambda **more: api.send("/api/v1/contacts/bulk", [item | more]).json()["results"][0]["status"]  # noqa: E731
    assert send() == "created"
    assert send() == "unchanged"
    assert send(consents={"email": "refused", "phone": "granted"}) == "updated"
    assert dict(Consent.objects.values_list("channel", "state")) == {"email": "refused", "phone": "granted"}
    assert send(consents={"email": None}) == "updated"
    assert dict(Consent.objects.values_list("channel", "state")) == {"phone": "granted"}
    assert send(consents={"pigeon": "granted"}) == "rejected"


def test_it_is_edited_and_shown_on_the_account(floor: Floor) -> None:
    contact = make_contact(floor.account, "Cy Example")
    browser = signed_in(floor.ana)
    sent = {"email": "granted", "phone": "refused", "in_app": "", "post": "", "proof": "Call of 2 March"}
    assert browser.post(f"/contacts/{contact.pk}/consent/", sent)["Location"] == f"/contacts/{contact.pk}/"
    own = browser.get(f"/contacts/{contact.pk}/")
    states = {line.label: line.state for line in own.context["page"].channels}
    assert states == {"E-mail": YES, "Phone": NO, "In the app": None, "Post": None}
    [(who, consent)] = next(line.said for line in own.context["page"].channels if line.label == "Phone")
    assert (who, consent.proof) == (str(floor.ana), "Call of 2 March")
    assert "Call of 2 March" in own.content.decode()
    page = browser.get(f"/accounts/{floor.account.pk}/").content.decode()
    assert "E-mail: agreed" in page
    assert "Phone: refused" in page
    assert "Call of 2 March" in browser.get(f"/contacts/{contact.pk}/consent/").content.decode()
    browser.post(f"/contacts/{contact.pk}/consent/", sent | {"do_not_contact": "on"})
    assert Contact.objects.get().do_not_contact
