"""Who may open what: roles × routes × own and foreign objects, walked from the URL resolver.

Every address stands in ROUTES or among the API's; one that does not makes this red. Tokens and their scopes are tested
with the API.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from accounts.rules.segments import AccountFilter
from accounts.services import save_segment
from core.models import Absence, DeadLetter
from core.services import record_act
from cx_ops.environment import Mode
from decisions.models import HoldOut
from intake.models import Delivery, Import, Quarantined
from playbooks.models import RunStep, ServiceLevel, Task
from tests.factories import (
    NOW,
    make_account,
    make_contact,
    make_contract,
    make_erasure,
    make_hold_out,
    make_merge,
    make_pair,
    make_pull,
    make_run,
    make_team,
    make_token,
    make_user,
    make_webhook,
)
from tests.floor import Floor, signed_in
from tests.routes import CSM, LEADER, MANAGER, ONE_PERSONS, OPS, PUBLIC, ROLES, ROUTES, SEES_ALL, SHARED, WORKERS


def walk(patterns: list[Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """(name, path) of every address of our own; the stock admin's are guarded by Django (see below)."""
    for pattern in patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            if pattern.namespace != "admin":
                yield from walk(pattern.url_patterns, path)
        elif isinstance(pattern, URLPattern):
            yield str(pattern.name), path


ADDRESSES = dict(walk(get_resolver().url_patterns))
API = sorted(name for name, path in ADDRESSES.items() if path.startswith("api/"))


@dataclass
class Place:
    """Two teams, one object of each sort in either."""

    own: dict[str, dict[str, Any]]
    foreign: dict[str, dict[str, Any]]
    clients: dict[str, Client]


@pytest.fixture
def place(db: None) -> Place:
    floor = Floor()
    stranger = make_user("cy", team=make_team("South"))
    account = make_account("Elsewhere", csm=stranger, source=floor.source)
    people = {
        CSM: floor.ana,
        MANAGER: floor.lead,
        **{role: make_user(role, role=role) for role in (LEADER, OPS, "integration")},
    }
    return Place(
        own=objects_of(floor, floor.account),
        foreign=objects_of(floor, account),
        clients={role: signed_in(user) for role, user in people.items()},
    )


QUIET = "advocacy_potential"  # a type of which nothing comes in here


def objects_of(floor: Floor, account: Any) -> dict[str, dict[str, Any]]:
    """The arguments of an address by the sort of object it names."""
    task = floor.task(account=account)
    step = RunStep.objects.filter(run=task.run).first()
    assert step is not None
    file = Import.objects.create(
        source=floor.source, kind="accounts", filename="a.csv", stored_as="a", sha256="", created_at=NOW
    )
    contract = make_contract(account)
    name = f"Segment {task.pk}"
    segment = save_segment(name=name, wanted=AccountFilter(tier="mid"), by=floor.lead, now=NOW)
    Quarantined.objects.create(
        source=floor.source, kind="messages", payload="{}", field="type", code="required", message="No type.",
        received_at=NOW,
    )  # fmt: skip
    letter = DeadLetter.objects.create(record_id=uuid4(), stage="decide", row={}, error="x", attempts=5)
    person = account.people.get().user
    absence = Absence.objects.create(user=person, active_from=NOW, active_to=NOW + timedelta(days=1))
    act = record_act("handed_over", person, actor="test", now=NOW, data={"moves": [], "counts": {}})
    hook = make_webhook(floor.lead)
    contact = make_contact(account, f"Cy {account.name}", email=f"cy-{account.pk}@example.com")
    double, other = make_account(team=account.team), make_account(team=account.team, archived_at=NOW)
    return {
        "person": {"user_id": person.pk},
        "absence": {"user_id": person.pk, "absence_id": absence.pk},
        "hand_over": {"act_id": act.pk},
        "account": {"account_id": account.pk},
        "pair": {"pair_id": make_pair(account, double).pk},
        "merge": {"merge_id": make_merge(account, other, floor.lead).pk},
        "contract": {"contract_id": contract.pk},
        "segment": {"segment_id": segment.pk},
        "task": {"task_id": task.pk},
        "step": {"task_id": task.pk, "run_step_id": step.pk},
        "decision": {"insight_id": task.decision_id},
        "import": {"import_id": file.pk},
        "source": {"slug": floor.source.slug},
        "contact": {"contact_id": contact.pk},
        "erasure": {"erasure_id": make_erasure(contact, floor.lead).pk},
        "webhook": {"webhook_id": hook.pk},
        "pull": {"pull_id": make_pull(floor.source, floor.lead).pk},
        "hold_out": {
            "hold_out_id": (HoldOut.objects.first() or make_hold_out(floor.lead, type_id="advocacy_potential")).pk
        },
        "parallel": {"slug": make_run(floor.lead, team=account.team).old.slug},
        "delivery": {"delivery_id": Delivery.objects.get(webhook=hook).pk},
        "token": {"token_id": make_token(floor.source)[0].pk},
        "stage": {"stage": "measure"},
        "kind": {"kind": "accounts"},
        "letter": {"letter_id": letter.pk},
        "policy": {"version": 99},
        "bulk": {"act_id": act.pk},
        "rules": {"kind": "service-levels"},
        "rule": {"kind": "service-levels", "key": str(ServiceLevel.objects.get(tier="").pk)},
        "view": {"view_id": uuid4()},
    }


def ask(client: Client, name: str, arguments: dict[str, Any]) -> int:
    route = ROUTES[name]
    query = {"lane": "now", "since": NOW.isoformat()} if name == "queue_changes" else {}
    url = reverse(name, kwargs=arguments)
    found = client.get(url, query) if route.method == "get" else client.post(url, query)
    return found.status_code


def test_every_address_is_listed() -> None:
    unlisted = set(ADDRESSES) - set(ROUTES) - PUBLIC - set(API)
    assert unlisted == set()


def test_nothing_is_listed_that_is_not_there() -> None:
    assert (set(ROUTES) | PUBLIC) - set(ADDRESSES) == set()


@pytest.mark.parametrize("name", ROUTES)
def test_own(place: Place, name: str) -> None:
    arguments = place.own.get(ROUTES[name].of, {})
    if name in ONE_PERSONS:
        arguments = {ONE_PERSONS[name]: uuid4()}
    for role in ROLES:
        status = ask(place.clients[role], name, arguments)
        allowed = role in ROUTES[name].roles
        fine = (404,) if name in ONE_PERSONS else (200, 302, 409, 422)
        assert status in (fine if allowed else (403,)), f"{role}: {status}"


@pytest.mark.parametrize("name", [name for name, route in ROUTES.items() if route.of and route.of not in SHARED])
def test_foreign(place: Place, name: str) -> None:
    for role in ROLES:
        status = ask(place.clients[role], name, place.foreign[ROUTES[name].of])
        if role not in ROUTES[name].roles:
            assert status == 403, f"{role}: {status}"
        elif role in SEES_ALL:
            assert status in (200, 302, 409, 422), f"{role}: {status}"
        else:
            assert status == 404, f"{role}: {status}"


def test_operations_changes_no_task_on_an_account(place: Place) -> None:
    """It may open them all; whatever it sends is refused."""
    before = list(Task.objects.order_by("pk").values())
    for name, route in ROUTES.items():
        if route.of == "task" and OPS in route.roles:
            for objects in (place.own, place.foreign):
                url = reverse(name, kwargs=objects["task"])
                answer = place.clients[OPS].post(
                    url, {"version": 1, "outcome": "no_change", "text": "x", "reason": "x"}
                )
                assert answer.status_code in (200, 302, 405, 409, 422), name
    assert list(Task.objects.order_by("pk").values()) == before


@pytest.mark.parametrize("name", ROUTES)
def test_signed_out(place: Place, name: str) -> None:
    arguments = place.own.get(ROUTES[name].of, {})
    assert ask(Client(), name, arguments) == 302
    url = reverse(name, kwargs=arguments)
    answer = getattr(Client(), ROUTES[name].method)(url, headers={"HX-Request": "true"})
    assert answer.status_code == 401


API_PUBLIC = {"api-schema", "api-docs"}
# What the screens' people may read by the API too, signed in, by the object that the address names.
API_OBJECTS = {
    "api-account": "account",
    "api-decision": "decision",
    "api-import": "import",
    "api-import-confirm": "import",
    "api-import-errors": "import",
    "api-import-stop": "import",
    "api-import-undo": "import",
    "api-import-warnings": "import",
    "api-insight": "decision",
    "api-insight-retract": "decision",
    "api-task": "task",
    "api-task-assign": "task",
    "api-task-close": "task",
    "api-task-snooze": "task",
}


def test_every_api_address_that_names_an_object_is_listed() -> None:
    assert {name for name in API if "<" in ADDRESSES[name]} == set(API_OBJECTS)


@pytest.mark.parametrize("name", [name for name in API if name not in API_PUBLIC])
def test_the_api_is_shut_to_strangers(place: Place, name: str) -> None:
    path = "/" + ADDRESSES[name].replace("<uuid:id>", str(uuid4()))
    answers = {Client().get(path).status_code, Client().post(path).status_code}
    assert answers in ({401}, {401, 405})


@pytest.mark.parametrize("name", [name for name, of in API_OBJECTS.items() if of != "import"])
@pytest.mark.parametrize("role", WORKERS)
def test_the_api_hides_what_is_foreign(place: Place, name: str, role: str) -> None:
    [foreign] = list(place.foreign[API_OBJECTS[name]].values())
    path = "/" + ADDRESSES[name].replace("<uuid:id>", str(foreign))
    answers = {place.clients[role].get(path).status_code, place.clients[role].post(path).status_code}
    assert answers <= {403, 404, 405}


@pytest.mark.parametrize("role", ROLES)
def test_the_back_office_is_for_staff(place: Place, role: str) -> None:
    answer = place.clients[role].get("/admin/")
    assert answer.status_code == 302
    assert "/admin/login/" in answer["Location"]


def test_another_persons_queue(place: Place) -> None:
    """A lead may open the queues of their team; nobody else any but their own."""
    bea = make_user("bea2", team=make_team("West"))
    for role in WORKERS:
        assert place.clients[role].get("/queue/", {"who": str(bea.pk)}).status_code == 404
        assert place.clients[role].get("/queue/", {"who": f"team:{bea.team_id}"}).status_code == 404


def test_one_click_log_ins_are_the_demos_alone(db: None, settings: Any) -> None:
    """In the demo a button signs in as one of its people; elsewhere the address does not exist."""
    make_user("ana", first_name="Ana")
    assert Client().post("/login/demo/", {"username": "ana"}).status_code == 404
    assert "Ana" not in Client().get("/login/").content.decode()
    settings.MODE = Mode.DEMO
    client = Client()
    assert 'value="ana"' in client.get("/login/").content.decode()
    answer = client.post("/login/demo/", {"username": "ana", "next": "https://elsewhere.example.com/"})
    assert answer["Location"] == "/"
    assert client.get("/queue/").status_code == 200
    make_user("robot", role="integration")
    assert Client().post("/login/demo/", {"username": "robot"}).status_code == 404
