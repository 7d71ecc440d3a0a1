"""What people at named customers did in the product, as its own program sends it each Monday. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta

from cx_ops.demo.book import Book, Customer
from cx_ops.demo.days import is_workday
from cx_ops.demo.fates import users_of

Item = dict[str, object]
DAYS_TOLD = 61  # of the book's last days: the page compares 30 with the 30 before
NAMES = ("Report opened", "Dashboard viewed", "Chart saved", "User invited", "Alert muted")
WEIGHTS = (6, 4, 2, 1, 1)
USERS_AN_EVENT = 60


def behaviour(book: Book, day: date, *, people: Callable[[Customer], Iterator[Item]]) -> Iterator[Item]:
    """Events of the day before `day`: more where more people are active, by the customer's first two `people`."""
    done_on = day - timedelta(days=1)
    if done_on < book.today - timedelta(days=DAYS_TOLD) or not is_workday(done_on):
        return
    for customer in book.named():
        if customer.has_left(done_on):
            continue
        users = [person["email"] for person in people(customer)][:2]
        chance = customer.random(f"behaviour {done_on}")
        for number in range(1 + users_of(customer, done_on) // USERS_AN_EVENT):
            minute = chance.randrange(60)
            yield {
                "external_id": f"{customer.external_id}-{done_on}-{number}",
                "name": chance.choices(NAMES, WEIGHTS)[0],
                "happened_at": f"{done_on}T{8 + number % 10:02}:{minute:02}:00Z",
                "account": {"external_id": customer.external_id},
                "user_id": users[number % len(users)],
            }
