"""The weekly file of the billing system, as somebody uploads it: until a week ago, when it stopped coming."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from core.export import csv_line
from cx_ops.demo.book import Book
from intake.models import Source
from intake.services import run_import, start_import

SLUG = "billing"
# Days before the book's last day on which the file came. The next one is missing, and its owner has a task.
CAME = (36, 29, 22, 15, 8)
# The last two columns hold what nothing reads, and what nobody fills: the weekly review says so.
HEADER = ("account_id", "name", "plan_code", "region")
PLANS = ("P-100", "P-200", "P-300")


def send_file(book: Book, day: date, source: Source, *, now: datetime) -> bool:
    """Import the file of a day, if there is one; whether there was."""
    first, *later = (book.today - timedelta(days=ago) for ago in CAME)
    if day not in (first, *later):
        return False
    named = [customer for customer in book.named() if not customer.has_left(first)]  # who leaves is billed to the end
    rows = [(customer.external_id, customer.name, PLANS[at % len(PLANS)], "") for at, customer in enumerate(named)]
    file = [csv_line(line).encode() for line in (HEADER, *rows)]
    made = start_import(
        file=file, filename=f"billing-{day}.csv", kind="accounts", source=source, by=source.owner, now=now
    )
    run_import(made.pk, now)
    return True
