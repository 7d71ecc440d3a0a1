"""The portfolio, renewals and segments: what they show, to whom, in which order, and what they cost."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Account, FxRate, RedLineFlag, Segment, SegmentMember
from accounts.queries import crosses_red_line, red_lines
from accounts.rules.segments import AccountFilter, read_filter
from accounts.services import SegmentRefused, rename_segment, save_segment
from core.bulk import database_now
from core.models import Act
from cx_ops.account_filter import filter_accounts, with_signs
from cx_ops.account_health import Level
from cx_ops.portfolio import Asked, load_portfolio
from cx_ops.renewals import draw_chart, first_of, load_page, renewing, sum_months
from cx_ops.segments import list_segments, refresh_segments
from tests.factories import NOW, make_account, make_activity, make_contact, make_contract, make_team, make_user
from tests.floor import Floor

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
TODAY = NOW.date()
MOST_QUERIES = 12


@pytest.fixture
def floor() -> Floor:
    return Floor()


def signed_in(user: Any) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def rows_of(answer: Any) -> list[dict[str, str]]:
    text = b"".join(answer.streaming_content).decode()
    return list(csv.DictReader(io.StringIO(text)))


def names(user: Any, asked: Asked) -> list[str]:
    return [line.name for line in load_portfolio(user, asked, NOW).lines]


# ── Portfolio ─────────────────────────────────────────────────────────────────────────────────────────────────────


def every_sort_of_account(floor: Floor) -> dict[str, Account]:
    """One account for each sign of health, by what is expected of it."""
    found = {
        name: floor.new_account(name.title(), arr_amount=None, arr_currency="")
        for name in ("steady", "red", "sponsor", "notice", "risk", "forecast", "lapsed", "unhappy", "quiet", "ended")
    }
    for account in found.values():
        make_activity(account, happened_at=NOW - 3 * DAY)
    found["quiet"].activities.update(happened_at=NOW - 61 * DAY)
    Account.objects.filter(pk=found["quiet"].pk).update(created_at=NOW - 400 * DAY)
    RedLineFlag.objects.create(account=found["red"], kind="legal", since=NOW - DAY)
    make_contact(found["sponsor"], stakeholder="sponsor", left_on=TODAY - DAY)
    make_contact(found["unhappy"], stakeholder="champion", sentiment=-1)
    make_contact(found["steady"], stakeholder="user", sentiment=-2)
    make_contract(found["notice"], notice_on=TODAY + 30 * DAY)
    make_contract(found["forecast"], forecast="at_risk")
    make_contract(found["lapsed"], ends_on=TODAY - 30 * DAY)
    make_contract(found["ended"], ends_on=TODAY - 31 * DAY)
    floor.insight("0.95", account=found["risk"])
    return found


EXPECTED = {
    "steady": Level.STEADY, "red": Level.RED, "sponsor": Level.RED, "notice": Level.RED, "risk": Level.RISK,
    "forecast": Level.RISK, "lapsed": Level.RISK, "unhappy": Level.WATCH, "quiet": Level.WATCH, "ended": Level.ENDED,
}  # fmt: skip


def test_the_database_and_the_words_agree_on_health(floor: Floor) -> None:
    """`rank` orders and filters in the database; the badge is read from the same signs in Python."""
    accounts = every_sort_of_account(floor)
    ranks = dict(with_signs(Account.objects.all(), NOW).values_list("pk", "rank"))
    assert {name: Level(ranks[account.pk]) for name, account in accounts.items()} == EXPECTED
    shown: dict[str, Level] = {}
    for level in Level:
        wanted = AccountFilter(health=level.name.lower())
        lines = load_portfolio(floor.ana, Asked(wanted=wanted, sort="name"), NOW).lines
        assert {line.health.level for line in lines} <= {level}
        shown |= {line.name.lower(): line.health.level for line in lines}
    assert {name: shown[name] for name in EXPECTED} == EXPECTED
    crossed = Account.objects.filter(crosses_red_line(NOW)).values_list("pk", flat=True)
    assert set(crossed) == set(red_lines([account.pk for account in accounts.values()], NOW))


def test_the_worst_comes_first_and_former_customers_are_left_out(floor: Floor) -> None:
    every_sort_of_account(floor)
    lines = load_portfolio(floor.ana, Asked(sort="health"), NOW).lines
    levels = [line.health.level for line in lines]
    assert levels == sorted(levels)
    assert "Ended" not in {line.name for line in lines}


def test_a_line_says_what_is_known(floor: Floor) -> None:
    task = floor.task("0.95")
    Account.objects.filter(pk=floor.account.pk).update(renews_on=TODAY + 10 * DAY, tier="mid")
    make_activity(floor.account, "meeting", happened_at=NOW - 2 * DAY)
    make_activity(floor.account, "ticket", happened_at=NOW - DAY)
    [line] = load_portfolio(floor.ana, Asked(sort="name"), NOW).lines
    assert (line.name, line.tier, line.csm, line.revenue) == ("Acme", "mid", "Ana", Decimal(100_000))
    assert (line.renews_in, line.last_touch, line.open_items) == (10, NOW - 2 * DAY, 1)
    assert line.next_step is not None
    assert line.next_step.task_id == task.pk
    assert line.health.reasons[0] == "Churn risk, 95 % sure"


def test_totals_are_in_one_currency_and_say_what_is_unknown(floor: Floor) -> None:
    FxRate.objects.create(currency="EUR", on_day=date(2026, 1, 1), rate=Decimal(2))
    floor.new_account("Euro", arr_amount=10, arr_currency="EUR")
    floor.new_account("Pound", arr_amount=10, arr_currency="GBP")
    floor.new_account("None", arr_amount=None, arr_currency="")
    totals = load_portfolio(floor.ana, Asked(sort="revenue"), NOW).totals
    assert totals == (4, Decimal(100_020), 2)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (AccountFilter(tier="mid"), ["Mid"]),
        (AccountFilter(region="emea"), ["Emea"]),
        (AccountFilter(stage="onboarding"), ["New"]),
        (AccountFilter(segment="retail"), ["Shop"]),
        (AccountFilter(revenue_from=Decimal(150_000)), ["Rich"]),
        (AccountFilter(revenue_below=Decimal(50_000)), ["Poor"]),
        (AccountFilter(renews_within=30), ["Soon"]),
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


# ── Renewals ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_contracts_are_summed_by_month_and_forecast(floor: Floor) -> None:
    start = first_of(TODAY)
    soon, renewed = floor.account, floor.new_account("Renewed", arr_amount=50)
    make_contract(soon, ends_on=date(2026, 4, 9), forecast="at_risk")
    make_contract(renewed, ends_on=date(2026, 4, 20), forecast="likely")
    make_contract(renewed, starts_on=date(2026, 4, 20), ends_on=date(2027, 4, 20))
    make_contract(floor.new_account("Gone"), ends_on=date(2026, 4, 1), ended_early_on=date(2026, 1, 1))
    make_contract(floor.new_account("Pound", arr_currency="GBP"), ends_on=date(2026, 5, 1), forecast="commit")
    contracts = renewing(Account.objects.all(), start, {"USD": Decimal(1)})
    months = sum_months(contracts, start)
    assert len(months) == 12
    april, may = months[1], months[2]
    assert april.kinds["at_risk"] == (1, Decimal(100_000), 0)
    assert april.kinds["renewed"] == (1, Decimal(50), 0)
    assert april.all == (2, Decimal(100_050), 0)
    assert may.kinds["commit"] == (1, Decimal(0), 1)
    chart = draw_chart(months)
    assert [bar.kind for bar in chart.bars] == ["at_risk", "renewed"]
    assert sum(bar.height for bar in chart.bars) <= 152


def test_at_risk_comes_first_in_its_month_then_the_nearest_notice(floor: Floor) -> None:
    for name, forecast, notice in (
        ("Committed", "commit", 5), ("Unsure", "unknown", 5), ("Late", "at_risk", 20), ("Near", "at_risk", 10),
    ):  # fmt: skip
        ends = date(2026, 6, 15)
        make_contract(floor.new_account(name), ends_on=ends, forecast=forecast, notice_on=TODAY + notice * DAY)
    make_contract(floor.new_account("Earlier"), ends_on=date(2026, 5, 1), forecast="commit")
    contracts = renewing(Account.objects.all(), first_of(TODAY), {})
    page = load_page(contracts, 1, TODAY)
    assert [line.account for line in page.lines] == ["Earlier", "Near", "Late", "Unsure", "Committed"]
    assert [(first, len(lines)) for first, lines in page.by_month()] == [(date(2026, 5, 1), 1), (date(2026, 6, 1), 4)]


def test_the_page_of_renewals_keeps_a_month_and_refuses_nonsense(floor: Floor) -> None:
    make_contract(floor.account, ends_on=date(2026, 12, 9))
    client = signed_in(floor.ana)
    path = "/renewals/?start=2026-03"
    assert "Acme" in client.get(path).content.decode()
    assert "Acme" in client.get(f"{path}&month=2026-12").content.decode()
    assert "Acme</a>" not in client.get(f"{path}&month=2026-11").content.decode()
    assert [row["Ends"] for row in rows_of(client.get(f"{path}&format=csv"))] == ["2026-12-09"]
    for bad in ("start=x", "month=2026-13", "start=2026-1-1"):
        assert client.get(f"/renewals/?{bad}").status_code == 404


# ── Segments ──────────────────────────────────────────────────────────────────────────────────────────────────────


def members(segment: Segment) -> set[str]:
    return set(SegmentMember.objects.filter(segment=segment).values_list("account__name", flat=True))


def test_a_segment_keeps_itself_up_to_date(floor: Floor) -> None:
    stays, leaves, comes = (floor.new_account(name, tier="mid") for name in ("Stays", "Leaves", "Comes"))
    Account.objects.filter(pk=comes.pk).update(tier="starter")
    segment = save_segment(name="Mid", wanted=AccountFilter(tier="mid"), by=floor.ana, now=NOW)
    refresh_segments(NOW)
    assert members(segment) == {"Stays", "Leaves"}
    since = SegmentMember.objects.get(account=stays).since
    Account.objects.filter(pk=leaves.pk).update(tier="starter")
    Account.objects.filter(pk=comes.pk).update(tier="mid")
    refresh_segments(NOW + timedelta(minutes=4))
    assert members(segment) == {"Stays", "Leaves"}
    refresh_segments(NOW + timedelta(minutes=5))
    assert members(segment) == {"Stays", "Comes"}
    assert SegmentMember.objects.get(account=stays).since == since
    refresh_segments(NOW - DAY)
    assert names(floor.ana, Asked(saved=segment.pk, sort="name")) == ["Comes", "Stays"]


def test_every_filter_can_be_kept(floor: Floor) -> None:
    wanted = AccountFilter(
        owner=f"team:{floor.team.pk}", tier="a", stage="b", region="c", segment="d", health="risk", open="churn_risk",
        revenue_from=Decimal("1.50"), revenue_below=Decimal(9), renews_within=30, quiet_for=60,
    )  # fmt: skip
    segment = save_segment(name="All of it", wanted=wanted, by=floor.ana, now=NOW)
    segment.refresh_from_db()
    assert read_filter(segment.definition) == wanted
    refresh_segments(NOW)
    [line] = list_segments(floor.ana, NOW)
    assert line.words == [
        "of North", "A", "B", "C", "D", "At risk", "open: Churn risk", "revenue from 2", "revenue below 9",
        "renews within 30 days", "no touch for 60 days",
    ]  # fmt: skip


def test_a_filter_of_the_portfolio_becomes_a_segment(floor: Floor) -> None:
    floor.new_account("Mid", tier="mid")
    client = signed_in(floor.ana)
    assert "Save as segment" in client.get("/portfolio/", {"tier": "mid"}).content.decode()
    answer = client.post("/segments/new/?tier=mid", {"name": "Mid ones"})
    segment = Segment.objects.get()
    assert answer["Location"] == f"/portfolio/?who=&saved={segment.pk}"
    assert segment.definition == {"owner": str(floor.ana.pk), "tier": "mid"}
    assert members(segment) == {"Mid"}
    assert Act.objects.get(verb="segment_saved").by == floor.ana
    assert client.post("/segments/new/?tier=mid", {"name": "MID ONES"}).status_code == 422
    assert client.post("/segments/new/?tier=mid", {"name": ""}).status_code == 422
    assert client.post("/segments/new/?who=", {"name": "Everything"}).status_code == 422
    page = client.get("/segments/").content.decode()
    assert "Mid ones" in page
    assert rows_of(client.get("/segments/?format=csv"))[0]["Accounts"] == "1"


def test_counts_of_segments_are_of_ones_own_accounts(floor: Floor) -> None:
    floor.new_account("Mine", tier="mid")
    make_account("Foreign", csm=make_user("cy", team=make_team("South")), tier="mid")
    save_segment(name="Mid", wanted=AccountFilter(tier="mid"), by=floor.ana, now=NOW)
    refresh_segments(NOW)
    counts = {user: list_segments(user, NOW)[0].accounts for user in (floor.ana, make_user("chief", role="leader"))}
    assert list(counts.values()) == [1, 2]


def test_a_segment_is_renamed_put_away_and_brought_back(floor: Floor) -> None:
    floor.new_account("Mid", tier="mid")
    segment = save_segment(name="Mid", wanted=AccountFilter(tier="mid"), by=floor.ana, now=NOW)
    url, client = f"/segments/{segment.pk}/", signed_in(floor.ana)
    client.post(url, {"do": "rename", "version": "1", "name": "Middle"})
    segment.refresh_from_db()
    assert (segment.name, segment.slug, segment.version) == ("Middle", "mid", 2)
    stale = client.post(url, {"do": "rename", "version": "1", "name": "Other"}, follow=True)
    assert "Somebody changed this segment" in stale.content.decode()
    client.post(url, {"do": "deactivate", "version": "2"})
    segment.refresh_from_db()
    assert (segment.is_active, members(segment)) == (False, set())
    refresh_segments(NOW + DAY)
    assert members(segment) == set()
    client.post(url, {"do": "reactivate", "version": "3"})
    assert members(segment) == {"Mid"}
    assert client.post(url, {"do": "rename", "version": "x"}).status_code == 302
    with pytest.raises(SegmentRefused, match="Ana made this segment"):
        rename_segment(segment_id=segment.pk, version=4, name="Mine", by=floor.bea, now=NOW)
    rename_segment(segment_id=segment.pk, version=4, name="Lead's", by=floor.lead, now=NOW)


def test_filters_leave_out_former_customers_unless_asked(floor: Floor) -> None:
    make_contract(floor.account, ends_on=TODAY - 31 * DAY)
    assert list(filter_accounts(Account.objects.all(), AccountFilter(), NOW)) == []
    assert list(filter_accounts(Account.objects.all(), AccountFilter(health="ended"), NOW)) == [floor.account]
