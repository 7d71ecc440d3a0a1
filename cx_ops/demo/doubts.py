"""Who pays, with ids of its own, and callers of the help desk: who is whom is found, or left for a person to say."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from core.models import User
from cx_ops.demo.arrivals import Door
from cx_ops.demo.book import Book, Customer
from cx_ops.demo.feeds import contacts
from intake.models import Source

SLUG = "payers"
TRADES_AS = ("Northgate Trading", "Halden & Partners", "Blue Quay Services")
FIRST_ID = 70_000
CALLED = 6


def leave_doubts(book: Book, *, desk: Source, now: datetime) -> None:
    """Three customers under their own name, and three under a name that nobody here knows; and who called for them."""
    otto, kai = (User.objects.get(username=name) for name in ("otto", "kai"))
    source = Source.objects.create(slug=SLUG, name="Payers", owner=otto, backup=kai, cadence_hours=24 * 31,
                                   runbook="Ask finance for the month's list of who pays.")  # fmt: skip
    customers = [one for one in book.customers if one.is_named and not one.has_left(book.today)][:CALLED]
    items: list[dict[str, object]] = [
        {
            "external_id": str(FIRST_ID + customer.number),
            "name": customer.name if place < 3 else TRADES_AS[place - 3],
            "domain": customer.domain,
            "email": f"accounts-payable@{customer.domain}",
        }
        for place, customer in enumerate(customers)
    ]
    Door({SLUG: source}).deliver([(SLUG, "accounts", items)], now=now)
    callers = [caller for customer in customers for caller in call(customer)]
    Door({"desk": desk}).deliver([("desk", "contacts", callers)], now=now)


def call(customer: Customer) -> Iterator[dict[str, object]]:
    """Two people as the help desk has them: one by their own address, one under another, with the name nearly right."""
    first, second, *_rest = contacts(customer)
    given, family = str(first["name"]).split(" ", 1)
    yield {
        "external_id": f"caller-{customer.number}-1",
        "account": {"external_id": customer.external_id},
        "name": f"{given[0]}. {family}",
        "email": first["email"],
        "phone": f"+44 20 7946 {customer.number:04}",
        "consents": {"phone": "granted"},
    }
    given, family = str(second["name"]).split(" ", 1)
    yield {
        "external_id": f"caller-{customer.number}-2",
        "account": {"external_id": customer.external_id},
        "name": f"{given} {family}{family[-1]}",
        "email": f"{given}.{customer.number}@example.com".lower(),
    }
