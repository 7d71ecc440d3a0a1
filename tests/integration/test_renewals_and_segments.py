"""Renewals by month, and segments that keep themselves up to date."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from accounts.models import Account, RedLineFlag, Segment, SegmentMember
from accounts.rules.segments import AccountFilter, read_filter
from accounts.services import SegmentRefused, rename_segment, save_segment
from core.bulk import database_now
from core.models import Act
from cx_ops.account_filter import filter_accounts
from cx_ops.portfolio import Asked, load_portfolio
from cx_ops.renewal_chart import draw_chart
from cx_ops.renewals import Sums, first_of, load_page, renewing, sum_contested, sum_months
from cx_ops.segments import list_segments, refresh_segments
from tests.factories import NOW, make_account, make_contract, make_team, make_user
from tests.floor import Floor, signed_in

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
TODAY = NOW.date()


def rows_of(answer: Any) -> list[dict[str, str]]:
    text = b"".join(answer.streaming_content).decode()
    return list(csv.DictReader(io.StringIO(text)))


def names(user: Any, asked: Asked) -> list[str]:
    return [line.name for line in load_portfolio(user, asked, NOW).lines]


# ── Renewals ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_contracts_are_summed_by_month_and_forecast(floor: Floor) -> None:
    start = first_of(TODAY)
    soon, renewed = floor.account, floor.new_account("Renewed", arr_amount=50)
    make_contract(soon, ends_on=date(2026, 4, 9), forecast="at_risk")
    make_contract(renewed, ends_on=date(2026, 4, 20), forecast="likely")
    make_contract(renewed, starts_on=date(2026, 4, 20), ends_on=date(2027, 4, 20))
    make_contract(floor.new_account("Gone"), ends_on=date(2026, 4, 1), ended_early_on=date(2026, 1, 1))
    make_contract(floor.new_account("Pound", arr_currency="GBP"), ends_on=date(2026, 5, 1), forecast="commit")
    contracts = renewing(Account.objects.all(), start, {"USD": Decimal(1)}, today=TODAY)
    months = sum_months(contracts, start)
    assert len(months) == 12
    april, may = months[1], months[2]
    assert april.kinds["at_risk"] == Sums(1, Decimal(100_000))
    assert april.kinds["renewed"] == Sums(1, Decimal(50))
    assert april.all == Sums(2, Decimal(100_050))
    assert may.kinds["commit"] == Sums(1, no_rate=1)
    chart = draw_chart(months)
    assert [bar.kind for bar in chart.bars] == ["at_risk", "renewed"]
    assert sum(bar.height for bar in chart.bars) <= 152


def test_lines_stand_by_the_day_their_term_ends(floor: Floor) -> None:
    for name, forecast, day in (
        ("Committed", "commit", 14), ("Unsure", "unknown", 15), ("Late", "at_risk", 16), ("Same day", "at_risk", 15),
    ):  # fmt: skip
        make_contract(floor.new_account(name), ends_on=date(2026, 6, day), forecast=forecast)
    make_contract(floor.new_account("Earlier"), ends_on=date(2026, 5, 1), forecast="commit")
    contracts = renewing(Account.objects.all(), first_of(TODAY), {}, today=TODAY)
    page = load_page(contracts, 1, NOW)
    assert [line.account for line in page.lines] == ["Earlier", "Committed", "Same day", "Unsure", "Late"]
    assert [(first, len(lines)) for first, lines in page.by_month()] == [(date(2026, 5, 1), 1), (date(2026, 6, 1), 4)]


def test_an_account_with_a_renewal_date_and_no_contract_stands_in_its_month(floor: Floor) -> None:
    start = first_of(TODAY)
    floor.new_account("Bare", renews_on=date(2026, 4, 3), arr_amount=70)
    signed = floor.new_account("Signed", renews_on=date(2026, 4, 3))
    make_contract(signed, ends_on=date(2026, 5, 9), forecast="likely")
    lapsed = floor.new_account("Lapsed", renews_on=date(2026, 4, 4), arr_amount=30)
    make_contract(lapsed, starts_on=date(2024, 1, 1), ends_on=date(2025, 1, 1))
    found = renewing(Account.objects.all(), start, {"USD": Decimal(1)}, today=TODAY)
    assert sum_months(found, start)[1].kinds["unknown"] == Sums(2, Decimal(100))
    lines = load_page(found, 1, NOW).lines
    assert [(line.account, line.has_contract) for line in lines] == [
        ("Bare", False), ("Lapsed", False), ("Signed", True),
    ]  # fmt: skip
    assert lines[0].csm == "Ana"
    page = signed_in(floor.ana).get("/renewals/?start=2026-03").content.decode()
    assert "2 accounts have no contract, only the day on which their term ends" in page
    assert [row["Contract"] for row in rows_of(signed_in(floor.ana).get("/renewals/?start=2026-03&format=csv"))] == [
        "False", "False", "True",
    ]  # fmt: skip


def test_a_term_that_is_said_to_be_renewed_counts_so(floor: Floor) -> None:
    said = {"renewed": "renewed", "ended": "ended", "commit": "ended"}
    for forecast in said:
        make_contract(floor.new_account(forecast), ends_on=TODAY - timedelta(days=1), forecast=forecast)
    found = renewing(Account.objects.all(), first_of(TODAY - timedelta(days=1)), {}, today=TODAY)
    assert {line.account: line.kind for line in load_page(found, 1, NOW).lines} == said


def test_a_hopeful_forecast_says_what_speaks_against_it(floor: Floor) -> None:
    risky, crossed, calm, resigned = (floor.new_account(name) for name in ("Risky", "Crossed", "Calm", "Resigned"))
    bound = floor.new_account("Bound")
    make_contract(bound, ends_on=date(2026, 6, 9), forecast="commit", auto_renews=True, notice_on=TODAY - DAY)
    for place, (account, forecast) in enumerate(
        ((risky, "likely"), (crossed, "commit"), (calm, "commit"), (resigned, "at_risk"))
    ):
        make_contract(account, ends_on=date(2026, 6, 1 + place), forecast=forecast)
    for account in (risky, resigned, bound):
        floor.insight("0.95", account=account)
    RedLineFlag.objects.create(account=crossed, kind="legal", since=NOW - DAY)
    contracts = renewing(Account.objects.all(), first_of(TODAY), {"USD": Decimal(1)}, today=TODAY)
    assert sum_contested(contracts, NOW) == Sums(3, Decimal(300_000), 0)
    against = {line.account: line.against[:1] for line in load_page(contracts, 1, NOW).lines}
    assert against == {
        "Risky": ("Churn risk within 90 days, how likely is not said",),
        "Crossed": ("Legal matter",), "Calm": (), "Resigned": (),
        "Bound": ("Churn risk within 90 days, how likely is not said",),
    }  # fmt: skip
    make_contract(floor.account, ends_on=database_now().date() + 30 * DAY, forecast="commit")
    floor.insight("0.95")
    body = signed_in(floor.ana).get("/renewals/?start=2026-03").content.decode()
    assert "Urgent or At risk" in body
    assert "Churn risk within 90 days, how likely is not said" in body


def test_what_has_ended_is_not_counted_as_still_to_renew(floor: Floor) -> None:
    """A forecast holds until the last day; then the term is renewed, or lost unless somebody acts."""
    start = first_of(TODAY)
    for name, ends, forecast in (
        ("Over", TODAY - DAY, "at_risk"), ("Today", TODAY, "at_risk"), ("Sure", start + 27 * DAY, "commit"),
    ):  # fmt: skip
        make_contract(floor.new_account(name, arr_amount=10), ends_on=ends, forecast=forecast)
    signed = floor.new_account("Signed", arr_amount=10)
    make_contract(signed, ends_on=TODAY - DAY, forecast="likely")
    make_contract(signed, starts_on=TODAY, ends_on=TODAY + 800 * DAY)
    found = renewing(Account.objects.all(), start, {"USD": Decimal(1)}, today=TODAY)
    month = sum_months(found, start)[0]
    assert {kind: sums.contracts for kind, sums in month.kinds.items() if sums.contracts} == {
        "ended": 1, "at_risk": 1, "commit": 1, "renewed": 1,
    }  # fmt: skip
    assert (month.open, month.all.contracts) == (Sums(2, Decimal(20), 0), 4)
    assert [line.account for line in load_page(found, 1, NOW).lines] == ["Over", "Signed", "Today", "Sure"]


def test_contracts_whose_forecast_is_contested_can_be_listed(floor: Floor) -> None:
    day = database_now().date() + 60 * DAY
    make_contract(floor.account, ends_on=day, forecast="commit")
    floor.insight("0.95")
    make_contract(floor.new_account("Calm"), ends_on=day, forecast="commit")
    client = signed_in(floor.ana)
    assert "contested=1" in client.get("/renewals/").content.decode()
    for address in ("/renewals/?contested=1&format=csv", f"/renewals/?contested=1&month={day:%Y-%m}&format=csv"):
        assert [row["Account"] for row in rows_of(client.get(address))] == ["Acme"]


def test_a_term_that_ended_is_a_warning_unless_it_is_renewed(floor: Floor) -> None:
    day = database_now().date()
    make_contract(floor.account, ends_on=day - DAY, notice_on=day - 60 * DAY)
    client, url = signed_in(floor.ana), f"/renewals/?start={day - DAY:%Y-%m}"
    body = client.get(url).content.decode()
    assert "over, no new term is known" in body
    assert "notice" not in body.split('id="contracts"')[1]
    make_contract(floor.account, starts_on=day, ends_on=day + 800 * DAY)
    body = client.get(url).content.decode()
    assert "no new term is known" not in body


def test_the_page_of_renewals_keeps_a_month_and_refuses_nonsense(floor: Floor) -> None:
    make_contract(floor.account, ends_on=date(2026, 12, 9))
    client = signed_in(floor.ana)
    path = "/renewals/?start=2026-03"
    assert "Acme" in client.get(path).content.decode()
    assert "Acme" in client.get(f"{path}&month=2026-12").content.decode()
    assert "Acme</a>" not in client.get(f"{path}&month=2026-11").content.decode()
    assert [row["Term ends"] for row in rows_of(client.get(f"{path}&format=csv"))] == ["2026-12-09"]
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
        "of North", "A", "B", "C", "D", "At risk", "open: Churn risk", "revenue from $2", "revenue below $9",
        "term ends within 30 days", "no touch for 60 days",
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


def test_the_page_of_a_new_segment_says_which_accounts_and_how_many_and_leads_back(
    floor: Floor,
) -> None:
    floor.new_account("Mid", tier="mid")
    page = signed_in(floor.ana).get("/segments/new/?tier=mid").content.decode()
    assert "1 account today" in page
    assert 'href="/portfolio/?tier=mid"' in page


def test_the_revenue_of_a_segment_is_the_portfolios_sum(floor: Floor) -> None:
    make_contract(floor.new_account("Over", tier="mid", arr_amount=30), ends_on=TODAY - DAY)
    floor.new_account("Runs", tier="mid", arr_amount=20)
    segment = save_segment(name="Mid", wanted=AccountFilter(tier="mid"), by=floor.ana, now=NOW)
    refresh_segments(NOW)
    [line] = list_segments(floor.ana, NOW)
    totals = load_portfolio(floor.ana, Asked(saved=segment.pk, sort="name"), NOW).totals
    assert (line.accounts, line.revenue) == (totals.accounts, totals.revenue) == (2, Decimal(20))


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
