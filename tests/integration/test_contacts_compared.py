"""Two contacts whom no rung brings together are laid side by side by hand, made one, and two again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse

from accounts.models import Account, Contact, Pair
from accounts.services import MergeRefused
from accounts.services.kinds import CONTACTS
from accounts.services.reviewing import ask_about
from core.enums import Role
from core.models import Act, User
from intake.models import Source
from tests.factories import NOW, make_source, make_user
from tests.floor import signed_in
from tests.integration.test_accounts_bulk import send
from tests.people import assert_sound, make_customer, people, person, rows

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(days=1)
APART = {frozenset({"c-17"}), frozenset({"993"})}


@pytest.fixture
def crm() -> Source:
    return make_source("crm")


@pytest.fixture
def desk() -> Source:
    return make_source("desk")


@pytest.fixture
def ops() -> User:
    return make_user("olga", role="ops")


@pytest.fixture(autouse=True)
def acme(crm: Source, desk: Source) -> Account:
    return make_customer(crm, desk, "ACME")


def two(crm: Source, desk: Source) -> tuple[Contact, Contact]:
    """She married: nothing that both say is the same."""
    send(CONTACTS, crm, person("c-17", "Anna Ek", email="anna@acme.example", title="CFO"))
    send(CONTACTS, desk, person("993", "A. Lindqvist", email="lindqvist@acme.example", phone="+46 8 123 456 78"))
    assert not Pair.objects.exists()
    return Contact.objects.get(external_id="c-17"), Contact.objects.get(external_id="993")


def test_two_are_compared_made_one_and_two_again_to_the_byte(crm: Source, desk: Source, ops: User) -> None:
    first, second = two(crm, desk)
    before, browser = rows(), signed_in(ops)
    assert "A. Lindqvist" in browser.get(f"/contacts/{first.pk}/").content.decode()
    side = browser.post(f"/contacts/{first.pk}/compare/", {"other": str(second.pk)}, follow=True)
    for words in ("Are these one person?", "Anna Ek", "A. Lindqvist", "If they are the same", "Somebody asked"):
        assert words in side.content.decode()
    assert people() == APART, "to ask decides nothing"
    pair = Pair.objects.get()
    browser.post(f"/review/{pair.pk}/", {"verdict": "same"})
    assert people() == {frozenset({"c-17", "993"})}
    head = Contact.objects.get(same_as=None)
    assert (head.shown["title"], head.shown["phone"]) == ("CFO", "+46 8 123 456 78")
    for source, item in ((crm, person("c-17", "Anna Ek")), (desk, person("993", "A. Lindqvist", title="Boss"))):
        send(CONTACTS, source, item, now=LATER)
    assert people() == {frozenset({"c-17", "993"})}, "what a person said outlives what comes again"
    send(CONTACTS, desk, person("993", "A. Lindqvist", title=None), now=LATER)
    back = browser.post(f"/review/{pair.pk}/undo/")
    assert back.url == reverse("contact", args=[pair.sides[0].pk])  # type: ignore[attr-defined]
    assert people() == APART
    assert len(rows()) == len(before)
    assert set(Act.objects.filter(subject_type="contact").values_list("verb", flat=True)) >= {"asked_about", "joined"}
    assert_sound()


def test_taken_back_at_once_every_row_is_as_it_was(crm: Source, desk: Source, ops: User) -> None:
    first, second = two(crm, desk)
    before, browser = rows(), signed_in(ops)
    browser.post(f"/contacts/{second.pk}/compare/", {"other": str(first.pk)})
    pair = Pair.objects.get()
    browser.post(f"/review/{pair.pk}/", {"verdict": "same"})
    browser.post(f"/review/{pair.pk}/undo/")
    assert rows() == before


def test_a_question_that_is_left_open_goes_by_itself(crm: Source, desk: Source, ops: User) -> None:
    first, second = two(crm, desk)
    pair = ask_about(contact_id=first.pk, other_id=second.pk, by=ops, now=NOW)
    assert ask_about(contact_id=second.pk, other_id=first.pk, by=ops, now=NOW) == pair
    send(CONTACTS, crm, person("c-17", "Anna Ek-Berg"), now=LATER)
    assert not Pair.objects.exists()


def test_who_was_told_apart_can_be_taken_back_where_they_are_compared(crm: Source, desk: Source, ops: User) -> None:
    first, second = two(crm, desk)
    browser = signed_in(ops)
    pair = ask_about(contact_id=first.pk, other_id=second.pk, by=ops, now=NOW)
    browser.post(f"/review/{pair.pk}/", {"verdict": "different"})
    side = browser.post(f"/contacts/{first.pk}/compare/", {"other": str(second.pk)}, follow=True).content.decode()
    assert "This pair was decided already." in side
    assert f'action="{reverse("review_undo", args=[pair.pk])}"' in side


def test_who_cannot_be_compared(crm: Source, desk: Source, ops: User) -> None:
    first, second = two(crm, desk)
    make_customer(crm, desk, "BETA")
    send(CONTACTS, crm, person("b-1", "Bo Ek", "BETA"))
    other = Contact.objects.get(external_id="b-1")
    with pytest.raises(MergeRefused, match="two customers"):
        ask_about(contact_id=first.pk, other_id=other.pk, by=ops, now=NOW)
    with pytest.raises(Contact.DoesNotExist):
        ask_about(contact_id=first.pk, other_id=first.pk, by=ops, now=NOW)
    browser = signed_in(ops)
    for sent in ({}, {"other": str(other.pk)}, {"other": "x"}):
        answer = browser.post(f"/contacts/{first.pk}/compare/", sent, follow=True)
        assert "Choose who it may be." in answer.content.decode()
    csm = signed_in(make_user("cem", role=Role.CSM))
    assert csm.post(f"/contacts/{first.pk}/compare/", {"other": str(second.pk)}).status_code == 403
    browser.post(f"/contacts/{first.pk}/compare/", {"other": str(second.pk)})
    browser.post(f"/review/{Pair.objects.get().pk}/", {"verdict": "same"})
    with pytest.raises(MergeRefused, match="one person already"):
        ask_about(contact_id=first.pk, other_id=second.pk, by=ops, now=NOW)
