"""A customer who is an account, with words of their own in every field of every kind, is erased; nothing names them."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from accounts.enums import ActivityKind, RedLine
from accounts.models import Account, AccountKey, Contact, ErasedKey, LedgerEntry, Link
from accounts.services.merging import MergeRefused, merge_accounts, undo_merge
from accounts.services.people import flag_red_line, log_activity
from core.bulk import fetch_all
from core.models import Act
from cx_ops.erasure.erase import ErasureRefused, erase_person, prepare_erasure
from cx_ops.erasure.export import as_json
from cx_ops.erasure.person import identify
from cx_ops.invariants import broken_invariants
from cx_ops.pipeline import advance_all
from decisions.models import Decision
from decisions.queries.replay import replay_decisions
from intake.models import Import, LookedUp, LookUp
from intake.rules import Arrival
from intake.services import find, run_waiting_imports, start_import, take
from intake.services.undoing import UndoRefused, undo_import
from playbooks.models import Task
from playbooks.services.closing import close_task
from tests.conftest import ApiClient
from tests.factories import NOW, make_contact, make_pair, make_token, make_webhook
from tests.floor import Floor, signed_in
from tests.integration.test_erasure import folder, found_anywhere

__all__ = ["folder"]
pytestmark = pytest.mark.django_db
WORD = "zqxcanary"
NAME, EMAIL, SECOND = "Zqxcanary Persona", "zqxcanary@post.example.com", "zqxcanary.two@post.example.com"
ABOUT, AT, DAY = {"external_id": f"{WORD}-1"}, "2026-03-01T10:00:00Z", "2026-03-01"
LOOSE = {
    "email": EMAIL, "phone": "+49 30 901820 zqxcanary", "street": "Zqxcanary Street 5", "postcode": WORD,
    "city": WORD, "tax_id": WORD, "subscription_id": f"sub_{WORD}", "domain": "zqxcanary.example",
    "fields": {"pet": WORD, "zqxcanary": 1},
}  # fmt: skip
# One item of every kind, each of its free fields filled; groups, types and models are not words about somebody.
SENT: dict[str, list[dict[str, Any]]] = {
    "accounts": [{"external_id": f"{WORD}-1", "name": NAME, "tier": "gold", "region": "emea", **LOOSE}],
    "contacts": [{"external_id": f"{WORD}-c", "account": ABOUT, "name": NAME, "email": SECOND, "title": WORD}],
    "contracts": [{"external_id": f"{WORD}-k", "account": ABOUT, "starts_on": DAY, "ends_on": "2027-03-01",
                   "arr": {"amount": 900, "currency": "EUR"}}],
    "activities": [{"external_id": f"{WORD}-a", "account": ABOUT, "kind": "call", "happened_at": AT, "summary": WORD,
                    "body": WORD, "contact": f"{WORD}-c"}],
    "orders": [{"external_id": f"{WORD}-o", "account": ABOUT, "happened_on": DAY, "amount": 12, "currency": "EUR"}],
    "tickets": [{"external_id": f"{WORD}-t", "account": ABOUT, "opened_at": AT, "subject": WORD, "body": WORD,
                 "status": WORD, "priority": WORD, "channel": WORD, "requester": EMAIL, "tags": WORD}],
    "conversations": [{"external_id": f"{WORD}-v", "account": ABOUT, "started_at": AT, "subject": WORD, "body": WORD,
                       "status": WORD, "with_whom": WORD, "tags": WORD}],
    "surveys": [{"external_id": f"{WORD}-s", "account": ABOUT, "survey": "nps", "score": 9, "answered_at": AT,
                 "respondent": WORD, "comment": WORD}],
    "revenue": [{"external_id": f"{WORD}-r", "account": ABOUT, "kind": "new", "happened_on": DAY, "amount": 12,
                 "currency": "EUR"}],
    "events": [{"external_id": f"{WORD}-e", "account": ABOUT, "name": "Signed in", "happened_at": AT,
                "user_id": f"{WORD}-u", "properties": {"page": WORD}}],
    "insights": [{"external_id": f"{WORD}-i{n}", "type": "churn_risk", "account": ABOUT, "confidence": confidence,
                  "scored_at": at, "model": "m", "model_version": "1", "talking_points": [WORD],
                  "factors": [{"name": WORD, "value": WORD}], "contact": {"external_id": WORD}}
                 for n, (confidence, at) in enumerate([(0.95, AT), (0.75, "2026-03-01T12:00:00Z")])],
}  # fmt: skip
MESSAGES = (
    {"type": "identify", "userId": f"{WORD}-u", "messageId": f"{WORD}-m1", "traits": {"email": EMAIL, "pet": WORD}},
    {"type": "group", "userId": f"{WORD}-u", "groupId": f"{WORD}-1", "messageId": "m2", "traits": {"pet": WORD}},
    {"type": "track", "event": "Sang", "userId": f"{WORD}-u", "messageId": "m3", "properties": {"song": WORD}},
    {"type": "track", "event": "Sang", "userId": f"{WORD}-x", "messageId": "m4", "context": {"groupId": f"{WORD}-1"}},
)


def send(floor: Floor) -> list[str]:
    """An item of every kind, and what a client library says; the code of each refusal."""
    door = Client(headers={"Authorization": f"Bearer {make_token(floor.source)[1]}"})
    arrival = Arrival(floor.source.pk, floor.source.slug, floor.source.pk, NOW, actor="test")
    codes = []
    for kind, items in SENT.items():
        for result in take(find(kind), [json.dumps(item).encode() for item in items], arrival):
            codes += [problem.code for problem in result.errors]
    for message in MESSAGES:
        assert door.post("/v1/track", json.dumps(message), content_type="application/json").status_code == 200
    return codes


@pytest.fixture
def customer(floor: Floor, folder: Path) -> Account:
    """A person who is an account, known in every way, whose tasks are closed."""
    kept = floor.account
    assert send(floor) == []
    header = "account_id,name,email,city,arr\n"
    file = f"{header}{WORD}-1,{NAME},{EMAIL},{WORD},\n,{NAME},{EMAIL},,\n{WORD}-9,{NAME},,,a {WORD}\n"
    start_import(file=[file.encode()], filename=f"{EMAIL}.csv", kind="accounts", source=floor.source, by=None, now=NOW)
    run_waiting_imports(NOW)
    account = Account.objects.get(keys__value=f"{WORD}-1")
    account.team = floor.team
    account.save()
    log_activity(account=account, kind=ActivityKind.CALL, summary=WORD, body=WORD, by=floor.ana, now=NOW)
    flag_red_line(account=account, kind=RedLine.LEGAL, why=WORD, by=floor.lead, now=NOW)
    second = Account.objects.get(keys__value=f"{WORD}-9")
    Account.objects.filter(pk=second.pk).update(team=floor.team)
    merge_accounts(survivor_id=account.pk, merged_id=second.pk, why=WORD, by=floor.lead, now=NOW, despite_two_ids=True)
    make_pair(account, kept, evidence={"value": WORD})
    advance_all(NOW)
    look_up = LookUp.objects.create(
        source=floor.source, url="http://127.0.0.1:1/", fields="/a a text", created_by=floor.lead, created_at=NOW
    )
    LookedUp.objects.create(look_up=look_up, external_id=f"{WORD}-1", values={"a": WORD}, asked_at=NOW)
    make_webhook(floor.lead).deliveries.update(subject_id=account.pk, body=json.dumps({"a": WORD}))
    for task in Task.objects.filter(account=account, closed_at=None):
        close_task(task_id=task.pk, by=floor.lead, version=task.version, outcome="risk_resolved", note=WORD, now=NOW)
    advance_all(NOW)
    return Account.objects.get(pk=account.pk)


def erase(account: Account, floor: Floor) -> Any:
    made = prepare_erasure(subject=account, reason=f"{NAME} wrote", by=floor.lead, now=NOW)
    return erase_person(erasure=made, by=floor.lead, now=NOW)


def test_nothing_names_them_and_what_was_decided_stays(customer: Account, floor: Floor, folder: Path) -> None:
    tables = {line.split(":")[0] for line in found_anywhere(folder, {WORD})}
    assert len(tables) > 25, tables
    before = fetch_all("SELECT insight_id, response, confidence FROM decisions_decision ORDER BY 1")
    money = list(LedgerEntry.objects.order_by("id").values_list("account", "amount"))
    receipt = erase(customer, floor)
    assert "\n".join(found_anywhere(folder, {WORD})) == ""
    assert receipt.left == []
    assert before
    assert fetch_all("SELECT insight_id, response, confidence FROM decisions_decision ORDER BY 1") == before
    assert [difference for chunk in replay_decisions() for difference in chunk] == []
    assert list(LedgerEntry.objects.order_by("id").values_list("account", "amount")) == money
    assert {name: rows for name, rows in broken_invariants().items() if rows} == {}
    customer.refresh_from_db()
    assert (customer.name, customer.tier, customer.archived_at) == ("Erased person", "gold", NOW)
    assert Account.objects.get(pk=floor.account.pk).name == "Acme"


def test_they_do_not_come_back_by_any_door(customer: Account, floor: Floor, folder: Path) -> None:
    erase(customer, floor)
    codes = send(floor)
    assert codes == ["erased"] * sum(map(len, SENT.values()))
    own = {"external_id": "n", "account": {"id": str(customer.pk)}, "name": "Somebody"}
    answer = ApiClient(make_token(floor.source)[1]).send("/api/v1/contacts/bulk", [own]).json()
    assert [row["errors"][0]["code"] for row in answer["results"]] == ["erased"]
    file = f"account_id,name\n{WORD}-1,{NAME}\n"
    start_import(file=[file.encode()], filename="a.csv", kind="accounts", source=floor.source, by=None, now=NOW)
    run_waiting_imports(NOW)
    assert Import.objects.latest("id").counts == {"rejected": 1}
    for path in (folder / "imports").iterdir():  # done after the commit, which this test never reaches
        path.unlink()
    assert "\n".join(found_anywhere(folder, {WORD})) == ""
    assert not Account.objects.filter(name=NAME).exists()


def test_what_undid_something_before_names_nobody_now(customer: Account, floor: Floor, folder: Path) -> None:
    merge = customer.merges.get()
    erase(customer, floor)
    with pytest.raises(MergeRefused, match="erased"):
        undo_merge(merge_id=merge.pk, why="x", by=floor.lead, now=NOW)
    for run in Import.objects.all():
        with suppress(UndoRefused):
            undo_import(import_id=run.pk, by=floor.lead, now=NOW)
    advance_all(NOW)
    assert "\n".join(found_anywhere(folder, {WORD})) == ""
    assert {name: rows for name, rows in broken_invariants().items() if rows} == {}
    assert not Link.objects.filter(account=customer, revoked_at=None).exists()


def test_everything_about_them_can_be_taken_out(customer: Account, floor: Floor) -> None:
    told = as_json(identify(customer)).decode()
    for word in (NAME, EMAIL, SECOND, f"{WORD}-o", f"{WORD}-k", f"sub_{WORD}", "Zqxcanary Street 5"):
        assert word in told
    browser = signed_in(floor.lead)
    answer = browser.get(f"/privacy/accounts/{customer.pk}/export/?format=json")
    assert answer.headers["Content-Type"] == "application/json"
    assert Act.objects.filter(verb="exported", subject_id=str(customer.pk)).count() == 1
    assert "Zqxcanary Street 5" in browser.get(f"/privacy/accounts/{customer.pk}/export/").content.decode()


def test_from_their_page_to_the_receipt(customer: Account, floor: Floor, folder: Path) -> None:
    url = f"/privacy/accounts/{customer.pk}/"
    browser = signed_in(floor.lead)
    assert url in browser.get(f"/accounts/{customer.pk}/").content.decode()
    assert url not in signed_in(floor.ana).get(f"/accounts/{customer.pk}/").content.decode()
    assert url in browser.get("/privacy/", {"q": EMAIL}).content.decode()
    answer = browser.post(url, {"reason": "A letter"})
    assert answer.status_code == 302
    assert NAME in browser.get(answer["Location"]).content.decode()
    assert browser.post(answer["Location"], {"sure": "on"}).status_code == 302
    receipt = browser.get(answer["Location"]).content.decode()
    assert "Receipt" in receipt
    assert WORD not in receipt.lower()
    assert "\n".join(found_anywhere(folder, {WORD})) == ""
    assert browser.get("/audit/").status_code == 200
    assert browser.post(url, {"reason": "Once more"}).status_code == 422


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (lambda floor, one: [make_contact(one, name, email=f"{name}@example.com") for name in "ab"], "Several people"),
        (lambda floor, one: floor.new_account(parent=one), "part of it"),
        (lambda floor, one: floor.insight("0.95", account=one), "still open"),
    ],
)
def test_a_company_is_nobody_and_open_work_comes_first(made: Any, why: str, floor: Floor, folder: Path) -> None:
    account = floor.new_account("Zed Example")
    made(floor, account)
    with pytest.raises(ErasureRefused, match=why):
        prepare_erasure(subject=account, reason="x", by=floor.lead, now=NOW)
    page = signed_in(floor.lead).get(f"/privacy/accounts/{account.pk}/").content.decode()
    assert why in page
    assert "Prepare the erasure" not in page


def test_the_invariant_finds_a_key_that_came_back(customer: Account, floor: Floor) -> None:
    erase(customer, floor)
    AccountKey.objects.create(
        account=floor.account, namespace_id=floor.source.pk, kind="external_id", value=f"{WORD}-1"
    )
    assert broken_invariants()["an erased person occurs nowhere"]


def test_hashes_are_kept_of_each_name(customer: Account, floor: Floor) -> None:
    erase(customer, floor)
    assert ErasedKey.objects.count() >= 6
    assert Contact.objects.filter(account=customer).known().count() == 0
    assert Decision.objects.filter(account=customer).count() == 2
