"""A new CRM that runs beside the old one: it knows most customers, by ids of its own, and not all of it agrees."""

from __future__ import annotations

from datetime import datetime, timedelta

from core.models import User
from cx_ops.demo.arrivals import Door
from cx_ops.demo.book import LEAVER, Book, Customer
from cx_ops.demo.feeds import account
from intake.models import Source
from intake.services.parallel import start_run

NAME, KNOWN, BEGUN = "New CRM", 40, timedelta(days=2)
# Firms that only the new CRM has heard of.
NEWCOMERS = ("Larkspur Optics", "Tern & Daughters")


def run_new_crm(book: Book, *, crm: Source, now: datetime) -> None:
    """Let it run for two days, with one export of its own."""
    otto = User.objects.get(username="otto")
    begun = now - BEGUN
    run = start_run(old=crm, name=NAME, by=otto, now=begun)
    customers = [one for one in book.customers if one.is_named and not one.has_left(book.today)][:KNOWN]
    known = [_as_told(book, place, customer) for place, customer in enumerate(customers)]
    new: list[dict[str, object]] = [
        {"external_id": f"NC-9{place:03}", "name": name, "domain": f"{name.split()[0].lower()}.example.com"}
        for place, name in enumerate(NEWCOMERS)
    ]
    Door({run.new.slug: run.new}).deliver([(run.new.slug, "accounts", [*known, *new])], now=begun + timedelta(hours=1))


def _as_told(book: Book, place: int, customer: Customer) -> dict[str, object]:
    """What the new CRM says of a customer: as the old one, but for what was mistyped, not moved over, or cleared."""
    people = dict(customer.people) | ({"csm": customer.heir} if customer.people.get("csm") == LEAVER else {})
    item = account(customer, book.today, people=people if place % 6 else None)
    item["external_id"] = f"NC-{customer.number:04}"
    if place % 5 == 0:
        item["region"] = "emea" if item["region"] != "emea" else "apac"
    if place % 7 == 3:
        item["renews_on"] = None
    if place % 3 == 1:
        del item["segment"]
    if place % 11 == 4:
        item["tier"] = "strategic"
    if place % 4 == 2:
        item["fields"] = {"seats": customer.seats, "billing_city": "Fictional Springs"}
    return item
