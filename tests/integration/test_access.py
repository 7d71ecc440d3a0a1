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
from intake.models import Import
from playbooks.models import RunStep, ServiceLevel
from tests.factories import NOW, make_account, make_contract, make_team, make_token, make_user
from tests.floor import Floor, signed_in

CSM, MANAGER, LEADER, OPS = "csm", "manager", "leader", "ops"
ROLES = (CSM, MANAGER, LEADER, OPS, "integration")
EVERYBODY = (CSM, MANAGER, LEADER, OPS)
WORKERS = (CSM, MANAGER)
LEADS = (MANAGER, LEADER, OPS)
# Whom a foreign team's account is not foreign to.
SEES_ALL = (LEADER, OPS)


@dataclass(frozen=True)
class Route:
    """Who may, by which method, and which object the address names ("" for none)."""

    roles: tuple[str, ...]
    of: str = ""
    method: str = "get"


PUBLIC = {"login", "logout", "demo_sign_in", "theme", "healthz", "readyz", "metrics", "events_door", "posthog_door"}
ROUTES = {
    "home": Route(EVERYBODY),
    "preferences": Route(EVERYBODY),
    "own_absence": Route(EVERYBODY, "", "post"),
    "own_absence_end": Route(EVERYBODY, "", "post"),
    "alerts": Route(LEADS),
    "mailbox": Route(EVERYBODY),
    "styleguide": Route(EVERYBODY),
    "queue": Route(WORKERS),
    "queue_changes": Route(WORKERS),
    "queue_rows": Route(WORKERS),
    "queue_filter": Route(WORKERS),
    "queue_bulk": Route(WORKERS, method="post"),
    "queue_bulk_undo": Route(WORKERS, "bulk", "post"),
    "view_save": Route(WORKERS, method="post"),
    "view_delete": Route(WORKERS, "view", "post"),
    "closed": Route(WORKERS),
    "watch_list": Route(WORKERS),
    "new_task": Route(WORKERS, "account"),
    "task": Route(EVERYBODY, "task"),
    "task_acknowledge": Route(WORKERS, "task", "post"),
    "task_claim": Route(WORKERS, "task", "post"),
    "task_close": Route(WORKERS, "task", "post"),
    "task_hand_over": Route(WORKERS, "task"),
    "task_merge": Route(WORKERS, "task"),
    "task_note": Route(WORKERS, "task", "post"),
    "task_presence": Route(WORKERS, "task"),
    "task_reopen": Route(WORKERS, "task", "post"),
    "task_resume": Route(WORKERS, "task", "post"),
    "task_skip": Route(WORKERS, "task"),
    "task_snooze": Route(WORKERS, "task"),
    "task_step": Route(WORKERS, "step", "post"),
    "task_take_over": Route(WORKERS, "task"),
    "task_undo": Route(WORKERS, "task", "post"),
    "task_wait": Route(WORKERS, "task"),
    "audit": Route(LEADS),
    "tokens": Route((OPS,)),
    "token_revoke": Route((OPS,), "token", "post"),
    "health": Route((OPS,)),
    "dead_letters_replay": Route((OPS,), "stage", "post"),
    "team": Route(LEADS),
    "team_work": Route(LEADS),
    "team_give": Route((MANAGER,), "task", "post"),
    "leave": Route((MANAGER,), "person"),
    "leave_hand_over": Route((MANAGER,), "person", "post"),
    "leave_away": Route((MANAGER,), "person", "post"),
    "leave_back": Route((MANAGER,), "absence", "post"),
    "leave_deactivate": Route((MANAGER,), "person", "post"),
    "hand_over_undo": Route((MANAGER,), "hand_over", "post"),
    "accounts": Route(EVERYBODY),
    "account": Route(EVERYBODY, "account"),
    "log_touch": Route(WORKERS, "account", "post"),
    "new_insight": Route(WORKERS, "account"),
    "portfolio": Route(EVERYBODY),
    "renewals": Route(EVERYBODY),
    "search": Route(EVERYBODY),
    "segments": Route(EVERYBODY),
    "new_segment": Route(EVERYBODY),
    "change_segment": Route(EVERYBODY, "segment", "post"),
    "change_forecast": Route(WORKERS, "contract", "post"),
    "decision": Route(EVERYBODY, "decision"),
    "house_rules": Route(LEADS),
    "house_rules_of": Route(LEADS, "rules"),
    "house_rule": Route((MANAGER,), "rule"),
    "house_rule_new": Route((MANAGER,), "rules"),
    "house_rule_remove": Route((MANAGER,), "rule", "post"),
    "ownership": Route(LEADS),
    "ownership_draft": Route((MANAGER,), "", "post"),
    "ownership_cell": Route((MANAGER,), "", "post"),
    "ownership_cell_remove": Route((MANAGER,), "", "post"),
    "ownership_publish": Route((MANAGER,), "policy", "post"),
    "ownership_discard": Route((MANAGER,), "policy", "post"),
    "authority": Route(LEADS),
    "authority_draft": Route((MANAGER,), "", "post"),
    "authority_bands": Route((MANAGER,), "", "post"),
    "authority_bands_remove": Route((MANAGER,), "", "post"),
    "authority_calm": Route((MANAGER,), "", "post"),
    "authority_publish": Route((MANAGER,), "policy", "post"),
    "authority_discard": Route((MANAGER,), "policy", "post"),
    "switch": Route((MANAGER, LEADER), "", "post"),
    "sources": Route(LEADS),
    "new_source": Route((MANAGER, OPS)),
    "source": Route(LEADS, "source"),
    "edit_source": Route((MANAGER, OPS), "source"),
    "imports": Route(LEADS),
    "import": Route(LEADS, "import"),
    "import_errors": Route(LEADS, "import"),
    "import_example": Route(LEADS, "kind"),
    "dead_letters": Route((OPS,)),
    "dead_letter_replay": Route((OPS,), "letter", "post"),
}
# Of these there is nothing foreign to those who may see any at all.
SHARED = ("import", "source", "letter", "policy", "token", "stage", "kind", "segment", "bulk", "view", "rule", "rules")
# Of these only the one person who made it has any; another's id is not found (the tests of the queue go further).
ONE_PERSONS = {"dead_letter_replay": "letter_id", "queue_bulk_undo": "act_id", "view_delete": "view_id"}


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
    letter = DeadLetter.objects.create(record_id=uuid4(), stage="decide", row={}, error="x", attempts=5)
    person = account.people.get().user
    absence = Absence.objects.create(user=person, active_from=NOW, active_to=NOW + timedelta(days=1))
    act = record_act("handed_over", person, actor="test", now=NOW, data={"moves": [], "counts": {}})
    return {
        "person": {"user_id": person.pk},
        "absence": {"user_id": person.pk, "absence_id": absence.pk},
        "hand_over": {"act_id": act.pk},
        "account": {"account_id": account.pk},
        "contract": {"contract_id": contract.pk},
        "segment": {"segment_id": segment.pk},
        "task": {"task_id": task.pk},
        "step": {"task_id": task.pk, "run_step_id": step.pk},
        "decision": {"insight_id": task.decision_id},
        "import": {"import_id": file.pk},
        "source": {"slug": floor.source.slug},
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
            assert status == 200, f"{role}: {status}"
        else:
            assert status == 404, f"{role}: {status}"


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
    "api-import-errors": "import",
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
