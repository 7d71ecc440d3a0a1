"""Invoices, a source with ids of its own: what it calls our customers is matched, or left for a person to say."""

from __future__ import annotations

from datetime import datetime

from core.models import User
from cx_ops.demo.arrivals import Door
from cx_ops.demo.book import Book
from intake.models import Source

SLUG = "invoices"
TRADES_AS = ("Northgate Trading", "Halden & Partners", "Blue Quay Services")


def leave_doubts(book: Book, *, now: datetime) -> None:
    """Three customers under their own name, and three under a name that nobody here knows."""
    otto, kai = (User.objects.get(username=name) for name in ("otto", "kai"))
    source = Source.objects.create(slug=SLUG, name="Invoices", owner=otto, backup=kai, cadence_hours=24 * 31,
                                   runbook="Ask finance for the list of the month.")  # fmt: skip
    customers = [one for one in book.customers if one.is_named and not one.has_left(book.today)][:6]
    items: list[dict[str, object]] = [
        {
            "external_id": f"INV-{customer.number:04}",
            "name": customer.name if place < 3 else TRADES_AS[place - 3],
            "domain": customer.domain,
            "email": f"accounts-payable@{customer.domain}",
        }
        for place, customer in enumerate(customers)
    ]
    Door({SLUG: source}).deliver([(SLUG, "accounts", items)], now=now)
