"""The book of the demonstration: the same every time, as large as it says, and its people and stories in place."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from cx_ops.demo import evidence, feeds, morning, scores, stories
from cx_ops.demo.behaviour import behaviour
from cx_ops.demo.book import Book, Fate, make_book
from cx_ops.demo.cdnow import FolderRefused, open_folder, write_rows
from cx_ops.demo.days import is_workday, workdays_before
from cx_ops.demo.fates import risk_of
from cx_ops.demo.report import band_of, count_bands

TODAY = date(2026, 11, 18)


@pytest.fixture(scope="module")
def book() -> Book:
    return morning.gather(stories.tell(make_book(TODAY)))


def test_same_day_gives_same_book(book: Book) -> None:
    again = morning.gather(stories.tell(make_book(TODAY)))
    assert again.customers == book.customers
    assert feeds.exports(again, date(2026, 11, 16)) == feeds.exports(book, date(2026, 11, 16))
    assert scores.house_scores(again, TODAY) == scores.house_scores(book, TODAY)


def test_book_has_200_named_and_800_digital_customers(book: Book) -> None:
    assert Counter(customer.is_named for customer in book.customers) == {True: 200, False: 800}
    assert len({customer.name for customer in book.customers}) == 1000
    assert all(customer.domain.endswith(".example") for customer in book.customers)


def test_about_twelve_in_a_hundred_leave_in_a_year(book: Book) -> None:
    leaving = sum(customer.fate is Fate.LEAVES for customer in book.customers)
    assert 90 <= leaving <= 150


def test_named_customers_have_three_to_six_contacts_and_digital_ones_one_or_two(book: Book) -> None:
    for customer in book.customers:
        count = len(list(feeds.contacts(customer)))
        assert 3 <= count <= 6 if customer.is_named else 1 <= count <= 2


def test_the_house_model_is_surer_of_those_who_leave(book: Book) -> None:
    leaving = next(customer for customer in book.named() if customer.fate is Fate.LEAVES and not customer.is_story)
    near, far = leaving.turn - timedelta(days=leaving.notice_days), leaving.turn - timedelta(days=300)
    assert risk_of(leaving, near) >= 0.9
    assert risk_of(leaving, far) < 0.5


def test_vendor_says_ninety_of_more_who_stay_than_the_house_does(book: Book) -> None:
    staying = {customer.external_id for customer in book.customers if customer.fate is not Fate.LEAVES}

    def sure(items: list[dict[str, object]]) -> int:
        return sum(
            item["type"] == "churn_risk" and float(str(item["confidence"])) >= 0.9
            for item in items
            if isinstance(about := item["account"], dict) and about["external_id"] in staying
        )

    days = [day for day in book.days() if day < book.today]
    assert sum(sure(scores.vendor_scores(book, day)) for day in days) > sum(
        sure(scores.house_scores(book, day)) for day in days
    )


def test_every_insight_is_known_by_one_external_id(book: Book) -> None:
    days = list(book.days())
    made = [*scores.house_scores(book, TODAY), *scores.vendor_scores(book, days[-2])]
    ids = [item["external_id"] for item in made]
    assert len(ids) == len(set(ids))


def test_nine_of_anas_customers_need_her_today_for_five_reasons(book: Book) -> None:
    early = [item for item in scores.house_scores(book, TODAY) if str(item["external_id"]).endswith("-morning")]
    assert len(early) == morning.CUSTOMERS > 5
    assert {item["reason"] for item in early[:5]} == set(morning.REASONS)


def test_what_a_claim_counts_stands_behind_it(book: Book) -> None:
    """Whoever reads "mentions of another vendor in 30 days: 4" finds four of them."""
    claims = [claim for claim in scores.lately(book) if claim[2]["reason"] == "competitor_named"]
    assert claims
    for day, customer, claim in claims:
        facts = evidence.facts_of(customer, "churn_risk", "competitor_named", day)
        [(_crm, _mail, mails), (_desk, _ticket, tickets)] = evidence.behind_claims(
            [(day, customer, claim)], people=feeds.contacts
        )
        named = [mail for mail in mails if evidence.OTHER_VENDOR in str(mail["summary"])]
        assert len(named) == facts["mentions of another vendor in 30 days"]
        assert len(tickets) == facts["questions about ending the contract in 14 days"]
        assert all(f"{day - timedelta(days=30)}" <= str(item["happened_at"])[:10] < f"{day}" for item in mails)


def test_every_reason_of_late_has_something_behind_it(book: Book) -> None:
    for day, customer, claim in scores.lately(book):
        assert list(evidence.behind(customer, claim, day, champion=next(feeds.contacts(customer)))), claim["reason"]


def test_a_champion_who_does_not_answer_has_no_conversation_and_is_not_seen(book: Book) -> None:
    customer = next(customer for customer, reason in morning.morning(book) if reason == evidence.SILENT)
    champion = next(feeds.contacts(customer))
    silent = [day for day in book.days() if customer.number in evidence.silent_on(book, day)]
    assert len(silent) >= 19
    for day in silent:
        for source, kind, items in feeds.CHANGES:
            if kind in ("activities", "events") and source != "desk":
                about = list(items(book, day + timedelta(days=kind == "events")))
                assert champion["external_id"] not in {item.get("contact") for item in about}
                assert champion["email"] not in {item.get("user_id") for item in about}


def test_as_many_people_did_something_in_a_week_as_its_reading_says(book: Book) -> None:
    monday = date(2026, 11, 16)
    readings = {
        item["account"]["external_id"]: item["value"]  # type: ignore[index]
        for _, kind, items in feeds.exports(book, monday) if kind == "activities"
        for item in items if item["kind"] == "usage"
    }  # fmt: skip
    seen: dict[str, set[object]] = {}
    for ago in range(2, 7):
        for item in behaviour(book, monday - timedelta(days=ago), people=feeds.contacts):
            seen.setdefault(item["account"]["external_id"], set()).add(item["user_id"])  # type: ignore[index]
    assert {name: len(who) for name, who in seen.items()} == {name: readings[name] for name in seen}


def test_every_story_has_its_customer_and_happens_on_workdays(book: Book) -> None:
    for story, customer in stories.cast(book):
        assert book[story.name] is customer
        assert customer.people["csm"] == story.csm
    told = [day for day in book.days() if stories.deeds(book, day)]
    assert told
    assert all(is_workday(day) for day in told)


@pytest.mark.parametrize(
    ("count", "day"),
    [(0, date(2026, 11, 20)), (1, date(2026, 11, 19)), (5, date(2026, 11, 13)), (-1, date(2026, 11, 23))],
)
def test_workdays_are_counted_from_the_friday_before_a_weekend(count: int, day: date) -> None:
    assert workdays_before(date(2026, 11, 22), count) == day


@pytest.mark.parametrize(
    ("confidence", "band"),
    [("0.9", "human"), ("0.8999", "automated"), ("0.7", "automated"), ("0.5", "monitor"), ("0.4999", "record")],
)
def test_bands_are_half_open(confidence: str, band: str) -> None:
    assert band_of(Decimal(confidence)) == band


def test_a_folder_is_shifted_so_that_the_newest_score_was_made_yesterday(tmp_path: Path) -> None:
    _fill(tmp_path)
    folder = open_folder(tmp_path, today=TODAY)
    deliveries = folder.deliveries(["ana", "ben"])
    assert [(delivery.kind, delivery.day) for delivery in deliveries] == [
        ("accounts", date(2026, 10, 17)),
        ("orders", date(2026, 10, 17)),
        ("scores", date(2026, 10, 17)),
        ("orders", date(2026, 11, 17)),
        ("scores", date(2026, 11, 17)),
        ("orders", TODAY),
    ]
    assert [row["scored_at"] for row in deliveries[4].rows()] == ["2026-11-17T06:00:00Z"]
    assert {row["csm"] for row in deliveries[0].rows()} <= {"ana", "ben"}
    assert list(deliveries[5].rows()) == []  # its order lies after today
    assert count_bands(folder.confidences()) == {("house", "human"): 1, ("house", "record"): 1}


def test_the_whole_folder_reaches_the_newest_order_today(tmp_path: Path) -> None:
    _fill(tmp_path)
    folder = open_folder(tmp_path, today=TODAY, whole=True)
    orders = [row for one in folder.deliveries(["ana"]) if one.kind == "orders" for row in one.rows()]
    assert [row["ordered_on"] for row in orders][-1] == TODAY.isoformat()
    assert len(orders) == 2


def test_a_folder_without_scores_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FolderRefused, match="scores-SOURCE-DATE"):
        open_folder(tmp_path, today=TODAY)


def _fill(root: Path) -> None:
    write_rows(root / "accounts.csv", [{"account_id": "C1", "name": "One", "customer_since": "1997-01-01"}])
    write_rows(
        root / "orders.csv",
        [
            {"account_id": "C1", "ordered_on": day, "units": "1", "amount_usd": "9.50"}
            for day in ("1997-01-01", "1997-12-24")
        ],
    )
    for day, confidence in (("1997-07-01", "0.95"), ("1997-08-01", "0.1")):
        row = {"account_id": "C1", "scored_at": f"{day}T06:00:00Z", "confidence": confidence}
        write_rows(root / f"scores-house-{day}.csv", [row])


def test_nobody_shares_a_phone_and_whoever_is_against_us_is_not_happy(book: Book) -> None:
    people = [contact for customer in book.customers for contact in feeds.contacts(customer)]
    phones = Counter(contact["phone"] for contact in people)
    assert [phone for phone, times in phones.items() if times > 1] == []
    assert all(int(str(one["sentiment"])) <= 0 for one in people if one["stakeholder"] == "detractor")


def test_facts_about_use_fit_the_seats_and_the_readings(book: Book) -> None:
    """Nobody has more seats in use than there are, or more never used than are free."""
    for customer in (one for one in book.named() if one.fate is not Fate.GROWS):
        for day in (TODAY, TODAY - timedelta(days=21)):
            said = {**evidence.facts_of(customer, "churn_risk", "slow_adoption", day)}
            used = [value for name, value in said.items() if "people active" in name]
            assert all(value + said["seats never used"] <= customer.seats for value in used)
        for factor in scores.insight(customer, "churn_risk", 0.95, TODAY, reason="", vendor=True)["factors"]:  # type: ignore[attr-defined]
            if "seats in use" in factor["name"]:
                assert factor["value"] < factor["was"] <= customer.seats
                assert f"(of {customer.seats})" in factor["name"]


def test_of_a_customer_who_has_left_the_product_says_that_nobody_uses_it(book: Book) -> None:
    """Also in the week in which they leave the reading counts those who were seen."""
    gone = [
        one
        for one in book.named()
        if one.has_left(TODAY - timedelta(days=14)) and not one.has_left(TODAY - timedelta(days=50))
    ]
    assert gone
    told = [
        item for _, kind, items in feeds.exports(book, date(2026, 11, 16)) if kind == "activities" for item in items
    ]
    for customer in gone:
        [reading] = [
            item["value"] for item in told
            if item["kind"] == "usage" and item["account"] == {"external_id": customer.external_id}
        ]  # fmt: skip
        assert reading == 0
