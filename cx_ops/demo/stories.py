"""Six histories written by hand, one customer each, and a seventh of a playbook that ended badly. Pure.

Days count in workdays before the book's last one. docs/demo.md tells the stories to those who look for them.

    saved      Larkspur Logistics    in trouble, called in time, renewed
    sponsor    Brindle Vale Mutual   the sponsor left two days ago: a red line
    twice      Quillfeather Books    a false alarm, and in its cool-down a real signal
    held back  Copperleaf Tooling    wants to grow, but an escalation is open
    hand-over  Mosswood Clinics      its manager left the company, the work did not
    too sure   Tinderbox Studio      the vendor says 0.90 and more again and again; nothing happens
    failed     Wickerby Grocers      an automated run that nobody followed up
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from cx_ops.demo.book import Book, Customer, Fate, rewritten
from cx_ops.demo.days import workdays_before
from cx_ops.demo.feeds import Feed, activity, contacts, exported_on
from cx_ops.demo.scores import THURSDAY, insight


@dataclass(frozen=True)
class Said:
    """One insight about the customer."""

    ago: int
    confidence: float
    reason: str = "usage_drop"
    type: str = "churn_risk"
    vendor: bool = False


@dataclass(frozen=True)
class Heard:
    """One activity on the customer's timeline."""

    ago: int
    kind: str
    summary: str
    body: str = ""
    by: str = ""


@dataclass(frozen=True)
class Deed:
    """What somebody did with the customer's open task of a type, at `hour` UTC."""

    ago: int
    who: str
    verb: str  # a name in deeds.VERBS
    text: str = ""
    outcome: str = ""
    reason: str = ""
    to: str = ""
    days: int = 0
    type: str = "churn_risk"
    hour: int = 15


@dataclass(frozen=True)
class Story:
    """One customer's history. `renews_ago`: workdays since its term ended; below 0, until it ends."""

    number: int
    name: str
    segment: str
    tier: str
    region: str
    csm: str
    revenue: int
    seats: int
    fate: Fate
    renews_ago: int
    turn_ago: int = 0
    currency: str = "USD"
    sponsor_left_ago: int | None = None
    said: tuple[Said, ...] = ()
    heard: tuple[Heard, ...] = ()
    deeds: tuple[Deed, ...] = ()


STORIES = (
    Story(
        2, "Larkspur Logistics", "logistics", "enterprise", "amer", "edda", 148_000, 78, Fate.SAVED, 7, 44,
        said=(
            Said(64, 0.58), Said(60, 0.79), Said(55, 0.93), Said(50, 0.95), Said(40, 0.62), Said(35, 0.41),
            Said(25, 0.22), Said(10, 0.12),
        ),
        heard=(
            Heard(57, "ticket", "Weekly report has been empty for two weeks"),
            Heard(53, "call", "Call about the empty reports", "The one who built them has left the company.", "edda"),
            Heard(46, "meeting", "New owner for the reports", "Rebuilt three reports together in an hour.", "edda"),
            Heard(9, "email", "They renew for a year", "Signed, at the same price.", "edda"),
        ),
        deeds=(
            Deed(55, "edda", "acknowledge"),
            Deed(54, "edda", "note", "Reports nobody reads any more: the person who built them left in spring."),
            Deed(53, "edda", "step"),
            Deed(52, "edda", "wait", "They name a new owner for the reports by Friday.", days=14),
            Deed(46, "edda", "resume"),
            Deed(45, "edda", "note", "New owner trained. She built the fourth report herself."),
            Deed(42, "edda", "close", "Use is back where it was; the renewal is agreed.", outcome="risk_resolved"),
        ),
    ),
    Story(
        1, "Brindle Vale Mutual", "finance", "strategic", "amer", "dev", 412_000, 215, Fate.STEADY, -84,
        sponsor_left_ago=3,
        said=(Said(40, 0.18), Said(20, 0.24), Said(2, 0.91, "sponsor_left"), Said(1, 0.93, "sponsor_left")),
        heard=(
            Heard(3, "email", "Out of office: I have left Brindle Vale", "The sponsor's address answers for good."),
            Heard(1, "call", "Call with the champion", "The goals stay; the budget is being looked at.", "dev"),
        ),
        deeds=(
            Deed(2, "dev", "acknowledge", hour=16),
            Deed(1, "dev", "note", "Champion introduces me to the new chief tomorrow.", hour=17, days=1),
            Deed(1, "dev", "step", hour=18),
        ),
    ),
    Story(
        3, "Quillfeather Books", "retail", "mid", "emea", "ana", 52_000, 24, Fate.LEAVES, 12, 12, currency="GBP",
        said=(
            Said(80, 0.34), Said(78, 0.94, vendor=True), Said(68, 0.95, vendor=True), Said(60, 0.44),
            Said(58, 0.92, "competitor_named"), Said(54, 0.95, "competitor_named"), Said(48, 0.96, vendor=True),
            Said(30, 0.96, "competitor_named"),
        ),
        heard=(
            Heard(76, "call", "Call about the fall in use", "Stocktaking: the shops are shut for a fortnight.", "ana"),
            Heard(59, "ticket", "How do we export all our data?"),
            Heard(56, "meeting", "They are comparing us with another vendor", "Price, and one missing report.", "ana"),
        ),
        deeds=(
            Deed(78, "ana", "acknowledge"),
            Deed(76, "ana", "close", "They shut for stocktaking each summer. Use returns by itself.",
                 outcome="insight_wrong", reason="not_a_risk"),
            Deed(58, "ana", "acknowledge"),
            Deed(56, "ana", "step"),
            Deed(55, "ana", "note", "Another vendor offers the stock report we do not have."),
            Deed(35, "ana", "close", "They gave notice: the other vendor has the stock report.",
                 outcome="lost", reason="competitor"),
        ),
    ),
    Story(
        4, "Copperleaf Tooling", "manufacturing", "enterprise", "emea", "cleo", 126_000, 60, Fate.GROWS, -100, 4,
        currency="EUR",
        said=(
            Said(12, 0.55, "seats_full", "expansion_signal"), Said(8, 0.74, "seats_full", "expansion_signal"),
            Said(4, 0.94, "seats_full", "expansion_signal"), Said(6, 0.30),
        ),
        heard=(
            Heard(6, "ticket", "Escalation E-204: nightly export fails since the upgrade",
                  "Open with support; promised for next week."),
            Heard(2, "note", "No offer before E-204 is closed", "Agreed with sales and support.", "cleo"),
        ),
        deeds=(
            Deed(4, "hana", "acknowledge", type="expansion_signal", hour=10),
            Deed(3, "hana", "note", "Escalation E-204 is open. An offer now would be an insult.",
                 type="expansion_signal", hour=10),
            Deed(2, "hana", "wait", "They test our fix of escalation E-204, and say when it holds.",
                 type="expansion_signal", hour=10, days=9),
        ),
    ),
    Story(
        5, "Mosswood Clinics", "health", "enterprise", "amer", "gus", 97_000, 45, Fate.SAVED, -60, 30,
        said=(
            Said(46, 0.57, "slow_adoption"), Said(40, 0.92, "slow_adoption"), Said(36, 0.94, "slow_adoption"),
            Said(20, 0.35), Said(15, 0.28), Said(0, 0.81, "slow_adoption"),
        ),
        heard=(
            Heard(39, "call", "First call about adoption", "Two of five clinics have never signed in.", "gus"),
            Heard(33, "meeting", "Introduction of the new manager", "Plan for the two clinics, a date each.", "finn"),
        ),
        deeds=(
            Deed(40, "gus", "acknowledge"),
            Deed(39, "gus", "note", "Two clinics never started. Trainers are booked for next week."),
            Deed(37, "mara", "assign", "Gus leaves today. Two clinics never started; his notes are below.",
                 to="finn", hour=21),
            Deed(34, "finn", "note", "Gus's notes read; called them the same day."),
            Deed(33, "finn", "step"),
            Deed(26, "finn", "close", "Both clinics are live.", outcome="risk_resolved"),
        ),
    ),
    Story(
        6, "Tinderbox Studio", "software", "mid", "amer", "finn", 38_000, 32, Fate.GROWS, 62, 62,
        said=(
            Said(118, 0.93, vendor=True), Said(105, 0.21), Said(100, 0.96, vendor=True), Said(86, 0.94, vendor=True),
            Said(80, 0.18), Said(74, 0.97, vendor=True), Said(58, 0.91, vendor=True), Said(52, 0.20),
            Said(44, 0.95, vendor=True), Said(30, 0.92, vendor=True), Said(24, 0.15), Said(2, 0.95, vendor=True),
        ),
        heard=(
            Heard(116, "call", "Call about the alarm", "They release four times a year and are quiet between.", "finn"),
            Heard(62, "email", "They renew, with twelve more seats", "No discount asked for.", "finn"),
        ),
        deeds=(
            Deed(118, "finn", "acknowledge"),
            Deed(116, "finn", "close", "Quiet between releases, as every quarter.",
                 outcome="insight_wrong", reason="not_a_risk"),
            Deed(86, "finn", "acknowledge"),
            Deed(85, "finn", "close", "The same again: quiet between releases.",
                 outcome="insight_wrong", reason="not_a_risk"),
            Deed(58, "finn", "acknowledge"),
            Deed(57, "finn", "close", "They bought twelve seats last week.",
                 outcome="insight_wrong", reason="not_a_risk"),
            Deed(30, "finn", "acknowledge"),
            Deed(29, "finn", "close", "Fourth alarm, fourth time nothing. Told ops about the vendor.",
                 outcome="insight_wrong", reason="not_a_risk"),
        ),
    ),
    Story(
        7, "Wickerby Grocers", "retail", "mid", "apac", "cleo", 44_000, 19, Fate.LEAVES, 16, 16,
        said=(Said(44, 0.55, "logins_fell"), Said(38, 0.78, "logins_fell"), Said(33, 0.84, "logins_fell")),
        heard=(
            Heard(24, "email", "We will not renew", "Nobody called us back about the log-ins.", "cleo"),
        ),
        deeds=(
            Deed(24, "cleo", "stop", "Its call was never made; they gave notice meanwhile.", hour=7),
            Deed(24, "cleo", "close", "Nobody called them for two weeks. Our fault.",
                 outcome="lost", reason="service", hour=8),
        ),
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Favour:
    """What the manager asks somebody for by hand, on the workday before the last."""

    who: str
    title: str
    text: str
    days: int
    about: str = ""  # a story's customer; else any of theirs


FAVOURS = (
    Favour("ana", "Send the renewal figures for the quarterly review", "One page is enough.", 5),
    Favour("cleo", "Find a customer in APAC who would speak at the spring meeting", "Ask, do not push.", 8),
    Favour(
        "edda",
        "Write down how Larkspur was saved",
        "For the next playbook: what you saw, when.",
        6,
        "Larkspur Logistics",
    ),
    Favour("finn", "List Gus's accounts that nobody has called yet", "From the hand-over of the autumn.", 5),
)


def tell(book: Book) -> Book:
    """The book with the stories' customers in it."""
    for story in STORIES:
        book = rewritten(book, story.number, **_facts(story, book))
    return book


def feeds(book: Book, day: date) -> list[Feed]:
    """What arrives about the stories' customers on a day, beside what arrives about everybody."""
    said: dict[str, list[dict[str, object]]] = {"house": [], "vendor": []}
    for story, customer in cast(book):
        for claim in story.said:
            if _comes_on(claim, book) == day:
                item = insight(customer, claim.type, claim.confidence, day, reason=claim.reason, vendor=claim.vendor)
                said["vendor" if claim.vendor else "house"].append(item)
    return [
        *((source, "insights", items) for source, items in said.items()),
        ("crm", "activities", [item for past in exported_on(book, day) for item in _heard(book, past)]),
        ("crm", "contacts", [*_sponsors_left(book, day)]),
    ]


def _comes_on(claim: Said, book: Book) -> date:
    """When it is sent: the vendor's on Thursdays. What people did lies far enough from the claims before for that."""
    day = workdays_before(book.today, claim.ago)
    return day - timedelta(days=(day.weekday() - THURSDAY) % 7) if claim.vendor else day


def deeds(book: Book, day: date) -> list[tuple[Deed, Customer]]:
    """What people did for the stories' customers on a day, in order."""
    return [
        (deed, customer)
        for story, customer in cast(book)
        for deed in story.deeds
        if workdays_before(book.today, deed.ago) == day
    ]


def cast(book: Book) -> Iterator[tuple[Story, Customer]]:
    """The stories with their customers, as far as the book has them."""
    for story in STORIES:
        yield story, book.customers[story.number - 1]


def _facts(story: Story, book: Book) -> dict[str, object]:
    """What the story says about its customer, in the book's words."""
    customer = book.customers[story.number - 1]
    ends = workdays_before(book.today, story.renews_ago)
    turn = ends if story.fate is Fate.LEAVES else workdays_before(book.today, story.turn_ago)
    executive = "ivo" if story.region == "amer" else "hana"
    return {
        "name": story.name, "segment": story.segment, "tier": story.tier, "region": story.region,
        "revenue": Decimal(story.revenue), "seats": story.seats, "fate": story.fate, "turn": turn,
        "term_ends": ends, "currency": story.currency, "is_story": True, "heir": "finn", "notice_days": 30,
        "since": customer.since,
        "people": {"csm": story.csm, "account_executive": executive, "marketer": "juno", "support_lead": "kai"},
    }  # fmt: skip


def _heard(book: Book, day: date) -> Iterator[dict[str, object]]:
    for story, customer in cast(book):
        for heard in story.heard:
            if workdays_before(book.today, heard.ago) == day:
                yield activity(customer, day, heard.kind, heard.summary, body=heard.body, by=heard.by)


def _sponsors_left(book: Book, day: date) -> Iterator[dict[str, object]]:
    for story, customer in cast(book):
        if story.sponsor_left_ago is not None and workdays_before(book.today, story.sponsor_left_ago) == day:
            for contact in contacts(customer):
                if contact["stakeholder"] == "sponsor":
                    yield {**contact, "left_on": day - timedelta(days=1)}
