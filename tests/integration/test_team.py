"""The team board and the work behind its figures: counts are rows, only one's own teams, few queries."""

from __future__ import annotations

import csv
import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Account, FxRate
from core.models import Absence, Act, Organisation
from core.services import raise_alert
from playbooks.enums import Lane
from playbooks.models import CapCounter, Task
from playbooks.queries.team import LATE_WORDS, load_board
from playbooks.queries.work import WorkFilter, find_work
from tests.factories import NOW, make_account, make_team, make_user
from tests.floor import Floor, signed_in

pytestmark = pytest.mark.django_db
MOST_QUERIES = 12


@pytest.fixture
def floor(db: None) -> Floor:
    return Floor()


@pytest.fixture
def tasks(floor: Floor) -> list[Task]:
    return [floor.task(account=floor.new_account(f"Co{n}")) for n in range(7)]


def figures(client: Client) -> dict[str, int]:
    """Every linked figure of the board: the address and the number on it."""
    page = client.get(reverse("team")).content.decode()
    links = re.findall(r'<a[^>]* href="([^"]+)"[^>]*>(\d+)</a>', page)
    return {url.replace("&amp;", "&"): int(number) for url, number in links}


def rows_behind(client: Client, url: str) -> int:
    answer = client.get(url)
    assert answer.status_code == 200, url
    if "rows" in answer.context and "/work/" in url:
        return len(answer.context["rows"])
    return int(next(tab["count"] for tab in answer.context["lanes"] if tab["current"]))


@pytest.mark.parametrize("role", ["manager", "leader", "ops"])
def test_a_board_without_any_team_is_a_page(db: None, role: str) -> None:
    assert signed_in(make_user(role, role=role)).get(reverse("team")).status_code == 200


@pytest.mark.parametrize("role", ["manager", "leader", "ops"])
def test_each_figure_is_the_number_of_rows_behind_it(floor: Floor, tasks: list[Task], role: str) -> None:
    floor.task(account=floor.new_account("Unowned", csm=None))
    Task.objects.filter(pk=tasks[0].pk).update(lane=Lane.WAITING, status="waiting")
    client = signed_in(floor.lead if role == "manager" else make_user(role, role=role))
    found = figures(client)
    assert len(found) >= 5
    for url, number in found.items():
        assert rows_behind(client, url) == number, url


def test_urgent_work_is_counted_as_the_cap_counts_it_and_told_from_the_tasks(floor: Floor, tasks: list[Task]) -> None:
    Task.objects.update(urgent=False)
    Task.objects.filter(pk__in=[task.pk for task in tasks[:3]]).update(urgent=True, lane=Lane.NOW)
    Task.objects.filter(pk__in=[task.pk for task in tasks[3:5]]).update(urgent=True, lane=Lane.LATER)
    CapCounter.objects.update_or_create(user=floor.ana, on_day=NOW.date(), defaults={"taken": 1})
    raise_alert("capped", "As it was this morning", on_day=NOW.date(), now=NOW, team_id=floor.ana.team_id)
    raise_alert("flood", "Too many came", on_day=NOW.date(), now=NOW, team_id=floor.ana.team_id)
    board = load_board(floor.lead, NOW)
    [ana] = [person for card in board.teams for person in card.people if person.user == floor.ana]
    assert (ana.cap_used, ana.load.held) == (3, 2), "three still stand in Now, of which one was given today"
    assert [told.alert.text for told in board.alerts] == ["Too many came"]
    CapCounter.objects.update(taken=4)
    [ana] = [one for card in load_board(floor.lead, NOW).teams for one in card.people if one.user == floor.ana]
    assert ana.cap_used == 4


def test_what_is_late_is_counted_once_and_by_what_it_waits_for(floor: Floor, tasks: list[Task]) -> None:
    later = NOW + timedelta(days=3)
    first, second, third, waiting = tasks[:4]
    Task.objects.filter(pk=second.pk).update(acknowledged_at=NOW)
    Task.objects.filter(pk=third.pk).update(acknowledged_at=NOW, touched_at=NOW, due_at=NOW)
    Task.objects.filter(pk=waiting.pk).update(status="waiting")
    Task.objects.exclude(pk__in=[task.pk for task in tasks[:4]]).update(status="closed", closed_at=NOW, outcome="lost")
    board = load_board(floor.lead, later)
    assert board.total.late == {"acknowledge": 1, "touch": 1, "next": 1}
    assert board.total.late_total == find_work(floor.lead, WorkFilter(late="any"), later).count()
    for what, task in zip(LATE_WORDS, (first, second, third), strict=True):
        assert list(find_work(floor.lead, WorkFilter(late=what), later)) == [task]


def test_the_work_comes_by_deadline_and_in_the_order_asked_for(floor: Floor, tasks: list[Task]) -> None:
    Task.objects.exclude(pk__in=[task.pk for task in tasks[:5]]).delete()
    moments = {"Co0": NOW + timedelta(hours=2), "Co1": NOW - timedelta(days=7), "Co2": NOW + timedelta(days=40)}
    for name, at in moments.items():
        Task.objects.filter(account__name=name).update(acknowledge_by=None, touch_by=None, due_at=at)
    Task.objects.filter(account__name="Co3").update(
        status="waiting", lane=Lane.WAITING, next_step_on=(NOW + timedelta(days=3)).date(), due_at=NOW
    )
    Task.objects.filter(account__name="Co4").update(
        status="snoozed", lane=Lane.WAITING, snoozed_until=NOW + timedelta(days=1), acknowledge_by=None, touch_by=None,
        due_at=NOW + timedelta(days=2),
    )  # fmt: skip
    client = signed_in(floor.lead)

    def order(sort: str) -> list[str]:
        page = client.get(reverse("team_work"), {"sort": sort, "who": str(floor.ana.pk)})
        return [work.task.about for work in page.context["rows"]]

    assert order("") == order("nonsense") == ["Co1", "Co0", "Co4", "Co3", "Co2"]
    assert order("account") == ["Co0", "Co1", "Co2", "Co3", "Co4"]
    assert order("lane") == ["Co1", "Co0", "Co2", "Co4", "Co3"]
    Account.objects.filter(name="Co2").update(arr_amount=7_000_000)
    Task.objects.filter(account__name="Co2").update(priority_parts=[])
    assert order("revenue")[0] == "Co2"
    Account.objects.filter(name="Co2").update(arr_currency="EUR")
    FxRate.objects.create(currency="EUR", on_day=NOW.date(), rate=Decimal("1.1"))
    assert order("revenue")[0] == "Co2", "in the currency in which the house counts"
    assert "($7.7m)" in client.get(reverse("team_work")).content.decode()
    page = client.get(reverse("team_work")).content.decode()
    assert "The longest overdue first" in page
    assert "snoozed until 3 Mar, its deadline runs" in page


def test_accounts_of_no_team_are_named_until_somebody_takes_what_comes_up_there(floor: Floor) -> None:
    client = signed_in(floor.lead)
    Organisation.objects.update(catch_all=None)
    assert "In no team" not in client.get(reverse("team")).content.decode()
    make_account("Nowhere", team=None)
    page = client.get(reverse("team")).content.decode()
    assert "In no team" in page
    assert "1 account<" in page
    Organisation.objects.update(catch_all=floor.lead)
    assert "In no team" not in client.get(reverse("team")).content.decode()


def test_revenue_counts_an_account_once(floor: Floor) -> None:
    floor.task()
    floor.task(type_id="engagement_opportunity")
    assert Task.objects.filter(assignee=floor.ana).count() == 2
    assert revenue_of(floor) == 100_000


def test_revenue_is_in_the_reporting_currency(floor: Floor) -> None:
    Account.objects.update(arr_currency="EUR")
    floor.task()
    assert revenue_of(floor) is None, "no rate is known"
    FxRate.objects.create(currency="EUR", on_day=NOW.date() - timedelta(days=9), rate=Decimal(2))
    FxRate.objects.create(currency="EUR", on_day=NOW.date(), rate=Decimal("1.2"))
    FxRate.objects.create(currency="EUR", on_day=NOW.date() + timedelta(days=1), rate=Decimal(3))
    assert revenue_of(floor) == 120_000


def revenue_of(floor: Floor) -> Decimal | None:
    """What Ana's work is about, who is the only one who has any."""
    [revenue] = [
        one.load.revenue for card in load_board(floor.lead, NOW).teams for one in card.people if one.load.total
    ]
    return revenue


def test_a_lead_without_work_is_named_above_and_is_no_line(floor: Floor) -> None:
    floor.lead.team = floor.team
    floor.lead.save(update_fields=["team"])
    floor.task()
    url = reverse("leave", args=[floor.lead.pk])
    page = signed_in(floor.lead).get(reverse("team")).content.decode()
    assert page.count(f'href="{url}"') == 1, "reached from where it says who leads"
    Task.objects.update(assignee=floor.lead)
    [card] = load_board(floor.lead, NOW).teams
    assert floor.lead in [person.user for person in card.lines]


def test_a_manager_sees_only_the_teams_they_lead_or_are_in(floor: Floor, tasks: list[Task]) -> None:
    stranger = make_user("cy", team=make_team("South"))
    floor.task(account=make_account("Elsewhere", csm=stranger, source=floor.source))
    assert [card.team for card in load_board(floor.lead, NOW).teams] == [floor.team]
    assert len(load_board(make_user("noa", role="leader"), NOW).teams) == 2
    client = signed_in(floor.lead)
    for who in (str(stranger.pk), f"team:{stranger.team_id}", "nonsense"):
        assert client.get(reverse("team_work"), {"who": who}).status_code == 404
    assert client.get(reverse("team_work"), {"lane": "never"}).status_code == 404
    assert client.get(reverse("leave", args=[stranger.pk])).status_code == 404


def test_who_is_away_is_said_with_the_day(floor: Floor) -> None:
    Absence.objects.create(user=floor.bea, active_from=NOW, active_to=NOW + timedelta(days=4000))
    page = signed_in(floor.lead).get(reverse("team")).content.decode()
    assert "away 2" in page


@pytest.mark.parametrize("many", [1, 40])
def test_the_number_of_queries_does_not_grow(floor: Floor, many: int, django_assert_max_num_queries: Any) -> None:
    for n in range(many):
        floor.task(account=floor.new_account(f"Co{n}"))
    floor.task(account=floor.new_account("Unowned", csm=None))
    client = signed_in(floor.lead)
    client.get(reverse("team"))  # notes when the session was seen
    with django_assert_max_num_queries(MOST_QUERIES):
        client.get(reverse("team"))
    with django_assert_max_num_queries(MOST_QUERIES):
        client.get(reverse("team_work"))


def test_what_nobody_has_is_given_from_the_board(floor: Floor) -> None:
    task = floor.task()
    Task.objects.filter(pk=task.pk).update(assignee=None)
    client = signed_in(floor.lead)
    url = reverse("team_give", args=[task.pk])
    assert client.post(url, {"to": str(floor.bea.pk), "version": 99}, follow=True).status_code == 200
    assert Task.objects.get(pk=task.pk).assignee is None
    assert "Choose who takes it" in client.post(url, {"version": 1}, follow=True).content.decode()
    page = client.post(url, {"to": str(floor.bea.pk), "version": task.version}, follow=True).content.decode()
    assert "Acme is bea" in page
    assert Task.objects.get(pk=task.pk).assignee == floor.bea
    assert Act.objects.filter(verb="assigned", subject_id=str(task.pk), by=floor.lead).exists()


def test_nobody_is_offered_work_while_they_are_away(floor: Floor) -> None:
    board = load_board(floor.lead, NOW)
    assert floor.bea in board.takers(floor.team.pk)
    Absence.objects.create(user=floor.bea, active_from=NOW, active_to=NOW + timedelta(days=4))
    assert floor.bea not in load_board(floor.lead, NOW).takers(floor.team.pk)


def test_the_work_is_a_file(floor: Floor, tasks: list[Task]) -> None:
    answer = signed_in(floor.lead).get(reverse("team_work"), {"format": "csv", "who": str(floor.ana.pk)})
    found = list(csv.DictReader(b"".join(answer).decode().splitlines()))  # type: ignore[arg-type]
    assert sorted(row["Account"] for row in found) == [f"Co{n}" for n in range(7)]
    assert {row["Revenue a year"] for row in found} == {"100000.00"}
