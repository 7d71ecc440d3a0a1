"""What people at named customers did in the product, as its own program sends it each Monday. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta

from cx_ops.demo.book import Book, Customer
from cx_ops.demo.days import is_workday
from cx_ops.demo.evidence import silent_on
from cx_ops.demo.fates import a_day_of, users_of

Item = dict[str, object]
DAYS_TOLD = 61  # of the book's last days: the page compares 30 with the 30 before
NAMES = ("Report opened", "Dashboard viewed", "Chart saved", "User invited", "Alert muted")
WEIGHTS = (6, 4, 2, 1, 1)
KNOWN = 2  # so many of them are among the contacts


def behaviour(book: Book, day: date, *, people: Callable[[Customer], Iterator[Item]]) -> Iterator[Item]:
    """Events of the day before `day`: in a week everybody who is active in it did something at least once."""
    done_on = day - timedelta(days=1)
    if done_on < book.today - timedelta(days=DAYS_TOLD) or not is_workday(done_on):
        return
    friday, silent = done_on + timedelta(days=4 - done_on.weekday()), silent_on(book, done_on)
    for customer in book.named():
        if customer.has_left(done_on):
            continue
        contacts = [str(person["email"]) for person in people(customer)][: KNOWN + 1]
        # Whoever does not answer us is not seen either.
        named = contacts[1:] if customer.number in silent else contacts[:KNOWN]
        users = users_of(customer, friday)
        chance = customer.random(f"behaviour {done_on}")
        a_day = a_day_of(users)
        for number in range(a_day):
            who = (done_on.weekday() * a_day + number) % users
            yield {
                "external_id": f"{customer.external_id}-{done_on}-{number}",
                "name": chance.choices(NAMES, WEIGHTS)[0],
                "happened_at": f"{done_on}T{8 + number % 10:02}:{chance.randrange(60):02}:00Z",
                "account": {"external_id": customer.external_id},
                "user_id": named[who] if who < len(named) else f"{customer.external_id}-u{who}",
            }
