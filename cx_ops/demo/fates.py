"""How risk, growth and use run towards what will become of a customer. Shares are in [0, 1]. Pure."""

from __future__ import annotations

from datetime import date, timedelta

from cx_ops.demo.book import Customer, Fate

RISES_DAYS = 80
FAR_DAYS = 240
WORKDAYS = 5
SETTLED_DAYS = 15  # before the notice date, when a customer that leaves has made up its mind


def risk_of(customer: Customer, day: date) -> float:
    """How near to leaving a customer is, seen by somebody who knows what will become of it."""
    calm, ahead = customer.calm, (customer.turn - day).days
    if customer.fate is not Fate.LEAVES and _stays_for_now(customer, day):
        return calm
    match customer.fate:
        case Fate.LEAVES:
            return _ramp(calm, _peak(customer), 1 - (ahead - customer.notice_days - SETTLED_DAYS) / RISES_DAYS)
        case Fate.SAVED if ahead >= 0:
            return _ramp(calm, 0.94, 1 - ahead / 45)
        case Fate.SAVED:
            return _ramp(0.94, 0.12, -ahead / 40)
        case Fate.BLIP:
            return _ramp(calm, 0.80, 1 - abs(ahead) / 24)
        case _:
            return calm


def growth_of(customer: Customer, day: date) -> float:
    """How ready a customer is to buy more; 0 for one that is not going to."""
    if customer.fate is not Fate.GROWS:
        return 0.0
    ahead = (customer.turn - day).days
    return _ramp(0.30, 0.95, 1 - ahead / 50) if ahead >= -25 else 0.0


def users_of(customer: Customer, day: date) -> int:
    """People at the customer who were active in the week up to `day`."""
    fall = 1 - 0.62 * max(0.0, risk_of(customer, day) - 0.30) / 0.70
    rise = 1 + 0.35 * max(0.0, growth_of(customer, day) - 0.30) / 0.70
    week = customer.random("week", day.isocalendar()[:2]).uniform(0.95, 1.05)
    return max(1, min(round(customer.usual_users * fall * rise * week), customer.seats))


def a_day_of(users: int) -> int:
    """How many of a week's people are seen on each of its workdays."""
    return users // WORKDAYS + 1


def active_in(customer: Customer, friday: date) -> int:
    """`users_of` a whole week; of the week in which a customer leaves those who were seen before, and nobody later."""
    users = users_of(customer, friday)
    if customer.fate is not Fate.LEAVES:
        return users
    days = min(max((customer.turn - friday).days + WORKDAYS - 1, 0), WORKDAYS)
    return min(users, days * a_day_of(users))


def week_before(day: date) -> date:
    """The Friday of the last whole week before a day."""
    return day - timedelta(days=day.weekday() + 3)


def _stays_for_now(customer: Customer, day: date) -> bool:
    """Whether nobody would fear for it: what its fate is about lies in a term before, or it decides much later."""
    is_past = customer.turn < customer.term_at(day)[0]
    return is_past or customer.is_bound(day) or (customer.decides_on(day) - day).days > FAR_DAYS


def _peak(customer: Customer) -> float:
    """How sure one can be in the end: of most digital customers too little is known."""
    known = customer.is_named or customer.random("known").random() < 0.35
    return 0.965 if known else 0.66


def _ramp(low: float, high: float, share: float) -> float:
    """From `low` to `high` as `share` goes from 0 to 1."""
    return low + (high - low) * min(1.0, max(0.0, share))
