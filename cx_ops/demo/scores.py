"""What two scorers say on a day: a house model that is about right, and a vendor's that is far too sure. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from cx_ops.demo.book import Book, Customer
from cx_ops.demo.days import is_workday, workday_number
from cx_ops.demo.fates import growth_of, risk_of
from cx_ops.demo.morning import morning
from cx_ops.demo.words import factors_of, talking_points_of, vendor_factors_of

Item = dict[str, object]
HORIZONS = {"churn_risk": 90, "expansion_signal": 60, "advocacy_potential": 30, "engagement_opportunity": 45}
MODELS = {
    "churn_risk": "house-churn",
    "expansion_signal": "house-growth",
    "advocacy_potential": "house-voice",
    "engagement_opportunity": "house-reach",
}
VENDOR_MODEL = ("vendor-gbm", "7")
HOUSE_DAYS, THURSDAY = (0, 2, 4), 3
SURELY_NOT = 0.05  # the least that the vendor says of anybody
ACTS_UNLESS = (0.45, 0.97)  # of what a model is sure of, between so much happens if nobody acts
TICKETS, TICKETS_DAYS = "ticket_backlog", 60
LATELY_DAYS, SURE = 14, 0.7  # what somebody may look up: claims of so many days that asked for something
EXPLAINED_FROM = 0.4  # below, no model gives facts
RAISE_CONCERNS = ("ana", "cleo", "dev", "edda", "finn")


def insight(
    customer: Customer,
    type: str,
    confidence: float,
    day: date,
    *,
    reason: str,
    vendor: bool = False,
) -> Item:
    """One insight as a scorer posts it. The vendor gives no reason and nothing to say."""
    model, version = VENDOR_MODEL if vendor else (MODELS[type], "3")
    item: Item = {
        "external_id": f"{model}-{day}-{customer.external_id}-{type}",
        "type": type,
        "account": {"external_id": customer.external_id},
        "confidence": round(confidence, 4),
        "horizon_days": HORIZONS[type],
        "model": model,
        "model_version": version,
        "scored_at": f"{day}T04:00:00Z",
        "reason": "" if vendor else reason,
    }
    if confidence < EXPLAINED_FROM:
        return item
    item["probability"] = round(confidence * customer.random("unless", type).uniform(*ACTS_UNLESS), 2)
    if vendor:
        item["factors"] = vendor_factors_of(customer, day)
    else:
        item["factors"] = factors_of(customer, type, reason, day)
        item["talking_points"] = talking_points_of(type, reason)
    return item


def house_scores(book: Book, day: date) -> list[Item]:
    """Three days a week: named customers once a week, digital ones once a month; signals on the day they show.

    Of whom the last morning is about, the model says only that on that day.
    """
    early = morning(book) if day == book.today else []
    found = [*_morning(early, day)]
    if day.weekday() not in HOUSE_DAYS:
        return found
    turn = workday_number(day) // 5 * len(HOUSE_DAYS) + HOUSE_DAYS.index(day.weekday())
    scored = _in_turn(book, day, turn, named=3, digital=12)
    others = [customer for customer in scored if all(customer is not one for one, _reason in early)]
    return [*_risks(others, day), *_growth(scored, day), *_moments(book, day), *found]


def lately(book: Book) -> list[tuple[date, Customer, Item]]:
    """What the house models were sure of in the last two weeks, and every tale of tickets that an account's page still
    tells: of a customer and a reason what they said last."""
    named = {customer.external_id: customer for customer in book.customers}
    found: dict[tuple[str, object, object], tuple[date, Customer, Item]] = {}
    for ago in range(TICKETS_DAYS, -1, -1):
        day = book.today - timedelta(days=ago)
        for item in house_scores(book, day):
            about = item["account"]
            is_told = item["reason"] == TICKETS or (ago <= LATELY_DAYS and float(str(item["confidence"])) >= SURE)
            if isinstance(about, dict) and is_told:
                customer = named[str(about["external_id"])]
                found[customer.external_id, item["type"], item["reason"]] = (day, customer, item)
    return list(found.values())


def vendor_scores(book: Book, day: date) -> list[Item]:
    """On Thursdays: churn risk of named customers every second week, of digital ones every eighth."""
    if day.weekday() != THURSDAY:
        return []
    scored = _in_turn(book, day, workday_number(day) // 5, named=2, digital=8)
    return [
        insight(customer, "churn_risk", _too_sure(customer, day), day, reason="", vendor=True) for customer in scored
    ]


def _in_turn(book: Book, day: date, turn: int, *, named: int, digital: int) -> list[Customer]:
    """Those whose turn it is: everybody once in so many turns."""
    return [
        customer
        for customer in _scored(book, day)
        if customer.number % (every := named if customer.is_named else digital) == turn % every
    ]


def _scored(book: Book, day: date) -> Iterator[Customer]:
    return (customer for customer in book.customers if not customer.is_story and not customer.has_left(day))


def _risks(scored: Iterable[Customer], day: date) -> Iterator[Item]:
    for customer in scored:
        noise = customer.random("house", day).gauss(0, 0.03)
        confidence = min(0.985, max(0.04, risk_of(customer, day) + noise))
        yield insight(customer, "churn_risk", confidence, day, reason=customer.reason)


def _growth(scored: Iterable[Customer], day: date) -> Iterator[Item]:
    for customer in scored:
        growth = growth_of(customer, day)
        if growth > 0.4:
            chance = customer.random("growth", day)
            reason = customer.random("why it grows").choice(("seats_full", "new_team"))
            confidence = min(0.97, growth + chance.gauss(0, 0.03))
            yield insight(customer, "expansion_signal", confidence, day, reason=reason)


def _moments(book: Book, day: date) -> Iterator[Item]:
    """A few customers a day have a good moment to be asked, or something worth showing them."""
    chance = book.random("moments", day)
    for customer in _scored(book, day):
        luck = chance.random()
        if luck < 0.0015 and risk_of(customer, day) < 0.35:
            reason = chance.choice(("survey_praise", "goal_reached"))
            yield insight(customer, "advocacy_potential", chance.uniform(0.55, 0.95), day, reason=reason)
        elif luck > 0.9982:
            reason = chance.choice(("unused_feature", "new_admin"))
            yield insight(customer, "engagement_opportunity", chance.uniform(0.50, 0.93), day, reason=reason)


@dataclass(frozen=True)
class Concern:
    """What somebody thinks about one of their customers, without a model."""

    who: str
    customer: Customer
    confidence: Decimal
    reason: str


def concerns(book: Book, day: date) -> list[Concern]:
    """Every other week or so one of us raises a concern; mostly about a customer that is really in trouble."""
    chance = book.random("concern", day)
    if not is_workday(day) or chance.random() > 0.14:
        return []
    mine = [
        customer
        for customer in _scored(book, day)
        if customer.people.get("csm") in RAISE_CONCERNS and not customer.is_bound(day)
    ]
    worst = sorted(mine, key=lambda customer: -risk_of(customer, day))[:12]
    customer = chance.choice(worst if chance.random() < 0.75 else mine)
    confidence = Decimal(chance.randrange(70, 95)) / 100
    return [Concern(customer.people["csm"], customer, confidence, customer.reason)]


def _morning(early: Iterable[tuple[Customer, str]], day: date) -> Iterator[Item]:
    for customer, reason in early:
        confidence = customer.random("morning").uniform(0.905, 0.96)
        item = insight(customer, "churn_risk", confidence, day, reason=reason)
        yield {**item, "external_id": f"{item['external_id']}-morning", "scored_at": f"{day}T04:30:00Z"}


def _too_sure(customer: Customer, day: date) -> float:
    """The vendor's number: the risk, pushed towards 0 and 1."""
    risk = risk_of(customer, day)
    pushed = 2.6 * math.log(risk / (1 - risk)) + 1.0 + customer.random("vendor", day).gauss(0, 0.8)
    return SURELY_NOT + (0.9999 - SURELY_NOT) / (1 + math.exp(-pushed))
