"""Tasks about sources on the screens and in the API, and what is kept of each delivery."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from core.models import Act
from cx_ops.pipeline import tick_all
from decisions.enums import OutcomeKind
from intake.enums import Problem
from intake.models import FieldProfile, Shipment, Source
from intake.rules import Arrival
from intake.services import take
from intake.services.kinds import find
from playbooks.models import Task
from playbooks.services.tasks import add_note
from tests.conftest import ApiClient
from tests.factories import NOW, make_team, make_token, make_user
from tests.feeds import HEADER, days, opened, send
from tests.floor import Floor, signed_in

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def late_task(feed: Source) -> Task:
    days(feed)
    tick_all(NOW + 30 * HOUR)
    return opened(Problem.ARRIVAL)


def test_the_owner_sees_it_with_the_runbook_and_closes_it(floor: Floor, feed: Source) -> None:
    task = late_task(feed)
    client = signed_in(floor.ana)
    queue = client.get("/queue/").content.decode()
    assert "late, nothing for" in queue
    assert "Late or silent" in queue
    page = client.get(f"/tasks/{task.pk}/").content.decode()
    for words in ("Call the CRM team.", "Last arrival", "Not a fault", "No revenue can be counted"):
        assert words in page
    assert "Wait</a>" not in page
    task.refresh_from_db()  # opening it has acknowledged it
    answer = client.post(f"/tasks/{task.pk}/close/", {"version": task.version, "outcome": "fixed", "note": "Log-in"})
    assert answer.status_code == 302
    task.refresh_from_db()
    assert (task.outcome, task.closed_by) == (OutcomeKind.FIXED, floor.ana)
    assert "Fixed" in client.get("/queue/closed/").content.decode()


def test_operations_has_a_queue_of_its_own_and_works_on_feeds_alone(floor: Floor, feed: Source) -> None:
    opal = make_user("opal", role="ops")
    Source.objects.filter(pk=feed.pk).update(owner=opal)
    task = late_task(feed)
    assert task.assignee == opal
    client = signed_in(opal)
    assert "late, nothing for" in client.get("/queue/").content.decode()
    other = floor.task()
    refused = client.post(f"/tasks/{other.pk}/close/", {"version": other.version, "outcome": "no_change"})
    assert refused.status_code == 422
    assert client.get(f"/tasks/{task.pk}/hand-over/").status_code == 200
    task.refresh_from_db()
    done = client.post(f"/tasks/{task.pk}/close/", {"version": task.version, "outcome": "fixed"})
    assert done.status_code == 302


def test_who_may_see_it(floor: Floor, feed: Source) -> None:
    task = late_task(feed)
    stranger = make_user("cy", team=make_team("South"))
    assert signed_in(stranger).get(f"/tasks/{task.pk}/").status_code == 404
    for user in (floor.lead, make_user("lou", role="leader"), make_user("opal", role="ops")):
        assert signed_in(user).get(f"/tasks/{task.pk}/").status_code == 200
    assert "Crm: late" in signed_in(floor.lead).get("/team/work/").content.decode()


def test_the_api_names_the_source_only_to_who_asks(floor: Floor, feed: Source) -> None:
    task = late_task(feed)
    api = ApiClient(make_token(feed)[1])
    assert api.read("/api/v1/tasks").json()["results"] == []
    [row] = api.read("/api/v1/tasks?source=crm").json()["results"]
    assert (row["id"], row["account"], row["source"]) == (str(task.pk), None, "crm")
    assert api.read(f"/api/v1/tasks/{task.pk}").json()["source"] == "crm"


# ── What is kept ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_file_is_profiled_and_no_name_is_kept(feed: Source) -> None:
    send(feed, NOW, rows=120, region="")
    shipment = Shipment.objects.get()
    assert (shipment.rows, shipment.rejected, shipment.columns) == (120, 0, list(HEADER))
    kept = {profile.field: profile for profile in FieldProfile.objects.all()}
    assert kept["tier"].spread == {"=gold": 60, "=silver": 60}
    assert kept["name"].spread == kept["external_id"].spread == {}
    assert (kept["region"].rows, kept["region"].blanks) == (120, 120)


def test_a_file_in_chunks_is_profiled_once(feed: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("intake.services.imports.CHUNK_ROWS", 40)
    send(feed, NOW, rows=120)
    assert Shipment.objects.get().rows == 120
    assert FieldProfile.objects.get(field="tier").spread == {"=gold": 60, "=silver": 60}


def test_calls_are_counted_and_added_up_by_the_hour(floor: Floor, feed: Source) -> None:
    def call(at: datetime, name: str) -> None:
        arrival = Arrival(feed.pk, feed.slug, feed.pk, at, actor="test")
        take(find("accounts"), [b'{"external_id": "%s", "name": "A"}' % name.encode(), b"{}"], arrival)

    for minute, name in ((1, "a"), (2, "b"), (90, "c")):
        call(NOW + timedelta(minutes=minute), name)
    assert Shipment.objects.filter(is_summed=False).count() == 3
    tick_all(NOW + 5 * HOUR)
    summed = list(Shipment.objects.order_by("at").values_list("at", "rows", "rejected"))
    assert summed == [(NOW, 4, 2), (NOW + HOUR, 2, 1)]


def test_every_trouble_is_in_the_audit_trail(floor: Floor, feed: Source) -> None:
    task = late_task(feed)
    add_note(task_id=task.pk, by=floor.ana, text="Looking", now=NOW + 31 * HOUR)
    verbs = Act.objects.filter(subject_type="trouble").values_list("verb", flat=True)
    assert list(verbs) == ["found"]
    page = signed_in(make_user("opal", role="ops")).get("/audit/").content.decode()
    assert "on a feed" in page
