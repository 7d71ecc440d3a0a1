"""What stands behind the claims of the last two weeks: conversations, tickets and events that one can look up. Pure.

Whoever reads "mentions of another vendor in 30 days: 3" finds three of them on the account's timeline.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, timedelta
from typing import NamedTuple

from cx_ops.demo.book import LEAVER, Book, Customer
from cx_ops.demo.morning import morning
from cx_ops.demo.words import factors_of

Item = dict[str, object]
Feed = tuple[str, str, list[Item]]
OTHER_VENDOR = "Example Otherware"  # exists nowhere
ENDING = ("How do we end the contract?", "Until when can we give notice?", "What happens to our data when we leave?",
          "Can we export everything before the term ends?")  # fmt: skip
SILENT = "champion_silent"
ANSWERED = "days since the champion answered"


class Trace(NamedTuple):
    """One thing that happened so many days before the claim. `what`: "event" or a kind of activity."""

    ago: int
    what: str
    text: str
    body: str = ""
    ours: bool = False
    value: int | None = None


Facts = Mapping[str, int]


def spread(times: int, days: int) -> list[int]:
    """So many days of the last `days`, evenly."""
    return [1 + number * (days - 2) // max(times, 1) for number in range(times)]


def events(name: str, times: int, days: int, *, after: int = 0) -> Iterator[Trace]:
    for ago in spread(times, days):
        yield Trace(after + ago, "event", name)


def _silent(facts: Facts) -> Iterator[Trace]:
    days = facts[ANSWERED]
    yield Trace(days, "call", "Call with {champion}", "They will come back to us with a date.", ours=True)
    yield from (Trace(ago, "email", "E-mail to {champion}, not answered", ours=True) for ago in (days - 7, days - 14))
    put_off = spread(facts["meetings put off in 60 days"], 50)
    yield from (
        Trace(ago, "email", "{champion} puts the meeting off", "No new date yet.") for ago in put_off if ago > days
    )
    near = sum(ago <= days for ago in put_off)
    yield from (
        Trace(days + 1 + number, "email", "{champion} puts the meeting off", "No new date yet.")
        for number in range(near)
    )


def _backlog(facts: Facts) -> Iterator[Trace]:
    waiting = ("Export takes too long", "Totals differ between two pages", "Report shows last week's figures",
               "Import stops at row 2,000", "Cannot share a chart")  # fmt: skip
    for number in range(facts["tickets open for more than 10 days"]):
        yield Trace(12 + 3 * number, "ticket", waiting[number], "No answer for more than ten days.")
    for number, ago in enumerate(spread(facts["tickets reopened in 30 days"], 28)):
        yield Trace(ago, "ticket", f"Reopened: {waiting[-1 - number].lower()}", "The first answer did not help.")


def _invoice(facts: Facts) -> Iterator[Trace]:
    days = facts["days that an invoice is overdue"]
    yield Trace(days, "email", "Invoice due today, not paid", "From accounting.")
    for number, ago in enumerate(spread(facts["e-mails about the invoice"], days)):
        text = ("Question about the invoice", "Which order is this invoice for?", "Please send the invoice again")[
            number % 3
        ]
        yield Trace(ago, "email", text, "From their accounts department.")


def _vendor(facts: Facts) -> Iterator[Trace]:
    named = ("They are looking at {vendor} as well", "{vendor} has shown them a demonstration",
             "Asked how we compare with {vendor}")  # fmt: skip
    for number, ago in enumerate(spread(facts["mentions of another vendor in 30 days"], 28)):
        yield Trace(ago, "email", named[number % 3].format(vendor=OTHER_VENDOR), "From {champion}.")
    for number, ago in enumerate(spread(facts["questions about ending the contract in 14 days"], 13)):
        yield Trace(ago, "ticket", ENDING[number % len(ENDING)], "Answered with the page of the contract.")


def _adoption(facts: Facts) -> Iterator[Trace]:
    words = "Two months ago it was {was}. {seats} seats have never been used.".format(
        was=facts["was: features in use (of 14)"], seats=facts["seats never used"]
    )
    yield Trace(6, "call", f"They use {facts['features in use (of 14)']} of the 14 features", words, ours=True)


def _usage(facts: Facts) -> Iterator[Trace]:
    yield from events("Report built", facts["reports built in 30 days"], 30)
    yield from events("Report built", facts["was: reports built in 30 days"], 30, after=30)
    yield Trace(facts["days since an admin signed in"], "event", "Admin signed in")


def _logins(facts: Facts) -> Iterator[Trace]:
    yield from events("Logged in", facts["log-ins by the core team in 30 days"], 29)
    yield from events("Logged in", facts["was: log-ins by the core team in 30 days"], 29, after=30)


def _seats(facts: Facts) -> Iterator[Trace]:
    yield from events("Invitation refused: no seat left", facts["invitations refused for want of a seat"], 28)
    now, was = facts["teams using it"], facts["was: teams using it"]
    yield Trace(
        9, "call", f"{now} of their teams use it", f"{was} did in summer; another one waits for seats.", ours=True
    )


def _team(facts: Facts) -> Iterator[Trace]:
    yield from events("Pricing page viewed", facts["visits to the pricing page in 14 days"], 14)
    now, was = facts["departments with active people"], facts["was: departments with active people"]
    yield Trace(
        8, "call", f"{now} departments are active", f"It was {was}; the new one asked for a walk-through.", ours=True
    )


def _praise(facts: Facts) -> Iterator[Trace]:
    answer, was = facts["survey answer (of 10)"], facts["was: survey answer (of 10)"]
    yield Trace(2, "survey", f"Would recommend us: {answer} of 10", value=answer)
    yield Trace(92, "survey", f"Would recommend us: {was} of 10", value=was)
    for number, ago in enumerate(spread(facts["tickets solved on the first answer"], 60)):
        text = ("Please add a user", "How do I share a report?", "Where is the archive?")[number % 3]
        yield Trace(ago, "ticket", text, "Solved with the first answer.")


def _goal(facts: Facts) -> Iterator[Trace]:
    words = "{now} reports are in daily use; it was {was} when they began.".format(
        now=facts["reports in daily use"], was=facts["was: reports in daily use"]
    )
    yield Trace(3, "meeting", "They reached their goal of the year", words, ours=True)


def _unused(facts: Facts) -> Iterator[Trace]:
    yield from events("Export made by hand", facts["exports made by hand in 30 days"], 29)


def _admin(facts: Facts) -> Iterator[Trace]:
    yield Trace(facts["days since a new admin began"], "event", "Admin added")
    yield from events("Help page read", facts["help pages read in 7 days"], 7)


TRACES: dict[str, Callable[[Facts], Iterator[Trace]]] = {
    SILENT: _silent, "ticket_backlog": _backlog, "invoice_dispute": _invoice, "competitor_named": _vendor,
    "slow_adoption": _adoption, "usage_drop": _usage, "logins_fell": _logins, "seats_full": _seats, "new_team": _team,
    "survey_praise": _praise, "goal_reached": _goal, "unused_feature": _unused, "new_admin": _admin,
}  # fmt: skip
SOURCES = {"event": "product", "ticket": "desk", "survey": "product"}


def facts_of(customer: Customer, type: str, reason: str, day: date) -> dict[str, int]:
    """The numbers of a claim by name; what one was before, under "was: "."""
    found: dict[str, int] = {}
    for factor in factors_of(customer, type, reason, day):
        for word, key in (("", "value"), ("was: ", "was")):
            if isinstance(number := factor.get(key), int):
                found[f"{word}{factor['name']}"] = number
    return found


def silent_on(book: Book, day: date) -> set[int]:
    """Numbers of the customers whose champion does not answer any more on a day."""
    return {
        customer.number
        for customer, reason in morning(book)
        if reason == SILENT
        if (book.today - day).days < facts_of(customer, "churn_risk", reason, book.today)[ANSWERED]
    }


def behind(customer: Customer, claim: Item, day: date, *, champion: Item) -> Iterator[tuple[str, str, Item]]:
    """(source, kind of record, item) of everything behind a claim of a day."""
    reason = str(claim["reason"])
    facts = facts_of(customer, str(claim["type"]), reason, day)
    csm = customer.people.get("csm", "")
    by = customer.heir if csm == LEAVER else csm
    for number, trace in enumerate(TRACES[reason](facts)):
        about: Item = {
            "external_id": f"{claim['external_id']}-{number}",
            "account": {"external_id": customer.external_id},
        }
        when = f"{day - timedelta(days=trace.ago)}T{8 + number % 9:02}:{number * 7 % 60:02}:00Z"
        if trace.what == "event":
            yield "product", "events", about | {
                "name": trace.text, "happened_at": when, "user_id": f"{customer.external_id}-u{2 + number % 3}",
            }  # fmt: skip
            continue
        said = {
            name: text.format(champion=champion["name"])
            for name, text in (("summary", trace.text), ("body", trace.body))
        }
        item: Item = (
            about | {"kind": trace.what, "happened_at": when} | {name: text for name, text in said.items() if text}
        )
        if trace.value is not None:
            item["value"] = trace.value
        if trace.ours and by:
            item |= {"by": by, "contact": champion["external_id"]}
        yield SOURCES.get(trace.what, "crm"), "activities", item


def behind_claims(
    claims: Iterable[tuple[date, Customer, Item]], *, people: Callable[[Customer], Iterator[Item]]
) -> list[Feed]:
    """What arrives behind these claims, by source and kind of record."""
    found: dict[tuple[str, str], list[Item]] = {}
    for day, customer, claim in claims:
        for source, kind, item in behind(customer, claim, day, champion=next(people(customer))):
            found.setdefault((source, kind), []).append(item)
    return [(source, kind, items) for (source, kind), items in found.items()]
