"""Whom a task names to be called: who is for us first, never who left or wants to be left alone."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from accounts.enums import Channel, ConsentState
from accounts.models import Consent
from core.enums import Role
from intake.enums import PrivacyClass
from intake.models import FieldPrivacy
from playbooks.models import Task
from playbooks.queries.task_page import load_task_page
from tests.factories import NOW, make_contact
from tests.floor import Floor, signed_in

pytestmark = pytest.mark.django_db
WAYS = {"phone": "+44 20 7946 0012", "email": "who@acme.example"}


def named(floor: Floor) -> list[tuple[str, str, str]]:
    task = floor.task()
    page = load_task_page(task.pk, user=floor.ana, now=NOW)
    return [(person.name, person.phone, person.email) for person in page.contacts]


def add(floor: Floor, name: str, stakeholder: str, **fields: Any) -> Any:
    return make_contact(floor.account, name, stakeholder=stakeholder, **(WAYS | fields))


def test_the_most_influential_of_each_kind_come_first_and_three_are_enough(floor: Floor) -> None:
    add(floor, "Unknown", "unknown", influence=5)
    add(floor, "Sponsor", "sponsor")
    add(floor, "Second champion", "champion", influence=2)
    add(floor, "First champion", "champion", influence=4)
    assert [name for name, *_ in named(floor)] == ["First champion", "Sponsor", "Unknown"]


def test_who_left_who_wants_nothing_and_who_cannot_be_reached_are_not_named(floor: Floor) -> None:
    add(floor, "Left", "champion", left_on=NOW.date())
    add(floor, "Alone", "champion", do_not_contact=True)
    add(floor, "No way", "champion", phone="", email="")
    assert named(floor) == []
    add(floor, "Leaves", "user", left_on=date(2199, 1, 1))
    page = signed_in(floor.ana).get(f"/tasks/{floor.task('0.96', type_id='expansion_signal').pk}/").content.decode()
    assert 'href="tel:+442079460012"' in page
    assert 'href="mailto:who@acme.example"' in page
    assert "Alone" not in page


def test_a_channel_that_was_refused_and_a_field_that_is_hidden_are_left_out(floor: Floor) -> None:
    asked = add(floor, "Asked", "champion")
    Consent.objects.create(
        contact=asked, channel=Channel.EMAIL, state=ConsentState.REFUSED, source_id=asked.source_id, at=NOW
    )
    add(floor, "Other", "user")
    assert named(floor) == [("Asked", WAYS["phone"], ""), ("Other", WAYS["phone"], WAYS["email"])]
    page = signed_in(floor.ana).get(f"/tasks/{Task.objects.get().pk}/").content.decode()
    assert page.count(": refused") == page.count("E-mail: refused") == 1
    FieldPrivacy.objects.create(
        field="contacts.phone", privacy=PrivacyClass.RESTRICTED, roles=[Role.MANAGER], may_leave=False
    )
    task = floor.task("0.96", type_id="expansion_signal")
    [first, second] = load_task_page(task.pk, user=floor.ana, now=NOW).contacts
    assert (first.phone, second.phone, second.email) == ("", "", WAYS["email"])
