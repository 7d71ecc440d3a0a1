"""Events by file: the same way in as by API, each row with what became of it."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import Event
from core.bulk import database_now
from intake.models import Source
from intake.services import run_import, start_import
from tests.factories import make_account

pytestmark = pytest.mark.django_db
FILE = b"""event,timestamp,account_id,user_id,event_id,properties
Login,2026-11-20T10:00:00Z,ACME,u1,e1,"{""plan"": ""pro""}"
Login,2026-11-20T11:00:00Z,ACME,u1,e2,
Login,2026-11-20T11:00:00Z,LATE,u2,e3,
,2026-11-20T11:00:00Z,ACME,u1,e4,
Login,soon,ACME,u1,e5,
"""


def send(source: Source) -> Any:
    made = start_import(
        file=[FILE], filename="events.csv", kind="events", source=source, by=None, now=database_now(), actor="test"
    )
    run_import(import_id=made.id, now=database_now())
    made.refresh_from_db()
    return made


def test_a_file_of_events_lands_once(source: Source, settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path
    acme = make_account("Acme", external_id="ACME", source=source)
    assert send(source).counts == {"accepted": 2, "parked": 1, "rejected": 2}
    event = Event.objects.get(payload__external_id="e1")
    assert (event.account, event.payload["properties"]) == (acme, {"plan": "pro"})
    assert send(source).counts == {"duplicate": 3, "rejected": 2}
    assert Event.objects.count() == 3
