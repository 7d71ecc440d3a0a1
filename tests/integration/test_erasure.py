"""A person with words of their own in every place is erased; then nothing of them is found anywhere."""

from __future__ import annotations

import gzip
import json
from collections.abc import Collection
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from accounts.models import AccountKey, Activity, Consent, Contact, ErasedKey, Event, Visitor
from accounts.rules.erased import addresses_in
from core.bulk import execute, fetch_all
from core.models import Act, Alert, DeadLetter, Mail, StoredResponse
from core.services import record_act
from cx_ops.erasure.erase import ErasureRefused, drop_erasure, erase_person, prepare_erasure
from cx_ops.erasure.export import as_json
from cx_ops.erasure.person import identify
from cx_ops.invariants import broken_invariants
from intake.models import Import, Quarantined, Record, RejectedRow
from intake.services import run_waiting_imports, start_import
from intake.services.quarantine import replay_quarantined
from playbooks.models import Effect, TaskNote
from tests.conftest import ApiClient
from tests.factories import NOW, make_contact, make_insight, make_token, make_webhook
from tests.floor import Floor, signed_in

pytestmark = pytest.mark.django_db
NAME, EMAIL, FORMER = "Quilla O'Zarnowska", "quilla.zarn@canary.example.com", "q.former@canary.example.com"
TITLE, KEY, TALK = "Chief Canary Officer", "canary-key-77f1a", "canary talk about singing"
CANARIES = (NAME, "Zarnowska", EMAIL, FORMER, TITLE, KEY, TALK)


@pytest.fixture
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.CX_DATA_DIR = tmp_path
    return tmp_path


@pytest.fixture
def canary(floor: Floor, folder: Path) -> Contact:
    """Comes by file and by API, and is then named in every place that one can think of."""
    api, account = ApiClient(make_token(floor.source)[1]), {"id": str(floor.account.pk)}
    AccountKey.objects.create(account=floor.account, namespace_id=floor.source.pk, kind="external_id", value="A1")
    file = f"account_id,external_id,name,email,title\nA1,{KEY},{NAME},{EMAIL},{TITLE}\n,X,{NAME},bad,\n"
    person = {"external_id": KEY, "account": account, "name": NAME, "email": FORMER, "title": TITLE}
    api.send("/api/v1/contacts/bulk", [person], Idempotency_Key=EMAIL)
    api.send("/api/v1/contacts/bulk", [person | {"email": EMAIL, "consents": {"email": "granted"}}])
    talk = {"external_id": "a1", "account": account, "kind": "call", "happened_at": "2026-03-01T10:00:00Z"}
    api.send("/api/v1/activities/bulk", [talk | {"summary": TALK, "body": f"{NAME} said", "contact": KEY}])
    start_import(file=[file.encode()], filename=f"{EMAIL}.csv", kind="contacts", source=floor.source, by=None, now=NOW)
    with gzip.open(folder / "imports" / "packed", "wt", encoding="utf-8") as packed:
        packed.write(f"a,b\n{EMAIL.upper()},1\n")
    run_waiting_imports(NOW)
    contact = Contact.objects.get(external_id=KEY)
    Consent.objects.update(proof=f"{NAME} signed")
    _name_everywhere(floor, contact)
    return contact


def _name_everywhere(floor: Floor, contact: Contact) -> None:
    task = floor.task()
    make_insight(floor.account, source=floor.source, contact_ref={"email": EMAIL})
    make_insight(floor.account, source=floor.source, contact_ref={"external_id": KEY}, talking_points=[f"Ask {NAME}"])
    TaskNote.objects.create(task=task, by=floor.ana, text=f"Spoke with {NAME} ({EMAIL})", at=NOW)
    type(task).objects.filter(pk=task.pk).update(title=f"Call {NAME.upper()}")
    Activity.objects.create(
        account=floor.account, source_id=uuid4(), external_id="n", kind="note", happened_at=NOW, summary=f"{NAME} left"
    )
    Effect.objects.create(key="k", address=EMAIL, subject=f"About {NAME}", body=EMAIL, not_before=NOW, status="sent")
    Mail.objects.create(message_id="m", sender=EMAIL, to=[EMAIL], subject=NAME, body=f"Dear {NAME}")
    record_act("noted", task, by=floor.ana, now=NOW, why=f"{NAME} asked", data={"to": [EMAIL]})
    Alert.objects.create(kind="x", on_day=NOW.date(), text=f"{NAME} waits", data={"who": NAME}, raised_at=NOW)
    DeadLetter.objects.create(record_id=uuid4(), stage="decide", row={"who": EMAIL}, error=NAME, attempts=5)
    StoredResponse.objects.create(principal="p", key="k", request_hash="h", status=200, body=f"no {EMAIL}".encode())
    Quarantined.objects.create(
        source=floor.source, kind="events", payload=f'{{"email": "{EMAIL}"', code="x", message=NAME, received_at=NOW
    )
    Visitor.objects.create(source_id=floor.source.pk, user_id=KEY, traits={"email": EMAIL}, contact=contact)
    Event.objects.create(
        id=uuid4(), at=NOW, received_at=NOW, source_id=floor.source.pk, kind="track", name="Signed in", user_id=KEY,
        about_kind="", about_value=EMAIL, account=floor.account, payload={"traits": {"name": NAME}},
    )  # fmt: skip
    hook = make_webhook(floor.lead)
    hook.deliveries.update(body=f'{{"who": "{EMAIL}"}}')
    floor.account.fields = {"champion": NAME, NAME: 1}
    floor.account.save()


def found_anywhere(folder: Path, words: Collection[str] = CANARIES) -> list[str]:
    """Every row of every table, and every file, in which one of the canaries stands."""
    tables = fetch_all(
        "SELECT c.relname FROM pg_class c WHERE relkind IN ('r', 'p') AND NOT relispartition"
        " AND relnamespace = 'public'::regnamespace"
    )
    found = []
    for (table,) in tables:
        for (row,) in fetch_all(f'SELECT t::text FROM "{table}" AS t'):  # noqa: S608
            text = row.lower().replace("''", "'")
            if any(word.lower() in text or word.lower().encode().hex() in text for word in words):
                found.append(f"{table}: {row}")
    for path in folder.rglob("*"):
        if path.is_file():
            raw = path.read_bytes()
            text = (gzip.decompress(raw) if raw.startswith(b"\x1f\x8b") else raw).decode(errors="replace").lower()
            found += [str(path) for word in words if word.lower() in text]
    return found


def erase(contact: Contact, floor: Floor) -> Any:
    made = prepare_erasure(subject=contact, reason=f"{NAME} wrote on 1 March", by=floor.lead, now=NOW)
    return erase_person(erasure=made, by=floor.lead, now=NOW)


def test_an_erased_person_is_found_nowhere(canary: Contact, floor: Floor, folder: Path) -> None:
    before = found_anywhere(folder)
    assert len({line.split(":")[0] for line in before}) > 20
    receipt = erase(canary, floor)
    assert found_anywhere(folder) == []
    assert receipt.left == []
    assert receipt.counts["records"] >= 4
    assert receipt.counts["files"] == 2
    assert {one["place"] for one in receipt.hashes} == {"records", "events"}
    assert Act.objects.get(verb="erased").by == floor.lead
    assert not broken_invariants()["an erased person occurs nowhere"]
    assert floor.account.name == "Acme"


def test_who_was_erased_is_not_taken_again(canary: Contact, floor: Floor, folder: Path) -> None:
    erase(canary, floor)
    api, account = ApiClient(make_token(floor.source)[1]), {"id": str(floor.account.pk)}
    person = {"external_id": "new", "account": account, "name": NAME, "email": EMAIL.upper()}
    answers = api.send("/api/v1/contacts/bulk", [person, person | {"external_id": KEY, "email": "x@example.com"}])
    assert [row["errors"][0]["code"] for row in answers.json()["results"]] == ["erased", "erased"]
    file = f"account_id,external_id,name,email\nA1,new,{NAME},{EMAIL}\n"
    start_import(file=[file.encode()], filename="a.csv", kind="contacts", source=floor.source, by=None, now=NOW)
    run_waiting_imports(NOW)
    assert Import.objects.latest("id").counts == {"rejected": 1}
    assert RejectedRow.objects.latest("id").cells == []
    assert not Contact.objects.filter(name=NAME).exists()
    for path in (folder / "imports").iterdir():  # done after the commit, which this test never reaches
        path.unlink()
    assert found_anywhere(folder) == []


def test_what_comes_later_about_them_is_not_taken_whatever_it_is(canary: Contact, floor: Floor, folder: Path) -> None:
    erase(canary, floor)
    for path in (folder / "imports").iterdir():
        path.unlink()
    token = make_token(floor.source)[1]
    api, account = ApiClient(token), {"id": str(floor.account.pk)}
    event = {"name": "Signed in", "happened_at": "2026-03-01T10:00:00Z", "account": account}
    score = {"external_id": "s1", "type": "usage_drop", "account": account, "confidence": 0.8, "model": "m",
             "model_version": "1", "scored_at": "2026-03-01T10:00:00Z"}  # fmt: skip
    call = {"external_id": "c", "account": account, "kind": "call", "happened_at": "2026-03-01T10:00:00Z"}
    firm = {"external_id": "F1", "name": "Canary Ltd"}
    link = f"https://x.example/?m={EMAIL.replace('@', '%40')}&a=1"
    sent: list[tuple[str, dict[str, Any]]] = [
        ("events", event | {"user_id": KEY}),
        ("events", event | {"properties": {"deep": [{"to": link}]}}),
        ("insights", score | {"contact": {"email": EMAIL.title()}}),
        ("insights", score | {"contact": {"external_id": KEY}}),
        ("activities", call | {"summary": "Hello", "body": f"From: <{FORMER}>. Help!"}),
        ("activities", call | {"summary": "Hello", "contact": KEY}),
        ("accounts", firm | {"email": EMAIL}),
    ]
    for kind, item in sent:
        answer = api.send(f"/api/v1/{kind}/bulk", [item]).json()
        assert [row["errors"][0]["code"] for row in answer["results"]] == ["erased"], (kind, answer)
    door = Client(headers={"Authorization": f"Bearer {token}"})
    for message in (
        {"type": "track", "event": "Sang", "userId": KEY, "messageId": "1"},
        {"type": "identify", "userId": "u2", "messageId": "2", "context": {"traits": {"email": EMAIL}}},
        {"type": "track", "event": "Sang", "userId": "u3", "messageId": "3"},
    ):
        assert door.post("/v1/track", json.dumps(message), content_type="application/json").status_code == 200
    assert Event.objects.exclude(user_id="").filter(name="Sang").count() == 1
    kept = Quarantined.objects.filter(code="erased")
    assert [(one.payload, one.discarded, one.settled_at == one.received_at) for one in kept] == [("", True, True)] * 2
    assert found_anywhere(folder) == []


def test_who_was_erased_while_their_message_waited_is_not_taken_by_a_replay(floor: Floor, folder: Path) -> None:
    contact = make_contact(floor.account, "Cy Example", email="cy@example.com")
    message = (
        '{"type": "track", "event": "Sang", "userId": "u1", "messageId": "1", "properties": {"to": "CY@Example.com"}}'
    )
    waiting = Quarantined.objects.create(
        source=floor.source, kind="messages", payload="", code="x", message="x", received_at=NOW
    )
    erase(contact, floor)
    Quarantined.objects.filter(pk=waiting.pk).update(payload=message)
    replay_quarantined(by=floor.lead, now=NOW)
    waiting.refresh_from_db()
    assert (waiting.payload, waiting.code, waiting.discarded) == ("", "erased", True)
    assert waiting.settled_at is not None


@pytest.mark.parametrize(
    ("payload", "address"),
    [
        (b'{"a": "Ana@Example.com"}', "ana@example.com"),
        (b'{"a": "Write to <ana@example.com>, or call."}', "ana@example.com"),
        (b'{"a": "mailto:ana@example.com?subject=x"}', "ana@example.com"),
        (b'{"a": "https://x.example/u?m=ana%40example.com&b=1"}', "ana@example.com"),
        (b'{"a": "J\\u00fcrg\\u0040example.com."}', "jürg@example.com"),
        (b'{"ana@example.com": 1}', "ana@example.com"),
    ],
)
def test_addresses_are_found_wherever_they_stand(payload: bytes, address: str) -> None:
    assert address in addresses_in(payload)


def test_the_invariant_finds_who_came_back(canary: Contact, floor: Floor) -> None:
    erase(canary, floor)
    make_contact(floor.account, "Somebody Else", email=EMAIL)
    assert broken_invariants()["an erased person occurs nowhere"]


def test_a_name_that_others_bear_is_left_and_listed(floor: Floor, folder: Path) -> None:
    first = make_contact(floor.account, "Cy Example", email="cy@example.com")
    make_contact(floor.new_account("Bolt"), "Cy Example", email="other@example.com")
    note = TaskNote.objects.create(task=floor.task(), by=floor.ana, text="Cy Example called", at=NOW)
    receipt = erase(first, floor)
    note.refresh_from_db()
    assert note.text == "Cy Example called"
    assert receipt.left == [{"table": "playbooks_tasknote", "id": str(note.pk), "on": str(note.task_id)}]
    assert f'href="/tasks/{note.task_id}/"' in signed_in(floor.lead).get(f"/privacy/{receipt.pk}/").content.decode()
    assert Contact.objects.filter(name="Cy Example").count() == 1


def test_all_contacts_with_the_address_are_one_person(floor: Floor, folder: Path) -> None:
    first = make_contact(floor.account, "Cy Example", email="cy@example.com")
    make_contact(floor.new_account("Bolt"), "C. Example", email="CY@example.com")
    erase(first, floor)
    assert set(Contact.objects.values_list("name", "email")) == {("Erased person", "")}
    assert ErasedKey.objects.count() == 3


def test_what_stands_against_it(floor: Floor, folder: Path) -> None:
    colleague = make_contact(floor.account, "Ana Ana", email="ana@example.com")
    with pytest.raises(ErasureRefused, match="colleague"):
        prepare_erasure(subject=colleague, reason="x", by=floor.lead, now=NOW)
    contact = make_contact(floor.account, "Cy Example", email="cy@example.com")
    with pytest.raises(ErasureRefused):
        prepare_erasure(subject=contact, reason=" ", by=floor.lead, now=NOW)
    made = prepare_erasure(subject=contact, reason="x", by=floor.lead, now=NOW)
    with pytest.raises(ErasureRefused):
        prepare_erasure(subject=contact, reason="x", by=floor.lead, now=NOW)
    drop_erasure(erasure=made, by=floor.lead, now=NOW)
    with pytest.raises(ErasureRefused):
        erase_person(erasure=made, by=floor.lead, now=NOW)
    Import.objects.create(source=floor.source, kind="contacts", filename="a", stored_as="a", sha256="", created_at=NOW)
    with pytest.raises(ErasureRefused, match="on its way"):
        prepare_erasure(subject=contact, reason="x", by=floor.lead, now=NOW)


def test_append_only_holds_again_afterwards(canary: Contact, floor: Floor) -> None:
    from django.db import IntegrityError, transaction

    erase(canary, floor)
    with pytest.raises(IntegrityError), transaction.atomic():
        execute("UPDATE intake_record SET kind = kind")
    with pytest.raises(Exception, match="append"), transaction.atomic():
        execute("UPDATE accounts_contactevent SET name = 'x'")


def test_everything_about_a_person_can_be_taken_out(canary: Contact, floor: Floor) -> None:
    text = as_json(identify(canary)).decode()
    for word in (NAME, EMAIL, FORMER, TITLE, TALK):
        assert word in text
    browser = signed_in(floor.lead)
    page = browser.get(f"/privacy/people/{canary.pk}/export/").content.decode()
    assert TITLE in page
    assert browser.get(f"/privacy/people/{canary.pk}/export/?format=json").headers["Content-Type"] == "application/json"
    assert Act.objects.filter(verb="exported").count() == 1


def test_what_is_prepared_is_what_the_receipt_says(canary: Contact, floor: Floor, folder: Path) -> None:
    made = prepare_erasure(subject=canary, reason="A letter", by=floor.lead, now=NOW)
    before = dict(made.counts)
    page = signed_in(floor.lead).get(f"/privacy/{made.pk}/").content.decode()
    assert "Notes on tasks" in page
    assert f"/accounts/{floor.account.pk}/" in page
    done = erase_person(erasure=made, by=floor.lead, now=NOW)
    assert done.counts == before
    receipt = signed_in(floor.lead).get(f"/privacy/{made.pk}/").content.decode()
    assert "their name taken out" in receipt


def test_who_stands_in_columns_alone_has_no_other_texts(floor: Floor, folder: Path) -> None:
    contact = make_contact(floor.account, "Cy Example", email="cy@example.com")
    made = prepare_erasure(subject=contact, reason="A letter", by=floor.lead, now=NOW)
    assert made.counts["contacts"] == 1
    assert made.counts["texts"] == 0
    assert made.left == []


def test_in_two_steps_on_the_screen(canary: Contact, floor: Floor, folder: Path) -> None:
    browser = signed_in(floor.lead)
    assert NAME.split()[0] in browser.get("/privacy/", {"q": EMAIL}).content.decode()
    assert browser.post(f"/privacy/people/{canary.pk}/", {"reason": ""}).status_code == 422
    answer = browser.post(f"/privacy/people/{canary.pk}/", {"reason": "A letter"})
    assert answer.status_code == 302
    assert NAME.split()[0] in browser.get("/privacy/").content.decode(), "whose it is, until it is done"
    assert browser.post(answer["Location"], {}).status_code == 422
    assert Contact.objects.get(pk=canary.pk).email == EMAIL
    assert browser.post(answer["Location"], {"sure": "on"}).status_code == 302
    assert "Receipt" in browser.get(answer["Location"]).content.decode()
    assert found_anywhere(folder) == []
    assert NAME.split()[0] not in browser.get("/privacy/").content.decode()
    assert "Erased person" not in browser.get(f"/accounts/{floor.account.pk}/").content.decode()


def test_a_search_says_when_there_are_more(floor: Floor) -> None:
    for n in range(21):
        make_contact(floor.account, name=f"Pat {n:02}")
    browser = signed_in(floor.lead)
    assert "More have this name" in browser.get("/privacy/", {"q": "pat"}).content.decode()
    assert "More have this name" not in browser.get("/privacy/", {"q": "pat 1"}).content.decode()


def test_records_are_counted_once(canary: Contact) -> None:
    assert Record.objects.filter(kind="contacts").count() == 3
