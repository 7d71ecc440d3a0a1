"""The portfolio: what it shows, to whom, in which order, and what it costs."""

from __future__ import annotations

import csv
import io
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Account, FxRate, RedLineFlag
from accounts.rules.segments import AccountFilter
from accounts.services import save_segment
from core.bulk import database_now
from cx_ops.portfolio import Asked, Totals, load_portfolio
from playbooks.models import RunStep, Task
from playbooks.services.assigning import create_task
from tests.factories import NOW, make_account, make_activity, make_contract, make_team, make_user
from tests.floor import Floor, signed_in

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
TODAY = NOW.date()
MOST_QUERIES = 12


def rows_of(answer: Any) -> list[dict[str, str]]:
    text = b"".join(answer.streaming_content).decode()
    return list(csv.DictReader(io.StringIO(text)))


def names(user: Any, asked: Asked) -> list[str]:
    return [line.name for line in load_portfolio(user, asked, NOW).lines]


# ── Portfolio ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_snooze_does_not_stop_a_deadline_and_the_task_stands_where_it_wakes(floor: Floor) -> None:
    task = floor.task("0.95")
    Task.objects.filter(pk=task.pk).update(due_at=NOW - DAY, acknowledge_by=NOW - DAY)
    assert late_of(floor, NOW) == "24 hours"
    assert late_of(floor, NOW - DAY + timedelta(minutes=5)) == "5 minutes"
    Task.objects.filter(pk=task.pk).update(status="snoozed", snoozed_until=NOW + 2 * DAY)
    create_task(
        account=floor.new_account("Next"), title="Call", assignee=floor.ana, due_at=NOW + DAY, by=floor.ana, now=NOW
    )
    soon, line = load_portfolio(floor.ana, Asked(sort="step"), NOW).lines
    assert soon.name == "Next"
    assert line.next_step is not None
    assert (line.next_step.on, line.next_step.due_on) == (TODAY + 2 * DAY, TODAY - DAY)
    assert (line.next_step.late, line.next_step.is_snoozed) == ("24 hours", True)
    page = signed_in(floor.ana).get("/portfolio/").content.decode()
    assert "late, snoozed until 4 Mar" in page
    Task.objects.filter(pk=task.pk).update(status="waiting", next_step_on=TODAY + 2 * DAY)
    assert [
        one.next_step.late for one in load_portfolio(floor.ana, Asked(sort="step"), NOW).lines if one.next_step
    ] == ["", ""]


def late_of(floor: Floor, now: datetime) -> str:
    [line] = load_portfolio(floor.ana, Asked(sort="step"), now).lines
    assert line.next_step is not None
    return line.next_step.late


def test_a_task_that_comes_after_the_renewal_is_told(floor: Floor) -> None:
    Account.objects.filter(pk=floor.account.pk).update(renews_on=TODAY + 3 * DAY)
    create_task(account=floor.account, title="Call", assignee=floor.ana, due_at=NOW + 7 * DAY, by=floor.ana, now=NOW)
    [line] = load_portfolio(floor.ana, Asked(sort="health"), NOW).lines
    assert line.step_after_end == 4
    Account.objects.filter(pk=floor.account.pk).update(renews_on=TODAY + 7 * DAY)
    assert load_portfolio(floor.ana, Asked(sort="health"), NOW).lines[0].step_after_end == 0


def test_a_line_says_what_is_known(floor: Floor) -> None:
    task = floor.task("0.95")
    Account.objects.filter(pk=floor.account.pk).update(renews_on=TODAY + 10 * DAY, tier="mid")
    make_activity(floor.account, "meeting", happened_at=NOW - 2 * DAY)
    make_activity(floor.account, "ticket", happened_at=NOW - DAY)
    [line] = load_portfolio(floor.ana, Asked(sort="name"), NOW).lines
    assert (line.name, line.tier, line.csm, line.revenue) == ("Acme", "mid", "Ana", Decimal(100_000))
    assert (line.ends_in, line.last_touch, line.open_tasks) == (10, NOW - 2 * DAY, 1)
    assert line.next_step is not None
    assert line.next_step.task_id == task.pk
    steps = RunStep.objects.filter(run=task.run, status="open").order_by("step__position")
    assert line.next_step.title == steps[0].step.title
    assert line.next_step.title != task.title
    assert line.health.reasons[0] == "Churn risk within 90 days, how likely is not said"


def test_it_sorts_by_the_next_step_and_by_open_tasks(floor: Floor) -> None:
    floor.new_account("Idle")
    soon, busy = floor.new_account("Soon"), floor.new_account("Busy")
    for account, days in ((busy, 40), (busy, 50), (soon, 30)):
        create_task(account=account, title="Call", assignee=floor.ana, due_at=NOW + days * DAY, by=floor.ana, now=NOW)
    assert names(floor.ana, Asked(sort="step"))[:2] == ["Soon", "Busy"]
    assert names(floor.ana, Asked(sort="open"))[:2] == ["Busy", "Soon"]
    Task.objects.filter(account=busy, due_at=NOW + 40 * DAY).update(next_step_on=TODAY)
    assert names(floor.ana, Asked(sort="step"))[:2] == ["Busy", "Soon"]


def test_an_account_that_stands_badly_without_a_step_offers_one(floor: Floor) -> None:
    red, calm = floor.new_account("Red"), floor.new_account("Calm")
    RedLineFlag.objects.create(account=red, kind="legal", since=database_now() - DAY)
    body = signed_in(floor.ana).get("/portfolio/").content.decode()
    assert f'href="/tasks/new/{red.pk}/"' in body
    assert f'href="/tasks/new/{calm.pk}/"' not in body
    reader = signed_in(make_user("chief", role="leader")).get("/portfolio/").content.decode()
    assert f'href="/tasks/new/{red.pk}/"' not in reader


def test_totals_are_in_one_currency_and_say_what_is_unknown(floor: Floor) -> None:
    FxRate.objects.create(currency="EUR", on_day=date(2026, 1, 1), rate=Decimal(2))
    floor.new_account("Euro", arr_amount=10, arr_currency="EUR")
    floor.new_account("Pound", arr_amount=10, arr_currency="GBP")
    floor.new_account("None", arr_amount=None, arr_currency="")
    totals = load_portfolio(floor.ana, Asked(sort="revenue"), NOW).totals
    assert totals == Totals(4, Decimal(100_020), unknown=1, no_rate=1)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (AccountFilter(tier="mid"), ["Mid"]),
        (AccountFilter(region="emea"), ["Emea"]),
        (AccountFilter(stage="onboarding"), ["New"]),
        (AccountFilter(segment="retail"), ["Shop"]),
        (AccountFilter(revenue_from=Decimal(150_000)), ["Rich"]),
        (AccountFilter(revenue_below=Decimal(50_000)), ["Poor"]),
        (AccountFilter(renews_within=30), ["Ends", "Soon"]),
        (AccountFilter(open="churn_risk"), ["Risky"]),
        (AccountFilter(quiet_for=30, tier="called"), ["Unheard"]),
    ],
)
def test_each_filter_keeps_what_it_says(floor: Floor, wanted: AccountFilter, expected: list[str]) -> None:
    floor.new_account("Mid", tier="mid")
    floor.new_account("Emea", region="emea")
    floor.new_account("New", stage="onboarding")
    floor.new_account("Shop", segment="retail")
    floor.new_account("Rich", arr_amount=200_000)
    floor.new_account("Poor", arr_amount=10)
    floor.new_account("Soon", renews_on=TODAY + 30 * DAY)
    floor.new_account("Later", renews_on=TODAY + 31 * DAY)
    for name, ends in (("Signed", (20, 400)), ("Ends", (30,))):
        signed = floor.new_account(name, renews_on=TODAY + 20 * DAY)
        for days in ends:
            make_contract(signed, ends_on=TODAY + days * DAY)
    floor.insight("0.95", account=floor.new_account("Risky"))
    make_activity(floor.new_account("Heard", tier="called"), happened_at=NOW - 29 * DAY)
    make_activity(floor.new_account("Unheard", tier="called"), happened_at=NOW - 30 * DAY)
    assert names(floor.ana, Asked(wanted=wanted, sort="name")) == expected


def test_the_address_chooses_and_what_it_says_wrongly_is_said(floor: Floor) -> None:
    floor.new_account("Of Bea", csm=floor.bea, tier="mid")
    client = signed_in(floor.ana)
    own = client.get("/portfolio/").content.decode()
    assert "Acme" in own
    assert "Of Bea" not in own
    every = client.get("/portfolio/", {"who": ""}).content.decode()
    assert "Acme" in every
    assert "Of Bea" in every
    assert "Of Bea" in client.get("/portfolio/", {"who": str(floor.bea.pk)}).content.decode()
    assert "Of Bea" in client.get("/portfolio/", {"who": f"team:{floor.team.pk}", "tier": "mid"}).content.decode()
    for query in (
        {"who": "x"},
        {"tier": "none-such"},
        {"least": "much"},
        {"renews": "-1"},
        {"saved": "x"},
        {"open": "x"},
    ):
        answer = client.get("/portfolio/", query)
        assert answer.status_code == 200
        assert 'class="notice warning"' in answer.content.decode(), query
    for address in ("page=x", "page=99999", "sort=x"):
        assert "Acme" in client.get(f"/portfolio/?{address}").content.decode()
    part = client.get("/portfolio/", headers={"HX-Request": "true"}).content.decode()
    assert part.lstrip().startswith('<div id="list"')


def test_nobody_sees_a_foreign_account(floor: Floor) -> None:
    stranger = make_user("cy", team=make_team("South"))
    foreign = make_account("Foreign", csm=stranger)
    make_contract(foreign, ends_on=database_now().date() + 30 * DAY)
    for user in (floor.ana, floor.lead):
        client = signed_in(user)
        for path in (
            "/portfolio/?who=",
            f"/portfolio/?who={stranger.pk}",
            "/renewals/?who=",
            "/portfolio/?who=&q=Foreign",
        ):
            assert "Foreign</a>" not in client.get(path).content.decode(), path
        assert "Foreign</a>" not in client.get("/renewals/?who=").content.decode()
        for path in ("/portfolio/?who=&format=csv", "/renewals/?who=&format=csv"):
            assert "Foreign" not in {row["Account"] for row in rows_of(client.get(path))}
    leader = signed_in(make_user("chief", role="leader"))
    assert "Foreign</a>" in leader.get("/portfolio/").content.decode()
    assert "Foreign</a>" in leader.get("/renewals/").content.decode()


def test_the_file_has_every_account_and_runs_nothing(floor: Floor) -> None:
    floor.new_account('=HYPERLINK("https://bad.example.com")')
    for number in range(60):
        floor.new_account(f"Account {number}")
    rows = rows_of(signed_in(floor.ana).get("/portfolio/", {"format": "csv", "sort": "name"}))
    assert len(rows) == 62
    assert rows[0]["Account"] == '\'=HYPERLINK("https://bad.example.com")'
    assert rows[1]["Customer success manager"] == "Ana"


def many(floor: Floor, count: int) -> None:
    made = [floor.new_account(f"Account {number}") for number in range(count)]
    for account in made[:200]:
        make_activity(account)
        make_contract(account, ends_on=TODAY + 40 * DAY, forecast="at_risk")


@pytest.mark.parametrize("path", ["/portfolio/", "/portfolio/?sort=revenue&tier=mid", "/renewals/", "/segments/"])
def test_a_list_costs_the_same_queries_at_1_100_and_1000_accounts(floor: Floor, path: str) -> None:
    client = signed_in(floor.ana)
    save_segment(name="Mid", wanted=AccountFilter(tier="mid"), by=floor.ana, now=NOW)
    client.get(path)
    counts = []
    for more in (0, 99, 900):
        many(floor, more)
        cache.clear()
        with CaptureQueriesContext(connection) as captured:
            client.get(path)
        counts.append(len(captured))
    assert max(counts) <= MOST_QUERIES
    assert len(set(counts)) == 1
