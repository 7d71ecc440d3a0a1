"""A source that only calls: what it sends is watched by day, with the rules and the tasks of files."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from core.models import User
from cx_ops.pipeline import tick_all
from intake.enums import Problem
from intake.models import FieldProfile, Shipment, Source, Trouble
from intake.rules import Arrival
from intake.services import days, find, take
from intake.services.days import id_near
from playbooks.models import Task
from playbooks.services.tasks import close_task
from tests.factories import NOW, make_source
from tests.feeds import DAY, opened
from tests.feeds import days as files
from tests.floor import Floor

pytestmark = pytest.mark.django_db
NOON = NOW.replace(hour=12, minute=0)
HOUR = timedelta(hours=1)
ACCOUNT: dict[str, Any] = {"name": "Fictional", "renews_on": "2027-01-01"}


@pytest.fixture
def caller(floor: Floor) -> Source:
    """A feed of Ana's that has no files."""
    return make_source("crm", owner=floor.ana)


def call(source: Source, at: datetime, kind: str, items: list[dict[str, Any]]) -> None:
    arrival = Arrival(source.pk, source.slug, source.pk, at, actor="test")
    results = take(find(kind), [json.dumps(item).encode() for item in items], arrival)
    assert not [result.errors for result in results if result.errors]


def accounts(source: Source, at: datetime, *, rows: int = 90, without: str = "", **fields: Any) -> None:
    """A day's accounts in two calls; `fields` hold for every row, None is said as null."""
    items = []
    for number in range(rows):
        own = {
            "external_id": f"c-{number}", "tier": ("gold", "silver")[number % 2],
            "region": ("emea", "apac", "amer")[number % 3],
        }  # fmt: skip
        items.append({name: value for name, value in {**ACCOUNT, **own, **fields}.items() if name != without})
    call(source, at, "accounts", items[: rows // 2])
    call(source, at + HOUR, "accounts", items[rows // 2 :])


def usual(source: Source, count: int = 4, **fields: Any) -> None:
    """So many days up to yesterday."""
    for back in range(count, 0, -1):
        accounts(source, NOON - back * DAY, **fields)
        tick_all(NOON - back * DAY + 16 * HOUR)


def next_day(source: Source, **fields: Any) -> None:
    accounts(source, NOON, **fields)
    tick_all(NOON + 16 * HOUR)


def facts(problem: Problem) -> list[list[str]]:
    found = Trouble.objects.get(problem=problem).facts
    assert ["Looked at", "what came by API on that day", ""] in found
    return found


def test_values_that_are_others(floor: Floor, caller: Source) -> None:
    usual(caller)
    assert not Trouble.objects.exists()
    next_day(caller, tier="gold")
    task = opened(Problem.DRIFT)
    assert (task.assignee, task.title) == (floor.ana, "Crm: accounts: “tier” holds other values")
    assert "stability index" in str(facts(Problem.DRIFT))


def test_values_that_are_null(caller: Source) -> None:
    usual(caller)
    next_day(caller, region=None)
    assert ["region", "100 % blank, usually 0 %", ""] in facts(Problem.DRIFT)


def test_a_field_that_is_gone_and_one_that_is_new(floor: Floor, caller: Source) -> None:
    usual(caller)
    next_day(caller, without="region", fields={"plan": "pro"})
    assert opened(Problem.SHAPE).assignee == floor.ana
    assert {tuple(fact) for fact in facts(Problem.SHAPE)} >= {("Gone", "region", ""), ("New", "fields.plan", "")}


def test_a_field_under_another_name(caller: Source) -> None:
    usual(caller, segment="gold")
    accounts(caller, NOON, without="segment", fields={"kind": "gold"})
    tick_all(NOON + 16 * HOUR)
    assert ["Looks renamed", "segment → fields.kind", ""] in facts(Problem.SHAPE)


def test_a_feed_that_is_well_troubles_nobody(caller: Source) -> None:
    for back in range(9, 0, -1):
        at = NOON - back * DAY
        accounts(caller, at, renews_on=f"2027-01-{10 + back}")  # a date that is another each day
        if back % 2:
            call(caller, at, "accounts", [{"external_id": "rare", "name": "Fictional", "stage": "live"}])
        tick_all(at + 16 * HOUR)
    assert FieldProfile.objects.filter(field="stage").exists()
    assert FieldProfile.objects.filter(field="renews_on").exclude(spread={}).count() == 0
    assert not Trouble.objects.exists()
    assert not Task.objects.exists()


def test_numbers_of_insights(caller: Source) -> None:
    for back, confidence in ((4, 0.9), (3, 0.9), (2, 0.9), (1, 0.9), (0, 0.1)):
        at = NOON - back * DAY
        items = [
            {
                "external_id": f"{back}-{number}", "type": "churn_risk", "account": {"external_id": f"A{number}"},
                "confidence": confidence, "scored_at": at.isoformat(), "model": "m", "model_version": "1",
            }
            for number in range(60)
        ]  # fmt: skip
        call(caller, at, "insights", items)
        tick_all(at + 16 * HOUR)
    assert opened(Problem.DRIFT).title == "Crm: insights: “confidence” holds other values"


@pytest.mark.parametrize("kind", ["events", "messages"])
def test_names_of_events(caller: Source, kind: str) -> None:
    for back, name in ((4, "Signed in"), (3, "Signed in"), (2, "Signed in"), (1, "Signed in"), (0, "Ausgeloggt")):
        at = NOON - back * DAY
        own = [f"u{back}-{number}" for number in range(60)]
        if kind == "events":
            items = [{"name": name, "happened_at": at.isoformat(), "external_id": one, "user_id": one} for one in own]
        else:
            items = [{"type": "track", "event": name, "messageId": one, "userId": one} for one in own]
        call(caller, at, kind, items)
        tick_all(at + 16 * HOUR)
    assert opened(Problem.DRIFT).title.startswith(f"Crm: {kind}: “")


def test_without_enough_nothing_is_said(caller: Source) -> None:
    usual(caller, count=2)
    next_day(caller, tier="gold", region=None, without="renews_on")
    assert not Trouble.objects.exists(), "two days are no habit"
    few = make_source("few")
    accounts(few, NOON, rows=30)
    tick_all(NOON + 2 * DAY)
    assert not FieldProfile.objects.filter(shipment__source=few).exists()


def test_no_fault_is_the_new_normal(floor: Floor, caller: Source) -> None:
    usual(caller)
    next_day(caller, tier="gold")
    task = opened(Problem.DRIFT)
    at = NOON + 18 * HOUR
    close_task(task_id=task.pk, by=floor.ana, version=task.version, outcome="not_a_fault", now=at)
    for day in range(1, 5):
        accounts(caller, NOON + day * DAY, tier="gold")
        tick_all(NOON + day * DAY + 16 * HOUR)
    assert not Task.objects.active().exists()
    assert Trouble.objects.get().cleared_at is not None


def test_each_day_is_looked_at_once_and_by_a_sample(
    caller: Source, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any
) -> None:
    monkeypatch.setattr(days, "SAMPLED", 200)
    accounts(caller, NOON, rows=600)
    tick_all(NOON + 16 * HOUR)
    profile = FieldProfile.objects.get(field="tier")
    assert 130 < profile.rows < 270, "one in three, to six standard deviations: the ids are others each time"
    assert Shipment.objects.get(pk=profile.shipment_id).columns == [
        "external_id",
        "name",
        "region",
        "renews_on",
        "tier",
    ]
    before = list(FieldProfile.objects.values())
    with django_assert_num_queries(1):
        days.profile_days(NOON + 15 * HOUR)
    assert list(FieldProfile.objects.values()) == before


def test_what_came_before_and_did_not_land_again_is_looked_at_whole(
    caller: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(days, "SAMPLED", 60)
    items = [
        {
            "external_id": f"{number}", "type": "churn_risk", "account": {"external_id": f"A{number}"},
            "confidence": 0.9, "scored_at": NOON.isoformat(), "model": "m", "model_version": "1",
        }
        for number in range(60)
    ]  # fmt: skip
    for _again in range(9):
        call(caller, NOON, "insights", items)
    tick_all(NOON + 16 * HOUR)
    assert FieldProfile.objects.get(field="model").rows == 60


def test_files_and_calls_of_one_source_are_not_compared(caller: Source, floor: Floor, uploads: None) -> None:
    files(caller, count=3, until=NOON - 5 * DAY)
    usual(caller)
    next_day(caller)
    assert not Trouble.objects.exists()


def test_ids_near_a_moment(floor: Floor) -> None:
    user = User.objects.first()
    assert user is not None
    assert id_near(user.pk, -timedelta(seconds=1)) < user.pk < id_near(user.pk, timedelta(seconds=1))
