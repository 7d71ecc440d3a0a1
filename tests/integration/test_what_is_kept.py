"""What is read of a person, exported, and erased is one list, each of it named and linked."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.utils.formats import date_format
from django.utils.timezone import localtime

from accounts.models import Activity, Consent, Contact
from cx_ops.erasure.erase import erase_person, prepare_erasure
from cx_ops.erasure.export import as_json
from cx_ops.erasure.person import identify
from insights.models import Insight
from playbooks.models import TaskNote
from tests.factories import NOW, make_contact, make_insight
from tests.floor import Floor, signed_in

pytestmark = pytest.mark.django_db
NAME, EMAIL = "Quilla Zarnowska", "quilla.zarn@example.com"


@pytest.fixture
def named(floor: Floor, settings: Any, tmp_path: Path) -> Contact:
    """A contact who stands in columns of their own, in texts elsewhere, in both at once, and in a file."""
    settings.CX_DATA_DIR = tmp_path
    contact = make_contact(floor.account, NAME, email=EMAIL, sentiment=0)
    Consent.objects.create(contact=contact, channel="email", state="refused", source_id=uuid4(), at=NOW)
    TaskNote.objects.create(task=floor.task(), by=floor.ana, text=f"Spoke with {NAME}, who agrees", at=NOW)
    make_insight(floor.account, source=floor.source, contact_ref={"email": EMAIL}, talking_points=[f"Ask {NAME}"])
    call = {"account": floor.account, "source_id": uuid4(), "kind": "call", "happened_at": NOW}
    Activity.objects.create(**call, external_id="1", summary="A call", body=f"{NAME} joined", contact=contact)
    Activity.objects.create(**call, external_id="2", summary=f"{NAME} is on holiday")
    (tmp_path / "imports").mkdir()
    (tmp_path / "imports" / "people").write_text(f"name,email\n{NAME},{EMAIL}\n")
    return contact


def test_what_is_read_exported_and_erased_is_one_list(named: Contact, floor: Floor) -> None:
    made = prepare_erasure(subject=named, reason="A letter", by=floor.lead, now=NOW)
    browser = signed_in(floor.lead)
    prepared = browser.get(f"/privacy/{made.pk}/").context
    by_table = Counter(text.table for text in prepared["texts"])
    assert by_table == {"playbooks_tasknote": 1, "accounts_activity": 1}, "a row that has a place counts there alone"
    assert prepared["files"] == [("people", None)]
    read = browser.get(f"/privacy/people/{named.pk}/export/").context["sections"]
    lines = {section.name: len(section.rows) for section in read}
    assert lines == {name: n for name, n in made.counts.items() if n and name != "texts"} | by_table
    assert {name: len(rows) for name, rows in json.loads(as_json(identify(named))).items()} == lines
    before = dict(made.counts)
    assert erase_person(erasure=made, by=floor.lead, now=NOW).counts == before
    assert not Insight.objects.filter(talking_points=[f"Ask {NAME}"]).exists()


def test_each_text_is_named_and_leads_to_its_page(named: Contact, floor: Floor) -> None:
    made = prepare_erasure(subject=named, reason="A letter", by=floor.lead, now=NOW)
    texts = {text.table: text for text in signed_in(floor.lead).get(f"/privacy/{made.pk}/").context["texts"]}
    note, call = texts["playbooks_tasknote"], texts["accounts_activity"]
    assert (note.words, note.at) == (f"Spoke with {NAME}, who agrees", NOW)
    assert note.url == f"/tasks/{TaskNote.objects.get().task_id}/"
    assert (call.words, call.url) == (f"{NAME} is on holiday", f"/accounts/{floor.account.pk}/")


def test_what_is_kept_is_said_in_words(named: Contact, floor: Floor) -> None:
    browser = signed_in(floor.lead)
    page = browser.get(f"/privacy/people/{named.pk}/export/").content.decode()
    assert "neutral" in page
    assert "Refused" in page
    assert ">refused<" not in page
    assert date_format(localtime(NOW), "j M Y, H:i") in page, "a moment is told in the reader's zone"
    assert '"sentiment": 0' in browser.get(f"/privacy/people/{named.pk}/export/?format=json").content.decode()
