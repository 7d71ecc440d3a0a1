"""A made-up book of companies with truth: what three systems wrote about them, with the ways in which they go wrong.

Free mail, holdings whose firms share a domain, bookkeepers who answer for many firms, placeholders in id columns,
trade names, legal forms, typos, firms that write from the domain of the firm that bought them. A seed gives one book.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random

from bench.firm_names import FIRST, SECOND
from bench.judging import Told

FORMS = ("Ltd", "Inc", "GmbH", "LLC", "AG", "S.A.", "")
FREE = ("gmail.com", "outlook.com", "web.de", "yahoo.com")
BLANKS = ("N/A", "0", "-", "none", "unknown", "test", "")


@dataclass(frozen=True)
class Entry:
    """What one system wrote about one firm; `truth` is the firm. Empty: it wrote nothing there."""

    truth: int
    system: str
    id: str
    name: str
    domain: str = ""
    email: str = ""
    subscription: str = ""


def book(firms: int, seed: int = 7) -> list[Entry]:
    """Every record of three systems about `firms` firms, in the order in which the systems are connected."""
    random = Random(seed)
    holders = [f"{random.choice(FIRST)}{n}-holding.com".lower() for n in range(firms // 60 + 1)]
    keepers = [f"office@bookkeeper{n}.com" for n in range(firms // 100 + 1)]
    made = [_firm(number, random, holders, keepers) for number in range(firms)]
    by_system: dict[str, list[Entry]] = {"crm": [], "billing": [], "helpdesk": []}
    for firm in made:
        for entry in _written(firm, random.choice(made), random):
            by_system[entry.system].append(entry)
    return [entry for system in by_system.values() for entry in system]


def _firm(number: int, random: Random, holders: list[str], keepers: list[str]) -> Entry:
    name = f"{random.choice(FIRST)} {random.choice(SECOND)}"
    if random.random() < 0.35:
        name = f"{random.choice(FIRST)} {name}"
    domain = f"{name.lower().replace(' ', '')}{number if random.random() < 0.5 else ''}.com"
    email = f"finance@{domain}"
    chance = random.random()
    if chance < 0.08:  # a holding's
        domain = random.choice(holders)
        email = f"{name.split()[0].lower()}{number}@{domain}"
    elif chance < 0.14:  # no website, free mail
        domain, email = "", f"{name.lower().replace(' ', '.')}{number}@{random.choice(FREE)}"
    elif chance < 0.18:  # somebody else keeps its books
        email = random.choice(keepers)
    return Entry(number, "", "", f"{name} {random.choice(FORMS)}".strip(), domain, email, f"sub_{number:06d}")


def _written(firm: Entry, buyer: Entry, random: Random) -> Iterator[Entry]:
    yield replace(firm, system="crm", id=f"crm-{firm.truth}", subscription=_sometimes(firm.subscription, 0.55, random))
    if random.random() < 0.95:
        yield replace(
            firm,
            system="billing",
            id=f"cus_{firm.truth}",
            name=_spelt(firm.name, random),
            domain=_sometimes(firm.domain, 0.35, random),
            subscription=_sometimes(firm.subscription, 0.95, random),
        )
    if random.random() < 0.9:
        bought = random.random() < 0.008
        yield replace(
            firm,
            system="helpdesk",
            id=f"org-{firm.truth}",
            name=_spelt(firm.name, random),
            domain=buyer.domain if bought else firm.domain,
            email=_sometimes(buyer.email if bought else firm.email, 0.6, random),
            subscription="",
        )


def _sometimes(value: str, share: float, random: Random) -> str:
    return value if random.random() < share else random.choice(BLANKS)


def _spelt(name: str, random: Random) -> str:
    """The name as another department writes it: legal form, order, a typo, or what everybody calls the firm."""
    words = name.split()
    chance = random.random()
    if chance < 0.25:
        words = words[:2] if len(words) > 2 else [*words, random.choice(FORMS)]
    elif chance < 0.35:
        words = [words[-1], *words[:-1]]
    elif chance < 0.5:
        at = random.randrange(1, len(words[0]) - 1)
        words[0] = words[0][:at] + words[0][at + 1 :]
    elif chance < 0.56:
        words = [f"{words[0][0]}{words[1][0]}", "Group"]
    return " ".join(words).upper() if random.random() < 0.1 else " ".join(words)


def book_as_told(firms: int, seed: int = 7) -> list[Told]:
    """The same as the ladder is given it."""
    return [_told(entry) for entry in book(firms, seed)]


def _told(entry: Entry) -> Told:
    said = {
        "name": entry.name,
        "domain": entry.domain,
        "fields.email": entry.email,
        "fields.subscription_id": entry.subscription,
    }
    return Told(entry.truth, entry.system, entry.id, said)
