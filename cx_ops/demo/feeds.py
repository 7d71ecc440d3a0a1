"""What arrives on a day beside scores: from the CRM, the help desk, and the product itself. Pure.

Items have the shapes of API.md; every source names accounts by the CRM's ids.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, time, timedelta
from decimal import Decimal
from functools import partial

from cx_ops.demo import names
from cx_ops.demo.behaviour import behaviour
from cx_ops.demo.book import LEAVER, NAMED, Book, Customer, Fate
from cx_ops.demo.days import ZONES, at, is_workday
from cx_ops.demo.evidence import silent_on
from cx_ops.demo.fates import active_in, growth_of, risk_of, week_before

Item = dict[str, object]
Feed = tuple[str, str, list[Item]]
"""Slug of the source, kind of record, items."""

TITLES = {
    "champion": "Head of Operations",
    "sponsor": "Chief Operating Officer",
    "decision_maker": "Finance Director",
    "user": "Analyst",
    "detractor": "IT Manager",
    "unknown": "Coordinator",
}
STAKEHOLDERS = ("champion", "sponsor", "decision_maker", "user", "detractor", "unknown")
LEAST_INFLUENCE = {"decision_maker": 4, "sponsor": 3, "champion": 3}
MOST_INFLUENCE = {"user": 3, "detractor": 3, "unknown": 3}
MOODS = {"detractor": (-2, -1, -1, -1, 0, 0)}
ANY_MOOD = (-1, 0, 0, 1, 1, 2)
# Numbers that are kept free for fiction: places, what follows there, and the first and how many of the last signs.
PHONES = {
    "emea": (("+44 20 7946", "+44 113 496", "+44 121 496", "+44 161 496"), "0{:03}", 100, 900),
    "apac": (("+61 2 5550",), "{:04}", 0, 10_000),
}
AMERICAN = (tuple(f"+1 {area}" for area in range(202, 250)), "555 01{:02}", 0, 100)
MOST_CONTACTS, MOST_OF_DIGITAL = 6, 2
TOUCHES = (
    ("call", "Call with {who}", "Went through open points; they had no surprises."),
    ("meeting", "Quarterly review with {who}", "Looked at what they set out to do, and how far they are."),
    ("email", "E-mail to {who}", "Sent the notes of the last meeting and two dates."),
    ("call", "Call from {who}", "A question about rights for new people; answered on the spot."),
)
TICKETS = ("Export takes too long", "Cannot sign in after the change of domain", "Report shows last week's figures",
           "Import stops at row 2,000", "Please add a user", "Totals differ between two pages")  # fmt: skip
HAPPENED = time(5)  # in Lisbon: before the deliveries of the day, and of this day in every office
MONDAY, TUESDAY, NEXT_DAY, DAYS = 0, 1, timedelta(days=1), 7
LAST_WEEK = timedelta(days=7)  # of the leaver: whoever takes over comes along
STILL_READ = timedelta(days=60)  # so long after a customer has left, the product says that nobody uses it
LATE_NEWS_DAYS = (31, 55)  # so long it takes until the CRM calls a customer churned whose term has ended


def opening(book: Book) -> list[Feed]:
    """The first export of everything, on the book's first day."""
    customers = book.customers
    return [
        ("crm", "accounts", [account(customer, book.first_day, people=customer.people) for customer in customers]),
        ("crm", "contacts", [item for customer in customers for item in contacts(customer)]),
        ("crm", "contracts", [contract(customer, book.first_day) for customer in customers]),
    ]


def exports(book: Book, day: date) -> list[Feed]:
    """The weekly exports, on Mondays: what changed in the days since the last one. The book's last day has one too."""
    days = exported_on(book, day)
    return [
        (source, kind, [item for past in days for item in changes(book, past)]) for source, kind, changes in CHANGES
    ]


def exported_on(book: Book, day: date) -> list[date]:
    """The days of which the export of a day tells, the last one of a whole week; none where there is no export."""
    if day == book.today:
        return [day - timedelta(days=ago) for ago in reversed(range(DAYS))]
    if day.weekday() != MONDAY and day != book.handed_over_on:
        return []
    days = [day]
    while days[0].weekday() != TUESDAY and days[0] > book.first_day and days[0] != book.handed_over_on + NEXT_DAY:
        days.insert(0, days[0] - NEXT_DAY)
    return days


def account(customer: Customer, day: date, *, stage: str = "", people: Mapping[str, str] | None = None) -> Item:
    """The CRM's row of a customer on a day; of one that has left, as it was at its end. No people: no news of them."""
    day = min(day, customer.turn) if customer.fate is Fate.LEAVES else day
    _, ends = customer.term_at(day)
    return {
        "external_id": customer.external_id,
        "name": customer.name,
        "domain": customer.domain,
        "tier": customer.tier,
        "segment": customer.segment,
        "region": customer.region,
        "stage": stage or ("onboarding" if (day - customer.since).days < 120 else "established"),
        "arr": {"amount": revenue_at(customer, day), "currency": customer.currency},
        "renews_on": ends,
        "customer_since": customer.since,
        "people": dict(people or {}),
        "fields": {"seats": customer.seats},
    }


def revenue_at(customer: Customer, day: date) -> Decimal:
    """A year's revenue under the contract in force: a customer that grew pays a fifth more from its next term on."""
    terms = sum(1 for _ in _terms_begun(customer, day))
    grown = terms and customer.fate is Fate.GROWS and customer.turn <= day
    return (customer.revenue * (Decimal("1.2") if grown else 1)).quantize(Decimal(1))


def contract(customer: Customer, day: date) -> Item:
    """The contract of the term that `day` is in."""
    starts, ends = customer.term_at(day)
    return {
        "external_id": f"{customer.external_id}-{ends.year}",
        "account": {"external_id": customer.external_id},
        "starts_on": starts,
        "ends_on": ends,
        "notice_on": customer.notice_on(ends),
        "arr": {"amount": revenue_at(customer, day), "currency": customer.currency},
        "auto_renews": customer.renews_itself,
        "forecast": _forecast(customer, day),
    }


# What the people of a customer agreed to: some were never asked, and a few refuse; the first of them never does.
AGREED: tuple[dict[str, str], ...] = ({"email": "granted"}, {"email": "granted", "phone": "granted"}, {})
ASKED = (*AGREED, *AGREED, {"email": "granted", "phone": "refused"}, {"email": "refused"})


def contacts(customer: Customer) -> Iterator[Item]:
    """3 to 6 people of a named customer, one or two of a digital one."""
    chance = customer.random("contacts")
    count, known = chance.randrange(3, 7) if customer.is_named else chance.randrange(1, 3), set[tuple[str, str]]()
    for number, stakeholder in enumerate(STAKEHOLDERS[:count], start=1):
        first, last = next(who for who in iter(lambda: names.person_name(chance), None) if who not in known)
        known.add((first, last))
        yield {
            "external_id": f"{customer.external_id}-{number}",
            "account": {"external_id": customer.external_id},
            "name": f"{first} {last}",
            "email": f"{first}.{last}@{customer.domain}".lower(),
            "phone": _phone(customer, number),
            "title": TITLES[stakeholder],
            "stakeholder": stakeholder,
            "influence": min(
                max(chance.randrange(1, 6), LEAST_INFLUENCE.get(stakeholder, 1)), MOST_INFLUENCE.get(stakeholder, 5)
            ),
            "sentiment": chance.choice(MOODS.get(stakeholder, ANY_MOOD)),
            "consents": customer.random("consents", number).choice(AGREED if number == 1 else ASKED),
        }


def _phone(customer: Customer, number: int) -> str:
    """Everybody's own; neighbours do not look alike."""
    places, form, first, free = PHONES.get(customer.region, AMERICAN)
    before = NAMED * (MOST_CONTACTS - MOST_OF_DIGITAL) if customer.number > NAMED else 0
    slot = before + (customer.number - 1) * (MOST_OF_DIGITAL if before else MOST_CONTACTS) + number - 1
    place, tail = divmod(slot, free)
    return f"{places[place % len(places)]} {form.format(first + tail * 67 % free)}"


def activity(
    customer: Customer,
    day: date,
    kind: str,
    summary: str,
    *,
    clock: time = HAPPENED,
    body: str = "",
    value: object = None,
    by: str = "",
) -> Item:
    """Something that happened on the day; what one of us did, with the first contact."""
    item: Item = {
        "external_id": f"{customer.external_id}-{kind}-{day}-{len(summary)}",
        "account": {"external_id": customer.external_id},
        "kind": kind,
        "happened_at": f"{at(day, clock, ZONES['emea']):%Y-%m-%dT%H:%M:%SZ}",
        "summary": summary,
    }
    contact = f"{customer.external_id}-1" if by else ""
    given = {"body": body, "value": value, "by": by, "contact": contact}
    return item | {name: content for name, content in given.items() if content not in ("", None)}


def _forecast(customer: Customer, day: date) -> str:
    if customer.is_bound(day):
        return "commit"
    risk = risk_of(customer, day)
    return "at_risk" if risk >= 0.7 else "likely" if risk >= 0.25 else "commit"


def _terms_begun(customer: Customer, day: date) -> Iterator[date]:
    """First days of terms that began after the book's first one, up to `day`."""
    if not customer.has_left(day) and customer.term_ends < day:
        starts, _ = customer.term_at(day)
        yield starts


def _changed_accounts(book: Book, day: date) -> Iterator[Item]:
    """Customers whose term began anew or whose people changed, and those of whom the CRM hears that they left."""
    for customer in book.customers:
        if day == book.handed_over_on and customer.people.get("csm") == LEAVER and not customer.has_left(day):
            yield account(customer, day, people={"csm": customer.heir})
        elif customer.fate is Fate.LEAVES:
            late = customer.random("late news").randrange(*LATE_NEWS_DAYS)
            if day == customer.turn + timedelta(days=late):
                yield account(customer, day, stage="churned")
        elif day == customer.term_ends + timedelta(days=1):
            yield account(customer, day)


def _renewals(book: Book, day: date) -> Iterator[Item]:
    for customer in book.customers:
        if customer.fate is not Fate.LEAVES and day == customer.term_ends + timedelta(days=1):
            yield contract(customer, day)


def _forecasts(book: Book, day: date) -> Iterator[Item]:
    """The forecast as somebody keeps it, in the month before the notice date, and once that has passed."""
    for customer in book.named():
        notice = customer.term_ends - timedelta(days=customer.notice_days)
        if day in (notice - timedelta(days=30), notice, notice + NEXT_DAY) and not customer.has_left(day):
            yield contract(customer, day)


def _invoices(book: Book, day: date) -> Iterator[Item]:
    """A year is invoiced when its term begins."""
    for customer in book.customers:
        if customer.fate is not Fate.LEAVES and day == customer.term_ends + timedelta(days=1):
            yield {
                "external_id": f"{customer.external_id}-{day.year}",
                "account": {"external_id": customer.external_id},
                "kind": "renewal",
                "happened_on": day,
                "amount": revenue_at(customer, day),
                "currency": customer.currency,
            }


def _touches(book: Book, day: date) -> Iterator[Item]:
    """Calls, meetings and e-mails with named customers, about twice a month each."""
    if not is_workday(day):
        return
    chance, silent = book.random("touches", day), silent_on(book, day)
    for customer in book.named():
        if chance.random() < 0.09 and not customer.has_left(day) and customer.number not in silent:
            kind, summary, body = chance.choice(TOUCHES)
            contact = next(contacts(customer))
            csm = customer.people["csm"]
            by = customer.heir if csm == LEAVER and day >= book.left_on - LAST_WEEK else csm
            yield activity(customer, day, kind, summary.format(who=contact["name"]), body=body, by=by)


def _tickets(book: Book, day: date) -> Iterator[Item]:
    """More of them where trouble brews."""
    chance = book.random("tickets", day)
    for customer in book.customers:
        rate = 0.012 if customer.is_named else 0.003
        if chance.random() < rate and not customer.has_left(day):
            yield activity(
                customer, day, "ticket", chance.choice(TICKETS), clock=time(5, 15), body="Answered within two days."
            )
        elif customer.is_named and chance.random() < rate * 3 * risk_of(customer, day):
            yield activity(
                customer, day, "ticket", f"Again: {chance.choice(TICKETS).lower()}", clock=time(5, 10), body="Answered."
            )


def _usage(book: Book, day: date) -> Iterator[Item]:
    """People active in the week before, on Mondays (digital customers: every fourth); now and then a survey answer."""
    if day.weekday() != MONDAY:
        return
    chance = book.random("surveys", day)
    for customer in book.customers:
        if customer.has_left(day - STILL_READ) or not (customer.is_named or day.isocalendar().week % 4 == 0):
            continue
        users = active_in(customer, week_before(day))
        yield activity(customer, day, "usage", f"{users} people active in the week", clock=time(5, 5), value=users)
        if chance.random() < 0.03 and not customer.has_left(day):
            mood = 9.5 - 6 * risk_of(customer, day) + 2 * growth_of(customer, day) + chance.gauss(0, 1)
            answer = max(0, min(10, round(mood)))
            yield activity(customer, day, "survey", f"Would recommend us: {answer} of 10", value=answer)


CHANGES: tuple[tuple[str, str, Callable[[Book, date], Iterator[Item]]], ...] = (
    ("crm", "accounts", _changed_accounts),
    ("crm", "contracts", _renewals),
    ("crm", "contracts", _forecasts),
    ("crm", "orders", _invoices),
    ("crm", "activities", _touches),
    ("desk", "activities", _tickets),
    ("product", "activities", _usage),
    ("product", "events", partial(behaviour, people=contacts)),
)
