"""Sheets that somebody in operations brought by hand: with mistakes in them, as such files have."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import islice

from core.export import csv_line
from core.models import User
from cx_ops.demo.book import Book, Customer
from cx_ops.demo.feeds import contacts
from cx_ops.demo.names import person_name
from intake.models import Source
from intake.services import run_import
from intake.services.drafts import confirm_import, draft_import

SLUG = "sheets"
SISTER = "Saltmarsh Group"  # at a customer's address, but with an id of its own: no doubt that it is another
HINTS = (("new_admin", "0.58"), ("unused_feature", "0.64"), ("new_admin", "0.41"), ("unused_feature", "0.55"))
LEFT_DAYS_AGO = (31, 24, 13, 6)
Rows = Iterator[Iterable[object]]


def accounts(book: Book) -> Rows:
    """What the team knows beside the CRM; one company that the CRM does not know, and one row without a name."""
    yield ("Account ID", "Company", "Website", "Phone", "Success plan")
    for number, customer in enumerate(_customers(book), start=1):
        plan = ("Weekly report in every branch", "Second team live by spring", "New price list agreed")[number % 3]
        yield (customer.external_id, customer.name, customer.domain, f"+44 20 7946 0{100 + number}", plan)
    yield ("S-0001", SISTER, _customers(book)[-1].domain, "+44 20 7946 0999", "Weekly report in every branch")
    yield ("S-0002", "", "", "", "New price list agreed")


def fair(book: Book) -> Rows:
    """Who came to the stand at a fair; two rows whose dates and scales nobody can read."""
    yield ("Contact ID", "Account ID", "Full name", "E-mail", "Job title", "Influence")
    for number, customer in enumerate(_customers(book), start=1):
        first, last = person_name(customer.random("fair"))
        mail = f"{first}.{last}@{customer.domain}".lower()
        yield (f"fair-{number}", customer.external_id, f"{first} {last}", mail, "Project lead", number % 5 + 1)
    yield ("fair-98", _customers(book)[0].external_id, "Robin Ashdown", "robin at example.com", "Buyer", 3)
    yield ("fair-99", _customers(book)[1].external_id, "Kim Overwater", "kim.overwater@example.com", "Buyer", "high")


def hints(book: Book) -> Rows:
    """What the team suspects, as scores; the last one is no number."""
    yield ("external_id", "insight_type", "account_id", "confidence", "scored_at", "model", "model_version", "reason")
    about, said_at = "engagement_opportunity", f"{book.today}T04:15:00Z"
    for number, (customer, (reason, confidence)) in enumerate(zip(_customers(book), HINTS, strict=False), start=1):
        yield (f"hint-{number}", about, customer.external_id, confidence, said_at, "team-hints", "1", reason)
    yield ("hint-99", about, _customers(book)[0].external_id, "likely", said_at, "team-hints", "1", "new_admin")


def departures(book: Book) -> Rows:
    """People who have moved on these last weeks: not confirmed yet."""
    yield ("Contact ID", "Account ID", "Full name", "Job title", "Left on")
    for customer, days in zip(_customers(book), LEFT_DAYS_AGO, strict=False):
        last = list(contacts(customer))[-1]
        left_on = book.today - timedelta(days=days)
        yield (last["external_id"], customer.external_id, last["name"], last["title"], left_on)


SHEETS: tuple[tuple[str, str, Callable[[Book], Rows]], ...] = (
    ("success-plans.csv", "accounts", accounts),
    ("spring-fair.csv", "contacts", fair),
    ("team-hints.csv", "scores", hints),
)
PLANS = {
    "Account ID": "account_id", "Company": "name", "Website": "domain", "Phone": "phone",
    "Success plan": "fields.success_plan",
}  # fmt: skip
KEPT = {"accounts": PLANS}
# How long ago each was sent, and how long its preview was looked at.
EARLIER = (timedelta(minutes=52), timedelta(minutes=37), timedelta(minutes=19))
LOOKS = timedelta(minutes=4)
WAITING = ("moved-on.csv", "contacts", departures)


def bring_sheets(book: Book, source: Source, *, crm: Source, now: datetime) -> list[tuple[str, Decimal]]:
    """Import three sheets and leave one of the CRM's to be confirmed; (source, confidence) of every score that came."""
    otto = User.objects.get(username="otto")
    for (name, kind, rows), earlier in zip(SHEETS, EARLIER, strict=True):
        sent = now - earlier
        made = draft_import(
            file=_file(rows(book)), filename=name, kind=kind, source=source, by=otto, now=sent, mapping=KEPT.get(kind)
        )
        confirm_import(import_id=made.pk, by=otto, now=sent + LOOKS)
        run_import(made.pk, sent + LOOKS)
    name, kind, rows = WAITING
    draft_import(file=_file(rows(book)), filename=name, kind=kind, source=crm, by=otto, now=now)
    return [(SLUG, Decimal(confidence)) for _, (_, confidence) in zip(_customers(book), HINTS, strict=False)]


def _customers(book: Book) -> list[Customer]:
    """A dozen that stay, and in whose story nothing is changed."""
    staying = (one for one in book.named() if not one.is_story and not one.is_current and not one.has_left(book.today))
    return list(islice(staying, 12))


def _file(rows: Rows) -> list[bytes]:
    return [csv_line([str(cell) for cell in row]).encode() for row in rows]
