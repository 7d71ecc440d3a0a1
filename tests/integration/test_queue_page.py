"""The queue page: how many queries it costs, its order, its pages, and what changed meanwhile."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.formats import date_format

from core.bulk import database_now
from core.enums import Role
from core.models import Organisation
from decisions.queries.facts import TYPICAL
from playbooks.models import Task, TaskNote
from playbooks.queries.queue import PAGE
from tests.factories import NOW, make_contract, make_user
from tests.floor import Floor

pytestmark = pytest.mark.django_db
MOST_QUERIES = 12


@pytest.fixture
def desk(floor: Floor) -> Client:
    return client_of(floor.ana)


def client_of(user: Any) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def fill(floor: Floor, count: int, **fields: Any) -> None:
    """Tasks of Ana's in Now, each a little less worth than the one before."""
    values: dict[str, Any] = {"assignee": floor.ana, "lane": "now", "opened_at": NOW, "account": floor.account} | fields
    Task.objects.bulk_create(
        Task(title=f"Task {number}", priority=10_000 - number, **{"due_at": NOW + timedelta(days=1)} | values)
        for number in range(count)
    )


def titles(answer: Any) -> list[str]:
    return [row.title for row in answer.context["rows"]]


@pytest.mark.parametrize("count", [1, 100, 1000])
def test_queries_do_not_grow_with_the_queue(floor: Floor, desk: Client, count: int) -> None:
    floor.task()
    floor.insight("0.96", now=NOW + timedelta(hours=1))
    fill(floor, count - 1)
    lane = Task.objects.order_by("-priority")[0].lane
    desk.get("/queue/")  # once in a while a request also notes that the session is in use
    with CaptureQueriesContext(connection) as queries:
        answer = desk.get("/queue/", {"lane": lane})
    assert answer.context["task"].evidence_count == (2 if count == 1 else 1)
    assert answer.status_code == 200
    assert len(queries) <= MOST_QUERIES, [query["sql"][:120] for query in queries]
    assert len(answer.content) <= 120 * 1024


def test_pages_hold_every_task_once_in_order(floor: Floor, desk: Client) -> None:
    fill(floor, 2 * PAGE + 5)
    seen: list[str] = []
    url = "/queue/?lane=now"
    while url:
        answer = desk.get(url)
        seen += titles(answer)
        url = answer.context["next_page"]
    assert seen == [f"Task {number}" for number in range(2 * PAGE + 5)]


def test_the_list_grows_by_rows_alone(floor: Floor, desk: Client) -> None:
    fill(floor, PAGE + 2)
    page = desk.get("/queue/?lane=now")
    rest = desk.get(page.context["next_rows"])
    assert titles(page) + titles(rest) == [f"Task {number}" for number in range(PAGE + 2)]
    assert "<html" not in rest.content.decode()


def test_a_broken_cursor_is_not_found(desk: Client) -> None:
    for cursor in ("x", "1~2~3", "NaN~2026-01-01~x"):
        assert desk.get("/queue/", {"after": cursor}).status_code == 404


def test_counts_are_those_of_the_lanes(floor: Floor, desk: Client) -> None:
    fill(floor, 3)
    fill(floor, 2, lane="later")
    tabs = desk.get("/queue/").context["lanes"]
    assert [tab["count"] for tab in tabs] == [3, 0, 2, 0]


def test_changes_are_told_once(floor: Floor, desk: Client) -> None:
    since = (NOW - timedelta(hours=1)).isoformat()
    query = {"lane": "now", "since": since}
    first = desk.get("/queue/changes/", query)
    assert first["HX-PTag"] == "0-0"
    assert desk.get("/queue/changes/", query, headers={"HX-PTag": "0-0"}).status_code == 304
    fill(floor, 3)
    second = desk.get("/queue/changes/", query, headers={"HX-PTag": "0-0"})
    assert second["HX-PTag"] == "3-0"
    assert "3 new" in second.content.decode()


def test_a_lead_opens_the_queue_of_a_person_and_of_the_team(floor: Floor) -> None:
    fill(floor, 2)
    fill(floor, 1, assignee=None, team=floor.team)
    lead = client_of(floor.lead)
    assert len(titles(lead.get("/queue/", {"who": str(floor.ana.pk)}))) == 2
    assert len(titles(lead.get("/queue/", {"who": f"team:{floor.team.pk}"}))) == 3


def test_without_scripts_a_close_leads_to_the_next_task_and_can_be_undone(floor: Floor, desk: Client) -> None:
    task = floor.task()
    fill(floor, 1, lane=task.lane)
    other = Task.objects.exclude(pk=task.pk).get()
    version = Task.objects.get(pk=task.pk).version
    answer = desk.post(f"/tasks/{task.pk}/close/", {"version": version, "outcome": "risk_resolved"})
    assert answer.status_code == 302
    assert answer["Location"] == f"/tasks/{other.pk}/?done={task.pk}"
    page = desk.get(answer["Location"])
    assert f'action="/tasks/{task.pk}/undo/"' in page.content.decode()
    task.refresh_from_db()
    assert desk.post(f"/tasks/{task.pk}/undo/", {"version": task.version}).status_code == 302
    task.refresh_from_db()
    assert task.closed_at is None


def test_the_next_task_is_that_of_the_frozen_order(floor: Floor, desk: Client) -> None:
    """Not of today's: what came in above meanwhile does not push itself in."""
    fill(floor, 3)
    first, second, third = Task.objects.order_by("-priority")
    Task.objects.filter(pk=third.pk).update(priority=99_999)
    data = {"version": 1, "outcome": "completed", "order": [str(first.pk), str(second.pk), str(third.pk)]}
    answer = desk.post(f"/tasks/{first.pk}/close/", data, headers={"HX-Request": "true"})
    assert answer["HX-Push-Url"] == f"/tasks/{second.pk}/"


def test_below_the_rows_on_the_screen_the_lane_goes_on(floor: Floor, desk: Client) -> None:
    """The screen holds the rows that were scrolled to; what lies below them is not "nothing left"."""
    fill(floor, 3)
    first, second, third = Task.objects.order_by("-priority")
    for done, following in ((first, second), (second, third)):
        data = {"version": 1, "outcome": "completed", "lane": first.lane, "order": [str(first.pk)]}
        answer = desk.post(f"/tasks/{done.pk}/close/", data, headers={"HX-Request": "true"})
        assert answer["HX-Push-Url"] == f"/tasks/{following.pk}/"


def test_two_people_one_task(floor: Floor, desk: Client) -> None:
    """The second is told who was quicker and how it ended; what they typed is still there."""
    task = floor.task()
    closed = client_of(floor.lead).post(f"/tasks/{task.pk}/close/", {"version": task.version, "outcome": "lost"})
    assert closed.status_code == 302
    data = {"version": task.version, "outcome": "risk_resolved", "note": "They will stay."}
    part = desk.post(f"/tasks/{task.pk}/close/", data, headers={"HX-Request": "true"})
    assert part.status_code == 409
    assert "Already closed by" in part.content.decode()
    page = desk.post(f"/tasks/{task.pk}/close/", data)
    assert page.status_code == 409
    assert "They will stay.</textarea>" in page.content.decode()
    assert desk.post(f"/tasks/{task.pk}/notes/", {"text": "They will stay."}).status_code == 302
    assert TaskNote.objects.get().text == "They will stay."


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ({}, "Choose what happened."),
        ({"outcome": "other"}, "needs a few words"),
        ({"outcome": "insight_wrong"}, "Say why the insight was wrong"),
        ({"outcome": "expansion_agreed"}, "Choose one of the outcomes"),
        ({"outcome": "nonsense"}, "Choose one of the outcomes"),
    ],
)
def test_a_refused_close_says_why(floor: Floor, desk: Client, data: dict[str, str], told: str) -> None:
    task = floor.task()
    for headers in ({}, {"HX-Request": "true"}):
        answer = desk.post(f"/tasks/{task.pk}/close/", {"version": task.version} | data, headers=headers)
        assert answer.status_code == 422
        assert told in answer.content.decode()
    task.refresh_from_db()
    assert task.closed_at is None


def test_opening_acknowledges_for_its_owner_alone(floor: Floor, desk: Client) -> None:
    task = floor.task()
    client_of(floor.lead).get(f"/tasks/{task.pk}/")
    task.refresh_from_db()
    assert task.acknowledged_at is None
    desk.get(f"/tasks/{task.pk}/")
    task.refresh_from_db()
    assert task.acknowledged_at is not None


def test_only_its_owner_is_asked_to_acknowledge(floor: Floor, desk: Client) -> None:
    task = floor.task()
    button = f"/tasks/{task.pk}/acknowledge/"
    assert button in desk.get("/queue/").content.decode()
    assert button not in client_of(floor.lead).get(f"/tasks/{task.pk}/").content.decode()


def test_the_page_says_why(floor: Floor, desk: Client) -> None:
    Organisation.objects.update(reporting_currency="USD")
    factors = [{"name": "weekly active users", "value": 68, "was": 118, "contribution": 1.2}]
    task = floor.task(factors=factors, talking_points=["Ask about the hand-over"])
    text = desk.get(f"/tasks/{task.pk}/").content.decode()
    for words in (
        "house-logit sees signs that the customer leaves within 90 days; how likely is not said.",
        "house-logit is sure enough of that for human action: 95 %, where 90 % is asked for.",
        "Weekly active users fell from 118 to 68",
        "Ask about the hand-over",
        "Not checked yet",
        "Customer success manager of the account: Ana",
        "The confidence, 95 %, lies between 90 % and 100 %",
        "it closes by itself",
        "90 % to 100 %",
    ):
        assert words in text


def test_one_screen_of_the_navigation_is_current(floor: Floor, desk: Client) -> None:
    for path, current in (("/queue/", ["Queue"]), ("/queue/closed/", ["Recently closed"])):
        lines = desk.get(path).context["nav"]
        assert [str(line["label"]) for line in lines if line["current"]] == current


def test_details_of_the_navigation_unfold_below_their_list(floor: Floor) -> None:
    ops = client_of(make_user("otto", role=Role.OPS))
    for path, there in (("/imports/", False), ("/sources/", True), ("/tokens/", True)):
        labels = [str(line["label"]) for line in ops.get(path).context["nav"]]
        assert ("API tokens" in labels, "Dead letters" in labels) == (there, False)


def test_a_row_of_a_team_says_whose_it_is(floor: Floor, desk: Client) -> None:
    fill(floor, 1)
    assert "Ana" not in desk.get("/queue/").context["rows"][0].meta
    page = client_of(floor.lead).get(f"/queue/?who=team:{floor.team.pk}")
    assert page.context["rows"][0].meta[-1] == "Ana"


def test_a_snooze_says_when_its_window_closes(floor: Floor, desk: Client) -> None:
    task = floor.task()
    Task.objects.update(expires_at=datetime(2126, 3, 28, 12, tzinfo=UTC))
    page = desk.get(f"/tasks/{task.pk}/snooze/").content.decode()
    assert "Three days before 28 Mar, when the window for acting closes" in page
    assert "Needed only for a day after 28 Mar, when the window for acting closes." in page


def test_a_snooze_ends_before_the_term_where_that_comes_first(floor: Floor, desk: Client) -> None:
    task, today = floor.task(), database_now().date()
    Task.objects.update(expires_at=database_now() + timedelta(days=200))
    make_contract(floor.account, starts_on=today - timedelta(days=9), ends_on=today + timedelta(days=60))
    page = desk.get(f"/tasks/{task.pk}/snooze/").content.decode()
    day = date_format(today + timedelta(days=60), "j M")
    assert f"before {day}, when the term ends" in page
    assert f"Needed only for a day after {day}, when the term ends." in page
    assert "the window" not in page


@pytest.mark.parametrize(
    ("own", "words"),
    [
        ({"arr_amount": None, "arr_currency": ""}, "about $25k a year"),
        ({"arr_amount": 18_000, "arr_currency": "EUR"}, "€18k a year"),
    ],
)
def test_revenue_that_is_only_typical_says_so(desk: Client, floor: Floor, own: dict[str, Any], words: str) -> None:
    """And the account's own stands instead, in a currency without a rate too."""
    Organisation.objects.update(reporting_currency="USD")
    type(floor.account).objects.filter(pk=floor.account.pk).update(**own)
    fill(floor, 1, priority_parts=[["revenue exposed", "25000.00", f"{TYPICAL} c: own revenue unknown"]])
    [row] = desk.get("/queue/").context["rows"]
    assert row.meta == ["worth about $25k"]
    assert words in desk.get(f"/tasks/{row.id}/").content.decode()


@pytest.mark.parametrize(("days", "is_late"), [(0, True), (9, False)])
def test_a_task_that_is_due_after_the_term_says_so(desk: Client, floor: Floor, days: int, is_late: bool) -> None:
    now = database_now()
    make_contract(floor.account, starts_on=now.date() - timedelta(days=9), ends_on=now.date() + timedelta(days=days))
    fill(floor, 1, due_at=now + timedelta(days=5))
    task = Task.objects.get()
    assert ("Due after the term ends" in desk.get(f"/tasks/{task.pk}/").content.decode()) is is_late


def test_lanes_say_how_much_of_them_is_late(floor: Floor, desk: Client) -> None:
    fill(floor, 2)
    fill(floor, 1, lane="today", due_at=NOW - timedelta(days=1))
    fill(floor, 1, lane="later", due_at=timezone.now() + timedelta(hours=1))
    fill(floor, 1, lane="waiting", due_at=NOW - timedelta(days=1), status="waiting")
    page = desk.get("/queue/")
    told = [(tab["count"], [call.words for call in tab["calls"]]) for tab in page.context["lanes"]]
    assert told == [(2, []), (1, ["1 late in Today"]), (1, []), (1, [])]
    Task.objects.filter(lane="waiting").update(status="snoozed", snoozed_until=NOW + timedelta(days=9))
    body = desk.get("/queue/").content.decode()
    assert "1 late while snoozed" in body
    assert "/queue/?lane=today&amp;sla=late" in body


@pytest.mark.parametrize(
    ("term", "reason"),
    [
        ({"ends_on": 3}, "term ends in 3 days"),
        ({"ends_on": 60, "notice_on": 1}, "notice in 1 day"),
        ({"ends_on": 60, "notice_on": -1}, "term ends in 60 days"),
        ({"ends_on": 200}, "$12k a year"),
        ({}, "$12k a year"),
    ],
)
def test_a_row_says_why_it_stands_there(floor: Floor, desk: Client, term: dict[str, int], reason: str) -> None:
    today = database_now().date()
    if term:
        days = {name: today + timedelta(days=left) for name, left in term.items()}
        make_contract(floor.account, starts_on=today - timedelta(days=99), **days)
    type(floor.account).objects.filter(pk=floor.account.pk).update(arr_amount=12_000, arr_currency="USD")
    fill(floor, 1)
    assert desk.get("/queue/").context["rows"][0].meta[-1] == reason


def test_a_task_has_one_title_everywhere(floor: Floor, desk: Client) -> None:
    task = floor.task(factors=[{"name": "NPS", "value": 3, "was": 9, "contribution": 1}])
    assert task.title == "Churn risk: NPS fell from 9 to 3"
    [row] = desk.get("/queue/", {"lane": task.lane}).context["rows"]
    assert (row.type, row.title) == ("Churn risk", "NPS fell from 9 to 3")
    for path in (f"/tasks/{task.pk}/", f"/accounts/{task.account_id}/"):
        assert task.title in desk.get(path).content.decode()
