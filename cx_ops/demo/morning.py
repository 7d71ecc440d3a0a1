"""The last morning: more of one person's customers need her than she can take in a day. Pure."""

from __future__ import annotations

from itertools import cycle

from cx_ops.demo.book import Book, Customer, Fate

WHOSE = "ana"
# Nine of her customers, each of the worthiest five for another reason. None of these reasons speaks of use, which stays
# as it was.
REASONS = ("champion_silent", "ticket_backlog", "invoice_dispute", "competitor_named", "slow_adoption")
CUSTOMERS = 9


def morning(book: Book) -> list[tuple[Customer, str]]:
    """Who needs her, and for which reason, the worthiest first."""
    hers = [
        customer
        for customer in book.named()
        if customer.people["csm"] == WHOSE
        and customer.fate in (Fate.STEADY, Fate.BLIP)
        and not customer.is_story
        and not passes_cap(book, customer)
    ][:CUSTOMERS]
    return list(zip(sorted(hers, key=lambda customer: -customer.revenue), cycle(REASONS), strict=False))


def passes_cap(book: Book, customer: Customer) -> bool:
    """Whether an item of this customer stands in Now however many there are: its tier, or its notice date."""
    notice = customer.notice_on(customer.term_at(book.today)[1])
    return customer.tier == "strategic" or (notice is not None and 0 <= (notice - book.today).days <= 30)
