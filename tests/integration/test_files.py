"""Every list on a screen is also a file: walked from the addresses, so that a new list cannot be forgotten."""

from __future__ import annotations

import csv

import pytest
from django.urls import reverse

from tests.factories import make_user
from tests.floor import Floor, signed_in
from tests.integration.test_access import objects_of
from tests.routes import ROUTES

# Screens that show no list, with what they are instead.
NO_LIST = {
    "home": "goes on to another screen",
    "preferences": "a form",
    "password": "a form",
    "styleguide": "examples of components",
    "queue_changes": "a part that is polled",
    "queue_rows": "a part of the queue, which is a file",
    "queue_filter": "a form; its link takes the queue as a file",
    "queue_bulk": "a preview of what will change",
    "search": "hits of a search, at most eight of a kind",
    "house_rules": "an overview; each kind is a file",
    "accounts": "goes on to the portfolio",
    "field_policies": "a form",
    "start": "a guide: what to bring, and what is there",
    "weekly": "a page to go through and to print, made of lists that are files themselves",
    "readiness": "four shares; the accounts that lack one are a list of their own",
    "new_segment": "a form",
    "new_source": "a form",
    "new_hold_out": "a form",
}
LISTS = [
    name for name, route in ROUTES.items()
    if route.method == "get" and route.of in ("", "rules") and name not in NO_LIST and not name.endswith("_new")
]  # fmt: skip


@pytest.fixture
def floor(db: None) -> Floor:
    return Floor()


@pytest.mark.parametrize("name", LISTS)
def test_every_list_is_a_file(floor: Floor, name: str) -> None:
    floor.task()
    people = {"csm": floor.ana, "manager": floor.lead}
    role = next(role for role in ("csm", "manager", "ops", "leader") if role in ROUTES[name].roles)
    client = signed_in(people.get(role) or make_user(role, role=role))
    arguments = objects_of(floor, floor.new_account("Bluebell Dental")).get(ROUTES[name].of, {})
    answer = client.get(reverse(name, kwargs=arguments), {"format": "csv"})
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/csv"), "answer `wants_csv`, or say in NO_LIST what it is instead"
    lines = list(csv.reader(b"".join(answer.streaming_content).decode().splitlines()))  # type: ignore[attr-defined]
    assert len(lines[0]) >= 3
    assert {len(line) for line in lines} == {len(lines[0])}


def test_nothing_is_excused_that_is_not_there() -> None:
    assert set(NO_LIST) <= set(ROUTES)
