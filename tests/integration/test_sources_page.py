"""Sources as screens: who answers for each, whether it is late, and what cannot be settled."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from core.bulk import database_now
from core.models import Act
from intake.models import Shipment, Source
from tests.factories import make_source, make_token, make_user
from tests.floor import Floor, signed_in

pytestmark = pytest.mark.django_db


def terms(**fields: Any) -> dict[str, Any]:
    known = {"name": "Billing", "mode": "consolidate", "score_meaning": "confidence", "is_active": "on"}
    return known | {name: getattr(value, "pk", value) for name, value in fields.items()}


def test_a_source_is_added_with_its_owner(floor: Floor) -> None:
    answer = signed_in(floor.lead).post(
        "/sources/new/", terms(owner=floor.ana, backup=floor.bea, cadence_hours=24, runbook="Call Omar.")
    )
    assert answer["Location"] == "/sources/billing/"
    made = Source.objects.get(slug="billing")
    assert (made.owner, made.backup, made.cadence_hours) == (floor.ana, floor.bea, 24)
    act = Act.objects.get(subject_type="source", subject_id=str(made.pk))
    assert (act.verb, act.by) == ("created", floor.lead)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"owner": ""}, "nobody owns dies unnoticed"),
        ({"name": ""}, "Give the system"),
        ({"slug": "new"}, "an address of ours"),
        ({"slug": "house"}, "choose another"),
        ({"slug": "a b"}, "without spaces"),
        ({"name": "日本"}, "short name in letters"),
        ({"backup": "owner"}, "somebody else than the owner"),
        ({"cadence_hours": "0"}, "greater than or equal to 1"),
        ({"cadence_hours": "1e9"}, "whole number"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_is_made(floor: Floor, given: dict[str, Any], said: str) -> None:
    wanted = terms(owner=floor.ana) | {
        name: floor.ana.pk if value == "owner" else value for name, value in given.items()
    }
    answer = signed_in(floor.lead).post("/sources/new/", wanted)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert Source.objects.count() == 1


def test_a_leaver_stays_named_until_handed_over_and_nobody_names_a_new_one(floor: Floor) -> None:
    gone = make_user("gone", is_active=False)
    source = make_source("crm", owner=gone)
    client = signed_in(floor.lead)
    kept = client.post("/sources/crm/change/", terms(name="CRM", owner=gone, cadence_hours=24))
    assert kept.status_code == 302
    source.refresh_from_db()
    assert (source.name, source.cadence_hours) == ("CRM", 24)
    refused = client.post("/sources/crm/change/", terms(owner=floor.ana, backup=make_user("left", is_active=False)))
    assert refused.status_code == 422


def test_a_token_that_has_expired_is_a_trouble_until_something_comes(floor: Floor) -> None:
    now, source = database_now(), make_source("crm", owner=floor.ana, cadence_hours=24)
    make_token(source, expires_at=now - timedelta(hours=1))
    Shipment.objects.create(source=source, kind="insights", at=now - timedelta(hours=2), rows=1)
    otto, lead = signed_in(make_user("otto", role="ops")), signed_in(floor.lead)
    assert "Create a new token" in otto.get("/sources/crm/").content.decode()
    assert "Operations creates a new one" in lead.get("/sources/crm/").content.decode()
    assert "Token expired" in lead.get("/sources/").content.decode()
    other, _text = make_token(source, expires_at=None)
    assert "Token expired" not in lead.get("/sources/").content.decode()
    type(other).objects.filter(pk=other.pk).update(revoked_at=now)
    assert "Token expired" in lead.get("/sources/").content.decode()
    Shipment.objects.create(source=source, kind="insights", at=now, rows=1)
    assert "has expired" not in lead.get("/sources/crm/").content.decode()


def test_a_change_says_what_it_was(floor: Floor) -> None:
    source = make_source("crm", owner=floor.ana)
    client = signed_in(make_user("opal", role="ops"))
    client.post("/sources/crm/change/", terms(name="Crm", owner=floor.bea, slug="other"))
    source.refresh_from_db()
    assert (source.slug, source.owner) == ("crm", floor.bea)
    [act] = Act.objects.filter(subject_type="source", verb="changed")
    assert act.data == {"owner": [str(floor.ana.pk), str(floor.bea.pk)]}
    client.post("/sources/crm/change/", terms(name="Crm", owner=floor.bea))
    assert Act.objects.filter(subject_type="source", verb="changed").count() == 1


def test_ids_of_another_source_make_no_chain(floor: Floor) -> None:
    model = make_source("model", owner=floor.ana, account_namespace=floor.source)
    client = signed_in(floor.lead)
    answer = client.post("/sources/new/", terms(owner=floor.ana, account_namespace=model))
    assert answer.status_code == 422
    other = make_source("other", owner=floor.ana)
    answer = client.post("/sources/house/change/", terms(name="House", owner=floor.ana, account_namespace=other))
    assert "has to keep its own" in answer.content.decode()


def test_a_person_is_no_source_here(floor: Floor) -> None:
    make_source("person-ana", person=floor.ana)
    client = signed_in(floor.lead)
    assert "person-ana" not in client.get("/sources/").content.decode()
    assert client.get("/sources/person-ana/").status_code == 404
    assert client.get("/sources/person-ana/change/").status_code == 404


@pytest.mark.parametrize(("hours", "words"), [(20, "On time"), (30, "Late"), (50, "Silent")])
def test_the_list_says_who_is_late(floor: Floor, hours: int, words: str) -> None:
    source = make_source("crm", owner=floor.ana, cadence_hours=24)
    at = database_now() - timedelta(hours=hours)
    Shipment.objects.create(source=source, kind="accounts", at=at, rows=3)
    client = signed_in(floor.lead)
    assert words in client.get("/sources/").content.decode()
    assert words in client.get("/sources/crm/").content.decode()
    file = b"".join(client.get("/sources/?format=csv").streaming_content).decode()  # type: ignore[attr-defined]
    assert f"Crm,crm,Ana,,24,{at.isoformat()}" in file
    assert words in file


def test_leaders_read(floor: Floor) -> None:
    client = signed_in(make_user("lou", role="leader"))
    assert "New source" not in client.get("/sources/").content.decode()
    assert client.get("/sources/new/").status_code == 403
