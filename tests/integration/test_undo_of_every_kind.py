"""Every kind of file that the door knows: import, undo, and what can be seen is what it was, to the byte."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from accounts.enums import Channel, ConsentState
from accounts.models import Consent, Contact, Event, EventKey, Prior
from accounts.services.consent import set_consent
from core.bulk import fetch_all
from core.models import User
from cx_ops.invariants import broken_invariants
from cx_ops.pipeline import advance_all
from intake.models import Import, Source
from intake.services import run_import, start_import
from intake.services.kinds import file_kinds, find
from intake.services.undoing import undo_import
from tests.factories import NOW, make_organisation, make_user

pytestmark = pytest.mark.django_db
BASE = "account_id,name,domain,tier\nA1,One,one.example,Gold\nA2,Two,two.example,Silver\n"
# Kind → what was there before, and a file that changes some of it and adds to it.
FILES: dict[str, tuple[str, str]] = {
    "accounts": ("", "account_id,name,tier,arr,currency\nA1,Uno,Iron,100,USD\nA3,Three,Gold,5,USD\n"),
    "contacts": (
        "account_id,contact_id,name,email,consent_email\nA1,C1,Cy,cy@one.example,granted\n",
        (
            "account_id,contact_id,name,title,phone,consent_email,consent_phone\nA2,C1,Cyd,Boss,0555,refused,granted\n"
            "A1,C2,Di,,0777,granted,\nA1,C1,Cyn,,,,refused\n"
        ),
    ),
    "contracts": (
        "account_id,contract_id,starts_on,ends_on,arr,currency\nA1,K1,2026-01-01,2026-12-31,100,USD\n",
        "account_id,contract_id,starts_on,ends_on,arr,currency\nA1,K1,2026-01-01,2027-01-31,120,USD\nA2,K2,2026-01-01,2026-06-30,5,EUR\n",
    ),
    "activities": (
        "account_id,activity_id,kind,happened_at,summary\nA1,T1,call,2026-02-01T09:00:00Z,Talked\n",
        (
            "account_id,activity_id,kind,happened_at,summary,value\nA1,T1,note,2026-02-01T10:00:00Z,Talked again,2\n"
            "A2,T2,note,2026-02-01T10:00:00Z,New,\n"
        ),
    ),
    "orders": (
        "account_id,ordered_on,amount,currency\nA1,2026-02-01,5,USD\n",
        "account_id,ordered_on,amount,currency\nA1,2026-02-01,5,USD\nA1,2026-02-01,5,USD\nA2,2026-02-02,7,EUR\n",
    ),
    "tickets": (
        "account_id,ticket_id,opened_at,subject,status\nA1,17,2026-02-01T09:00:00Z,Log-in,open\n",
        (
            "account_id,ticket_id,opened_at,subject,status,tags\nA2,17,2026-02-01T09:00:00Z,Log-in,solved,vip\n"
            "A1,18,2026-02-01T09:00:00Z,Invoice,open,\n"
        ),
    ),
    "conversations": (
        "account_id,conversation_id,started_at,subject\nA1,21,2026-02-01T09:00:00Z,Hello\n",
        (
            "account_id,conversation_id,started_at,subject,status\nA1,21,2026-02-01T09:00:00Z,Hello again,closed\n"
            "A2,22,2026-02-01T09:00:00Z,Hi,open\n"
        ),
    ),
    "surveys": (
        "account_id,response_id,survey,score,answered_at\nA1,R1,nps,9,2026-02-01T09:00:00Z\n",
        (
            "account_id,response_id,survey,score,answered_at,comment\nA1,R1,nps,3,2026-02-01T09:00:00Z,No\n"
            "A2,,csat,4,2026-02-01T09:00:00Z,\n"
        ),
    ),
    "revenue": (
        "account_id,movement,happened_on,amount,currency\nA1,new,2026-01-01,1000,USD\n",
        "account_id,movement,happened_on,amount,currency\nA1,expansion,2026-02-01,50,USD\nA2,churn,2026-02-01,5,USD\n",
    ),
    "events": (
        "account_id,event,timestamp,event_id\nA1,Signed in,2026-02-01T09:00:00Z,e1\n",
        (
            "account_id,event,timestamp,event_id\nA1,Signed in,2026-02-01T09:00:00Z,e1\n"
            "A2,Signed in,2026-02-02T09:00:00Z,e2\n"
            "nobody,Signed in,2026-02-03T09:00:00Z,e3\n"
        ),
    ),
    "scores": (
        "",
        (
            "account_id,insight_type,scored_at,confidence,model,model_version\n"
            "A1,churn_risk,2026-02-28T06:00:00Z,0.95,m,1\nnobody,churn_risk,2026-02-28T06:00:00Z,0.6,m,1\n"
        ),
    ),
}
# What can be seen, whole rows with their ids; a contact's consents without the serial number of the row.
SEEN = {
    "accounts_account": "WHERE archived_at IS NULL",
    "accounts_accountperson": "",
    "accounts_contact": "",
    "accounts_contract": "",
    "accounts_activity": "",
    "accounts_ledgerentry": "",
    "accounts_event": "",
    "accounts_eventkey": "",
    "accounts_parked": "",
    "accounts_prior": "",
    "decisions_item": "WHERE closed_at IS NULL",
    "playbooks_task": "WHERE status NOT IN ('closed', 'merged', 'expired')",
    "playbooks_watch": "",
}


@pytest.fixture(autouse=True)
def data_dir(settings: Any, tmp_path: Path) -> None:
    settings.CX_DATA_DIR = tmp_path
    make_organisation(reporting_currency="USD", catch_all=make_user("omar", role="manager"))


@pytest.fixture
def ops() -> User:
    return make_user("ops", role="ops")


def seen() -> dict[str, list[Any]]:
    found = {
        table: fetch_all(f"SELECT to_jsonb(x)::text FROM {table} x {where} ORDER BY 1")  # noqa: S608 - ours
        for table, where in SEEN.items()
    }
    found["consents"] = fetch_all("SELECT (to_jsonb(x) - 'id')::text FROM accounts_consent x ORDER BY 1")
    found["keys"] = fetch_all("SELECT namespace_id, kind, value, account_id FROM accounts_accountkey ORDER BY 1, 2, 3")
    return found


def bring(source: Source, kind: str, content: str) -> Import:
    made = start_import(file=[content.encode()], filename="x.csv", kind=kind, source=source, by=None, now=NOW)
    done = run_import(made.id, NOW)
    advance_all(NOW)
    return done


def test_every_kind_of_file_is_here() -> None:
    assert sorted(FILES) == file_kinds()


@pytest.mark.parametrize("kind", sorted(FILES))
def test_undone_it_is_as_if_it_had_not_come_and_it_can_come_again(kind: str, source: Source, ops: User) -> None:
    before, file = FILES[kind]
    bring(source, "accounts", BASE)
    if before:
        bring(source, kind, before)
    Prior.objects.all().delete()
    was = seen()
    done = bring(source, kind, file)
    there = seen()
    assert there != was
    assert "rejected" not in done.counts
    undo_import(import_id=done.pk, by=ops, now=NOW)
    advance_all(NOW)
    assert seen() == was
    assert not any(broken_invariants().values())
    again = bring(source, kind, file)
    assert again.counts == done.counts
    assert {name: len(rows) for name, rows in seen().items()} == {name: len(rows) for name, rows in there.items()}
    undo_import(import_id=again.pk, by=ops, now=NOW)
    advance_all(NOW)
    assert seen() == was


def test_what_a_contact_said_later_stays(source: Source, ops: User) -> None:
    bring(source, "accounts", BASE)
    done = bring(source, "contacts", FILES["contacts"][1])
    assert find("contacts").tell is not None
    told = find("contacts").tell(done.pk, 100).changes  # type: ignore[misc]
    assert ("C2", "consent_email", None, "granted") in [
        (one.external_id, one.field, one.before, one.after) for one in told
    ]
    second = Contact.objects.get(external_id="C2")
    set_consent(
        contact=second, said={Channel.EMAIL: ConsentState.REFUSED}, do_not_contact=False, proof="call", by=ops, now=NOW
    )
    undone = undo_import(import_id=done.pk, by=ops, now=NOW)
    assert [(one.external_id, one.field, one.after) for one in undone.kept] == [("C2", "consent_email", "refused")]
    assert Contact.objects.get() == second, "what they said keeps whom it is about"
    assert Consent.objects.get().state == "refused"


def test_events_that_came_otherwise_stay(source: Source, ops: User) -> None:
    bring(source, "accounts", BASE)
    bring(source, "events", FILES["events"][0])
    done = bring(source, "events", FILES["events"][1])
    assert done.counts == {"duplicate": 1, "accepted": 1, "parked": 1}
    assert undo_import(import_id=done.pk, by=ops, now=NOW).removed == 2
    assert Event.objects.count() == EventKey.objects.count() == 1
