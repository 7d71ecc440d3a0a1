"""The customers of the fictional book: who they are, and what will become of each of them.

Everything follows from a seed and from the day that the book is looked at, so the same day gives the same book.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from random import Random
from zlib import crc32

from cx_ops.demo import names
from cx_ops.demo.days import workdays_before

SEED = "a book that nobody kept"
HISTORY_DAYS = 182
NAMED, DIGITAL = 200, 800
LEAVES_A_YEAR = 0.12


class Fate(StrEnum):
    """What will become of a customer, whatever the scorers say about it."""

    STEADY = "steady"
    LEAVES = "leaves"
    SAVED = "saved"  # would leave, if nobody called
    BLIP = "blip"  # looks bad for a few weeks, for a reason that means nothing
    GROWS = "grows"


@dataclass(frozen=True)
class Tier:
    """How many named customers of a tier there are in a hundred, and what they pay, and how many work there."""

    slug: str
    share: float
    revenue: tuple[int, int]
    staff: tuple[int, int]
    notice_days: int


TIERS = (
    Tier("strategic", 0.06, (240_000, 620_000), (400, 1200), 90),
    Tier("enterprise", 0.30, (70_000, 210_000), (120, 400), 90),
    Tier("mid", 0.64, (18_000, 65_000), (25, 140), 60),
)
DIGITAL_TIER = Tier("digital", 1.0, (900, 9_500), (3, 24), 30)
REGIONS = {"emea": 0.38, "amer": 0.44, "apac": 0.18}
CSMS = {"emea": ("ana", "ben"), "apac": ("cleo",), "amer": ("dev", "edda", "finn", "gus")}
LEAVER, LEFT_WORKDAYS_AGO, HEIRS = "gus", 37, ("dev", "edda", "finn")
EXECUTIVES = {"emea": "hana", "apac": "hana", "amer": "ivo"}
RENEW_BY_THEMSELVES = 0.45  # of the named customers that stay
STAFF_A_SEAT = 4  # one in so many of a customer's people has a seat
CURRENCIES = {"emea": ("EUR", "EUR", "GBP", "USD"), "amer": ("USD",), "apac": ("USD",)}
UNRATED_CURRENCY = "CHF"  # has no rate: its accounts take their tier's median, and say so
FATES_OF_NAMED = {Fate.SAVED: 0.15, Fate.BLIP: 0.10, Fate.GROWS: 0.13}
FATES_OF_DIGITAL = {Fate.SAVED: 0.02, Fate.BLIP: 0.03, Fate.GROWS: 0.05}
STORIES_END = 8  # customers up to this number belong to the stories
STIRRED = {"csm": ("cleo", "dev", "edda", "finn"), "account_executive": ("hana", "ivo")}
GOING_ON = {
    "csm": ((Fate.SAVED, 1), (Fate.SAVED, -3), (Fate.SAVED, -6), (Fate.SAVED, 10), (Fate.SAVED, 13)),
    "account_executive": ((Fate.GROWS, 0), (Fate.GROWS, -4), (Fate.GROWS, 10)),
}
DECIDES_DAYS = 80  # within what the house model foresees
RISK_REASONS = ("usage_drop", "ticket_backlog", "slow_adoption", "logins_fell", "invoice_dispute")


@dataclass(frozen=True)
class Customer:
    """One company. `turn` is the day its fate is about; `term_ends` the end of the contract at the book's start."""

    number: int
    name: str
    tier: str
    region: str
    segment: str
    currency: str
    revenue: Decimal
    seats: int
    since: date
    term_ends: date
    notice_days: int
    fate: Fate
    turn: date
    reason: str
    people: Mapping[str, str] = field(default_factory=dict)
    heir: str = ""  # takes over from a customer success manager who leaves
    is_current: bool = False  # something is going on just now, and nobody has finished with it
    is_story: bool = False  # what scorers say about it is written by hand
    claim: str = ""  # the reason of what is said of it on the last morning

    @property
    def external_id(self) -> str:
        return f"A{self.number:04}"

    @property
    def domain(self) -> str:
        return names.domain_of(self.name)

    @cached_property
    def renews_itself(self) -> bool:
        """Whether its contract renews unless somebody gives notice; one that leaves has a contract that ends."""
        if self.fate is Fate.LEAVES:
            return False
        return not self.is_named or self.random("renews itself").random() < RENEW_BY_THEMSELVES

    def notice_on(self, ends: date) -> date | None:
        """The last day of notice of a term; one that ends by itself has none."""
        return ends - timedelta(days=self.notice_days) if self.renews_itself else None

    def is_bound(self, day: date) -> bool:
        """Whether its term renews by itself, and the day to say otherwise has passed: it cannot leave now."""
        notice = self.notice_on(self.term_at(day)[1])
        return notice is not None and notice < day

    def decides_on(self, day: date) -> date:
        """By when it is to say whether it stays: the notice date of the term that `day` is in, or its end."""
        ends = self.term_at(day)[1]
        return self.notice_on(ends) or ends

    @property
    def is_named(self) -> bool:
        return self.tier != DIGITAL_TIER.slug

    def random(self, *about: object) -> Random:
        """Chance of its own for this customer and matter, the same every time."""
        return chance_of(self.number, *about)

    @cached_property
    def calm(self) -> float:
        """Its risk of leaving where nothing is the matter."""
        return self.random("calm").uniform(0.05, 0.30)

    @cached_property
    def usual_users(self) -> float:
        """People active in a week where nothing is the matter."""
        return self.seats * self.random("usual").uniform(0.55, 0.85)

    def has_left(self, day: date) -> bool:
        return self.fate is Fate.LEAVES and day >= self.turn

    def term_at(self, day: date) -> tuple[date, date]:
        """First and last day of the yearly term that `day` is in."""
        ends = self.term_ends
        while ends < day:
            ends = year_after(ends)
        return year_after(ends, -1), ends


@dataclass(frozen=True)
class Book:
    """All customers, the first day of their history and the last."""

    customers: tuple[Customer, ...]
    first_day: date
    today: date

    def named(self) -> Iterator[Customer]:
        return (customer for customer in self.customers if customer.is_named)

    def random(self, *about: object) -> Random:
        """Chance of its own for this matter, the same every time."""
        return chance_of("book", *about)

    def __getitem__(self, name: str) -> Customer:
        """The customer with this name. Raises KeyError."""
        for customer in self.customers:
            if customer.name == name:
                return customer
        raise KeyError(name)

    @cached_property
    def left_on(self) -> date:
        """The day after which the leaver is gone."""
        return workdays_before(self.today, LEFT_WORKDAYS_AGO)

    @cached_property
    def handed_over_on(self) -> date:
        """The day on which the CRM sends the leaver's accounts with their new people."""
        return workdays_before(self.today, LEFT_WORKDAYS_AGO - 2)

    def days(self) -> Iterator[date]:
        for number in range((self.today - self.first_day).days + 1):
            yield self.first_day + timedelta(days=number)


def chance_of(*about: object) -> Random:
    """Chance for one matter, the same every time."""
    return Random(crc32(repr((SEED, about)).encode()))  # noqa: S311 - chance, not secrecy


# Opened last quarter, and nobody has given its accounts to a team.
NEW_REGION = "latam"


def make_book(today: date, *, scale: float = 1.0) -> Book:
    """`scale` × 200 named and 800 digital customers, with half a year behind them."""
    random = chance_of("customers")
    companies = names.company_names(random)
    first = today - timedelta(days=HISTORY_DAYS)
    named, digital = round(NAMED * scale), round(DIGITAL * scale)
    tiers = [tier for tier in TIERS for _ in range(max(1, round(named * tier.share)))][:named]
    tiers += [TIERS[-1]] * (named - len(tiers)) + [DIGITAL_TIER] * digital
    customers = tuple(_make_customer(number, tier, random, first) for number, tier in enumerate(tiers, start=1))
    return Book(_stir(_name_apart(customers, companies), today), first, today)


def _stir(customers: tuple[Customer, ...], today: date) -> tuple[Customer, ...]:
    """Let something be going on with a few of everybody's customers just now."""
    stirred = {customer.number: customer for customer in customers}
    for role, whose in STIRRED.items():
        for name in whose:
            calm = [
                customer
                for customer in stirred.values()
                if customer.people.get(role) == name
                and customer.is_named
                and customer.fate is Fate.STEADY
                and customer.number > STORIES_END
            ]
            for customer, (fate, ahead) in zip(calm, GOING_ON[role], strict=False):
                told = replace(customer, fate=fate, turn=today + timedelta(days=ahead), is_current=True)
                stirred[customer.number] = told if fate is Fate.GROWS else decides_within(told, today)
    return tuple(stirred.values())


def decides_within(customer: Customer, today: date) -> Customer:
    """The same, with a term of which it has to decide so soon that somebody who fears for it is right to."""
    if 0 <= (customer.decides_on(today) - today).days <= DECIDES_DAYS:
        return customer
    ahead = customer.random("decides").randrange(DECIDES_DAYS // 2, DECIDES_DAYS)
    ends = today + timedelta(days=ahead + (customer.notice_days if customer.renews_itself else 0))
    return replace(customer, term_ends=ends, since=year_after(ends, customer.since.year - customer.term_ends.year))


def _name_apart(customers: Iterable[Customer], companies: Sequence[tuple[str, str]]) -> tuple[Customer, ...]:
    """With names so that, while there are enough, no two of a region begin alike; small firms have their own."""
    left = {True: list(companies), False: names.company_names(chance_of("small firms"), names.SMALL_PLACES)}
    begun, found = defaultdict[str, set[str]](set), []
    for customer in customers:
        free, taken = left[customer.is_named], begun[customer.region]
        at = next((place for place, (name, _trade) in enumerate(free) if names.place_of(name) not in taken), 0)
        name, segment = free.pop(at)
        taken.add(names.place_of(name))
        found.append(replace(customer, name=name, segment=segment))
    return tuple(found)


def _make_customer(number: int, tier: Tier, random: Random, first: date) -> Customer:
    region = random.choices([*REGIONS], [*REGIONS.values()])[0]
    term_ends = first + timedelta(days=random.randrange(1, 366))
    fates = FATES_OF_DIGITAL if tier is DIGITAL_TIER else FATES_OF_NAMED
    fate, turn = _make_fate(random, fates, first, term_ends)
    return Customer(
        number=number,
        name="",
        segment="",
        tier=tier.slug,
        region=NEW_REGION if tier is DIGITAL_TIER and number % 100 == 50 else region,
        currency=UNRATED_CURRENCY if number % 97 == 0 else random.choice(CURRENCIES[region]),
        revenue=Decimal(random.randrange(*tier.revenue) // 100 * 100),
        seats=max(2, random.randrange(*tier.staff) // STAFF_A_SEAT),
        since=year_after(term_ends, -random.randrange(1, 6)),
        term_ends=term_ends,
        notice_days=tier.notice_days,
        fate=fate,
        turn=turn,
        reason=random.choice(RISK_REASONS),
        people=_make_people(random, region, named=tier is not DIGITAL_TIER),
        heir=HEIRS[number % len(HEIRS)],
    )


def _make_fate(random: Random, fates: Mapping[Fate, float], first: date, term_ends: date) -> tuple[Fate, date]:
    """A customer that leaves does so at the end of its term: 12 in a hundred of those that end in a year."""
    if random.random() < LEAVES_A_YEAR:
        return Fate.LEAVES, term_ends
    fate = random.choices([*fates, Fate.STEADY], [*fates.values(), 1 - sum(fates.values())])[0]
    return fate, first + timedelta(days=random.randrange(14, HISTORY_DAYS + 28))


def _make_people(random: Random, region: str, *, named: bool) -> dict[str, str]:
    """Digital customers have no manager of their own: the pools of the teams look after them."""
    people = {"account_executive": EXECUTIVES[region], "marketer": "juno", "support_lead": "kai"}
    csm = random.choice(CSMS[region])
    return {"csm": csm, **people} if named else people


def year_after(day: date, years: int = 1) -> date:
    """The same day another year; the 28th for a leap day."""
    return day.replace(year=day.year + years, day=28 if (day.month, day.day) == (2, 29) else day.day)


def rewritten(book: Book, number: int, **changes: object) -> Book:
    """The book with one customer's facts replaced."""
    customers = list(book.customers)
    customers[number - 1] = replace(customers[number - 1], **changes)  # type: ignore[arg-type]
    return replace(book, customers=tuple(customers))
