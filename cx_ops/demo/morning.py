"""The last morning: more of one person's customers need her than she can take in a day. Pure."""

from __future__ import annotations

from dataclasses import replace
from itertools import cycle

from cx_ops.demo.book import Book, Customer, Fate, decides_within

WHOSE = "ana"
# Nine of her customers, each of the worthiest five for another reason. None of these reasons speaks of use, which stays
# as it was.
REASONS = ("champion_silent", "ticket_backlog", "invoice_dispute", "competitor_named", "slow_adoption")
CUSTOMERS = 9


def morning(book: Book) -> list[tuple[Customer, str]]:
    """Who needs her, and for which reason, the worthiest first."""
    return [(one, one.claim) for one in sorted(book.named(), key=lambda one: -one.revenue) if one.claim]


def gather(book: Book) -> Book:
    """The book with the last morning in it: who needs her, all of them with a term of which they decide soon."""
    hers = [
        customer
        for customer in book.named()
        if customer.people["csm"] == WHOSE
        and customer.fate in (Fate.STEADY, Fate.BLIP)
        and not customer.is_story
        and not passes_cap(book, customer)
    ][:CUSTOMERS]
    hers.sort(key=lambda customer: -customer.revenue)
    told = {
        one.number: replace(decides_within(one, book.today), claim=reason)
        for one, reason in zip(hers, cycle(REASONS), strict=False)
    }
    return replace(book, customers=tuple(told.get(one.number, one) for one in book.customers))


def passes_cap(book: Book, customer: Customer) -> bool:
    """Whether an item of this customer stands in Now however many there are: its tier, or its notice date."""
    notice = customer.notice_on(customer.term_at(book.today)[1])
    return customer.tier == "strategic" or (notice is not None and 0 <= (notice - book.today).days <= 30)
