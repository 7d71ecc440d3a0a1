"""What is told of who is erased: which of one name it is, and of their texts on a timeline."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from accounts.models import Activity
from cx_ops.erasure.erase import erase_person, prepare_erasure
from tests.factories import NOW, make_contact
from tests.floor import Floor, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.CX_DATA_DIR = tmp_path
    return tmp_path


def test_which_of_one_name_is_meant_stands_beside_it(floor: Floor, folder: Path) -> None:
    first = make_contact(floor.account, "Cy Example", email="cy@example.com")
    make_contact(floor.new_account("Bolt"), "Cy Example", email="other@example.com")
    browser = signed_in(floor.lead)
    asked = browser.get(f"/privacy/people/{first.pk}/").content.decode()
    assert f"those about {floor.account.name} are listed" in asked
    made = prepare_erasure(subject=first, reason="A letter", by=floor.lead, now=NOW)
    for url in ("/privacy/", f"/privacy/{made.pk}/"):
        assert f"cy@example.com · {floor.account.name}" in browser.get(url).content.decode()
    assert "no text" in browser.get(f"/privacy/{made.pk}/").content.decode()
    erase_person(erasure=made, by=floor.lead, now=NOW)
    receipt = browser.get(f"/privacy/{made.pk}/").content.decode()
    assert "no text" in receipt
    assert "cy@example.com" not in receipt


def test_the_timeline_tells_of_them_in_words(floor: Floor, folder: Path) -> None:
    contact = make_contact(floor.account, "Cy Example", email="cy@example.com")
    words: dict[str, Any] = {"account": floor.account, "kind": "note", "happened_at": NOW, "source_id": uuid4()}
    Activity.objects.create(summary="Meeting", contact=contact, external_id="a", **words)
    Activity.objects.create(summary="Asked", body="From Cy Example.", external_id="b", **words)
    erase_person(
        erasure=prepare_erasure(subject=contact, reason="A letter", by=floor.lead, now=NOW), by=floor.lead, now=NOW
    )
    page = signed_in(floor.lead).get(f"/accounts/{floor.account.pk}/").content.decode()
    assert "Text erased: it named a person who was erased" in page
    assert "From an erased person." in page
    assert "erased-" not in page
