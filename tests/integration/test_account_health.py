"""How accounts stand: the same in the database and in words, and in which order."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils.formats import date_format

from accounts.models import Account, RedLineFlag
from accounts.queries import crosses_red_line, red_lines
from accounts.rules.segments import AccountFilter
from cx_ops.account_filter import speaks_against, with_signs
from cx_ops.account_health import Level
from cx_ops.portfolio import Asked, load_portfolio
from cx_ops.renewals import load_page, renewing
from decisions.models import Item
from playbooks.services.closing import close_task
from tests.factories import NOW, make_activity, make_contact, make_contract
from tests.floor import Floor, signed_in

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
TODAY = NOW.date()


def names(user: Any, asked: Asked) -> list[str]:
    return [line.name for line in load_portfolio(user, asked, NOW).lines]


def every_sort_of_account(floor: Floor) -> dict[str, Account]:
    """One account for each sign of health, by what is expected of it."""
    found = {name: floor.new_account(name.title(), arr_amount=None, arr_currency="") for name in EXPECTED}
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
    make_contract(found["ending"], ends_on=TODAY + 30 * DAY, forecast="commit")
    make_contract(found["later"], ends_on=TODAY + 31 * DAY)
    make_contract(found["renewing"], ends_on=TODAY + 3 * DAY, auto_renews=True, notice_on=TODAY - 30 * DAY)
    make_contract(found["signed"], ends_on=TODAY + 3 * DAY)
    make_contract(found["signed"], starts_on=TODAY + 4 * DAY, ends_on=TODAY + 400 * DAY)
    make_contract(found["stopped"], ends_on=TODAY + 90 * DAY, auto_renews=True, ended_early_on=TODAY + 9 * DAY)
    make_contract(found["over"], ends_on=TODAY - DAY)
    make_contract(found["lost"], ends_on=TODAY + 9 * DAY)
    make_contract(found["gone"], ends_on=TODAY - DAY, forecast="ended")
    make_contract(found["kept"], ends_on=TODAY - DAY, forecast="renewed")
    make_contract(found["back"], starts_on=TODAY - 900 * DAY, ends_on=TODAY - 500 * DAY, forecast="ended")
    make_contract(found["back"], starts_on=TODAY - 400 * DAY, ends_on=TODAY - DAY)
    make_contract(found["again"], ends_on=TODAY - DAY)
    make_contract(found["again"], starts_on=TODAY, ends_on=TODAY + 365 * DAY)
    for name in ("over", "lost", "again", "won"):
        say_lost(floor, found[name])
    floor.insight("0.95", account=found["risk"])
    return found


def say_lost(floor: Floor, account: Account) -> None:
    """Somebody closed its task as lost the day before; of "won" another one was closed since, as resolved."""
    outcomes = ("lost", "risk_resolved") if account.name == "Won" else ("lost",)
    for hours, outcome in zip((24, 1), outcomes, strict=False):
        at = NOW - timedelta(hours=hours)
        Item.objects.create(
            account=account, type_id="churn_risk", response="human", confidence=Decimal("0.9"), opened_at=at - DAY,
            expires_at=NOW + DAY, closed_at=at, outcome=outcome,
        )  # fmt: skip


EXPECTED = {
    "steady": Level.STEADY, "red": Level.URGENT, "sponsor": Level.URGENT, "notice": Level.URGENT, "risk": Level.RISK,
    "forecast": Level.RISK, "lapsed": Level.URGENT, "unhappy": Level.WATCH, "quiet": Level.WATCH, "ended": Level.ENDED,
    "ending": Level.URGENT, "later": Level.STEADY, "renewing": Level.STEADY, "signed": Level.STEADY,
    "stopped": Level.URGENT, "over": Level.ENDED, "lost": Level.RISK, "again": Level.STEADY, "won": Level.STEADY,
    "gone": Level.ENDED, "kept": Level.WATCH, "back": Level.URGENT,
}  # fmt: skip


def test_the_database_and_the_words_agree_on_health(floor: Floor) -> None:
    """`rank` orders and filters in the database; the badge is read from the same signs in Python."""
    accounts = every_sort_of_account(floor)
    ranks = dict(with_signs(Account.objects.all(), NOW).values_list("pk", "rank"))
    assert {name: Level(ranks[account.pk]) for name, account in accounts.items()} == EXPECTED
    against = set(Account.objects.filter(speaks_against(NOW)).values_list("pk", flat=True))
    assert against == {pk for pk, rank in ranks.items() if rank <= Level.RISK}
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


def test_of_equals_the_nearest_notice_or_renewal_comes_first(floor: Floor) -> None:
    """A risk of 92 % on a term that ends in 3 days presses more than one of 95 % on a term that ends next year."""
    for name, confidence, ends, notice in (
        ("Surest", "0.95", 194, None), ("Ends", "0.92", 3, -60), ("Notice", "0.91", 300, 60),
        ("Lapsed", "0.90", -5, None),
    ):  # fmt: skip
        account = floor.new_account(name)
        make_contract(
            account, ends_on=TODAY + ends * DAY, notice_on=TODAY + notice * DAY if notice is not None else None
        )
        floor.insight(confidence, account=account)
    dated = floor.new_account("Dated", renews_on=TODAY + 20 * DAY)
    floor.insight("0.90", account=dated)
    order = [name for name in names(floor.ana, Asked(sort="health")) if name != "Acme"]
    assert order == ["Lapsed", "Ends", "Dated", "Notice", "Surest"]


def test_a_term_that_ends_soon_comes_before_a_notice_date_a_month_away(floor: Floor) -> None:
    """What is soonest comes first among all that is urgent; a red line without a day presses today."""
    for name, ends, notice in (("Notice", 119, 29), ("Ends", 4, None), ("Over", -16, None)):
        make_contract(
            floor.new_account(name), ends_on=TODAY + ends * DAY, notice_on=TODAY + notice * DAY if notice else None
        )
    legal = floor.new_account("Legal")
    make_contract(legal, ends_on=TODAY + 300 * DAY)
    RedLineFlag.objects.create(account=legal, kind="legal", since=NOW - DAY)
    floor.insight("0.95", account=floor.new_account("Risk"))
    assert names(floor.ana, Asked(sort="health")) == ["Over", "Legal", "Ends", "Notice", "Risk", "Acme"]
    reasons = {line.name: line.health.reasons[0] for line in load_portfolio(floor.ana, Asked(sort="health"), NOW).lines}
    assert (reasons["Ends"], reasons["Over"]) == (
        "Term ends in 4 days, no new one is signed", "Term ended 16 days ago, no new one",
    )  # fmt: skip


def test_of_a_customer_who_is_said_to_be_lost_no_task_is_asked_for(floor: Floor) -> None:
    """Somebody said so on a day; the contract still decides what is revenue, and a new term ends it."""
    task = floor.task()
    make_contract(floor.account, ends_on=TODAY + 80 * DAY)
    close_task(task_id=task.pk, by=floor.ana, version=task.version, outcome="lost", reason="price", now=NOW)
    book = load_portfolio(floor.ana, Asked(sort="health"), NOW)
    [line], said = book.lines, f"Given up as lost on {date_format(TODAY, 'j M Y')}: its task was closed so"
    assert (line.health.label, line.health.reasons[0]) == ("At risk", said)
    assert (line.wants_step, book.totals.revenue) == (False, Decimal(100_000))
    page = signed_in(floor.ana).get(f"/accounts/{floor.account.pk}/").content.decode()
    assert said in page
    make_contract(floor.account, starts_on=TODAY + 81 * DAY, ends_on=TODAY + 400 * DAY)
    [line] = load_portfolio(floor.ana, Asked(sort="health"), NOW).lines
    assert line.health.label == "Steady"


def test_what_an_ended_term_brought_is_not_in_the_sum(floor: Floor) -> None:
    make_contract(floor.new_account("Over", arr_amount=30), ends_on=TODAY - DAY)
    make_contract(floor.new_account("Runs", arr_amount=20), ends_on=TODAY)
    totals = load_portfolio(floor.ana, Asked(sort="revenue"), NOW).totals
    assert (totals.revenue, totals.over, totals.lost) == (Decimal(100_020), 1, Decimal(30))


def test_a_red_line_says_how_near_the_notice_date_is(floor: Floor) -> None:
    make_contract(floor.account, ends_on=TODAY + 118 * DAY, notice_on=TODAY + 28 * DAY)
    [line] = load_portfolio(floor.ana, Asked(sort="health"), NOW).lines
    assert line.health.reasons[0] == "Notice date in 28 days"


def test_renewals_say_of_a_contract_that_its_customer_is_lost(floor: Floor) -> None:
    """Also of one that has ended: else one that is over and urgent stands beside another that is not."""
    for name, days in (("Runs", 40), ("Over", -3)):
        account = floor.new_account(name)
        make_contract(account, ends_on=TODAY + days * DAY, forecast="at_risk")
        say_lost(floor, account)
    found = renewing(Account.objects.all(), date(TODAY.year, TODAY.month - 1, 1), {"USD": Decimal(1)}, today=TODAY)
    lines = {line.account: line for line in load_page(found, 1, NOW).lines}
    said = f"Given up as lost on {date_format(TODAY - DAY, 'j M Y')}: its task was closed so"
    told = {name: (line.kind, line.stands.lost if line.stands else "") for name, line in lines.items()}
    assert told == {"Runs": ("at_risk", said), "Over": ("ended", said)}
    assert [name for name, line in lines.items() if line.presses] == ["Runs"]
