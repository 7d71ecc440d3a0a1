"""Tasks by API: made, closed, snoozed, handed over; by whom, at which version, once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from core.models import Act, User
from intake.enums import Scope
from playbooks.models import Task
from tests.conftest import ApiClient
from tests.factories import make_team, make_token, make_user
from tests.floor import Floor

pytestmark = pytest.mark.django_db


@pytest.fixture
def task(floor: Floor) -> Task:
    return floor.task()


def signed_in(user: User) -> ApiClient:
    client = ApiClient()
    client.force_login(user)
    return client


def test_a_close_at_the_version_seen(floor: Floor, task: Task) -> None:
    ana, path = signed_in(floor.ana), f"/api/v1/tasks/{task.pk}/close"
    seen = ana.read(f"/api/v1/tasks/{task.pk}")
    assert ana.send(path, {"outcome": "lost"}).status_code == 428
    assert ana.send(path, {"outcome": "lost"}, If_Match='"9"').status_code == 412
    done = ana.send(path, {"outcome": "lost", "note": "They said so."}, If_Match=seen["ETag"])
    assert (done.status_code, done.json()["outcome"], done["ETag"]) == (200, "lost", '"2"')
    again = ana.send(path, {"outcome": "lost"}, If_Match=done["ETag"])
    assert again.status_code == 409
    assert "Already closed by you" in again.json()["detail"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "outcome"),
        ({"outcome": "nonsense"}, "outcome"),
        ({"outcome": "expansion_agreed"}, "outcome"),
        ({"outcome": "other"}, "note"),
        ({"outcome": "insight_wrong"}, "reason"),
        ({"outcome": "lost", "mood": "sad"}, "mood"),
    ],
)
def test_a_close_that_says_too_little(floor: Floor, task: Task, body: dict[str, str], field: str) -> None:
    answer = signed_in(floor.ana).send(f"/api/v1/tasks/{task.pk}/close", body, If_Match='"1"')
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)


def test_who_may_not(floor: Floor, task: Task) -> None:
    path, body = f"/api/v1/tasks/{task.pk}/close", {"outcome": "lost"}
    assert ApiClient().send(path, body).status_code == 401
    token = ApiClient(make_token(floor.source)[1]).send(path, body, If_Match='"1"')
    assert (token.status_code, "sign in as a person" in token.json()["detail"]) == (403, True)
    leader = signed_in(make_user("ida", role="leader")).send(path, body, If_Match='"1"')
    assert (leader.status_code, "Leaders read" in leader.json()["detail"]) == (403, True)
    stranger = signed_in(make_user("stan", team=make_team("South")))
    assert stranger.send(path, body, If_Match='"1"').status_code == 404


def test_snooze_and_assign(floor: Floor, task: Task) -> None:
    ana, path = signed_in(floor.ana), f"/api/v1/tasks/{task.pk}"
    assert task.expires_at is not None
    until = (task.expires_at + timedelta(days=900)).isoformat()
    refused = ana.send(f"{path}/snooze", {"until": until}, If_Match='"1"')
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "reason")
    done = ana.send(f"{path}/snooze", {"until": until, "reason": "Budget"}, If_Match='"1"')
    assert (done.status_code, done.json()["status"]) == (200, "snoozed")
    unknown = ana.send(f"{path}/assign", {"to": "nobody"}, If_Match='"2"')
    assert (unknown.status_code, unknown.json()["errors"][0]["field"]) == (422, "to")
    given = ana.send(f"{path}/assign", {"to": "bea", "note": "Yours."}, If_Match='"2"')
    assert given.json()["assignee"] == {"username": "bea"}


def new_task(floor: Floor, **fields: Any) -> dict[str, Any]:
    due = (floor.task(account=floor.new_account()).opened_at + timedelta(days=4000)).isoformat()
    return {"account": str(floor.account.pk), "title": "Call", "assignee": "ana", "due_at": due} | fields


def test_a_task_by_hand_once_per_key(floor: Floor) -> None:
    ana, body = signed_in(floor.ana), new_task(floor)
    first = ana.send("/api/v1/tasks", body, Idempotency_Key="k1")
    assert (first.status_code, first["Location"]) == (201, f"/api/v1/tasks/{first.json()['id']}")
    assert ana.send("/api/v1/tasks", body, Idempotency_Key="k1").json() == first.json()
    assert Task.objects.filter(title="Call").count() == 1
    assert ana.send("/api/v1/tasks", body | {"assignee": "nobody"}).status_code == 422
    stranger = signed_in(make_user("stan", team=make_team("South")))
    assert stranger.send("/api/v1/tasks", body).json()["errors"][0]["field"] == "account"


def test_a_source_may_make_a_task_with_the_scope(floor: Floor) -> None:
    body = new_task(floor)
    reader = ApiClient(make_token(floor.source, Scope.READ)[1])
    assert reader.send("/api/v1/tasks", body).status_code == 403
    writer = ApiClient(make_token(floor.source, Scope.ACCOUNTS_WRITE)[1])
    made = writer.send("/api/v1/tasks", body)
    assert made.status_code == 201
    assert Act.objects.get(subject_id=made.json()["id"]).actor == "house"
