"""What success managers write down for terms that end soon, or have just ended. Pure.

Of a notice date nobody writes anything until it is near: until then the portfolio alone says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time
from typing import NamedTuple

from cx_ops.demo.book import LEAVER, Book, Customer, Fate
from cx_ops.demo.days import ZONES, at, workdays_before

DUE = time(17)
ENDS_DAYS, NOTICE_DAYS, OVER_DAYS = 30, 21, 30
# So near an end the signing is somebody's task, whatever else is said of the customer.
PRESSES_DAYS = 7
WRITTEN = (1, 8)  # workdays before the book's last one


class Chore(NamedTuple):
    """One task by hand."""

    who: str
    customer: Customer
    title: str
    text: str
    due_at: datetime


class Words(NamedTuple):
    title: str
    text: str


OVER = Words("Ask whether they sign a new term after all", "Theirs has ended, and nobody has told us that they leave.")
DOUBTED = Words("Ask for a yes or a no to the new term", "A no now is better than silence.")
SIGNED = Words("Get the new term signed", "They have the offer.")
NOTICE = Words("Ask whether they stay, before their day of notice", "After it the term renews by itself.")


def first_day(book: Book) -> date:
    """The first day on which any of it is written down."""
    return workdays_before(book.today, WRITTEN[1])


def chores(book: Book, day: date) -> Iterator[Chore]:
    """What is written down on a day: of each named customer at most one thing."""
    for customer in book.named():
        is_free = not customer.claim or _presses(customer, book.today)
        if workdays_before(book.today, customer.random("chore").randint(*WRITTEN)) == day and is_free:
            yield from _chore(customer, book)


def _presses(customer: Customer, today: date) -> bool:
    ahead = (customer.decides_on(today) - today).days
    return 0 <= ahead <= PRESSES_DAYS and not customer.renews_itself


def _chore(customer: Customer, book: Book) -> Iterator[Chore]:
    found = _gone(customer, book.today) if customer.has_left(book.today) else _ending(customer, book.today)
    if found is not None:
        words, due_on = found
        csm = customer.people["csm"]
        yield Chore(customer.heir if csm == LEAVER else csm, customer, *words, due_at(due_on, customer))


def due_at(day: date, customer: Customer) -> datetime:
    """When the working day closes where the customer is."""
    return at(day, DUE, ZONES[customer.region])


def _gone(customer: Customer, today: date) -> tuple[Words, date] | None:
    if (today - customer.turn).days > OVER_DAYS:
        return None
    return OVER, workdays_before(today, -customer.random("due").randint(1, 4))


def _ending(customer: Customer, today: date) -> tuple[Words, date] | None:
    ends = customer.decides_on(today)
    ahead = (ends - today).days
    if not 0 <= ahead <= (NOTICE_DAYS if customer.renews_itself else ENDS_DAYS):
        return None
    words = NOTICE if customer.renews_itself else DOUBTED if customer.fate is Fate.LEAVES else SIGNED
    return words, max(workdays_before(ends, 4), workdays_before(today, -1))
