"""What a scorer says about a claim: its reason, the facts behind it, and what to talk about. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from cx_ops.demo.book import Customer
from cx_ops.demo.fates import users_of, week_before

Fact = tuple[str, object, object, float]  # name, value, was, contribution


@dataclass(frozen=True)
class Wording:
    """Facts beside the use of the product, and talking points, of one reason."""

    facts: Callable[[Customer, Random], list[Fact]]
    talking_points: tuple[str, ...]


RISK = {
    "usage_drop": Wording(
        lambda customer, chance: [
            ("days since an admin signed in", chance.randrange(9, 30), chance.randrange(1, 4), 0.6),
            ("reports built in 30 days", chance.randrange(0, 5), chance.randrange(12, 40), 0.4),
        ],
        ("Ask what changed in the team that used it most", "Offer to go through the last four weeks together"),
    ),
    "ticket_backlog": Wording(
        lambda customer, chance: [
            ("tickets open for more than 10 days", chance.randrange(2, 6), 0, 0.9),
            ("tickets reopened in 30 days", chance.randrange(1, 4), 0, 0.3),
        ],
        ("Know the state of each open ticket before you call", "Say who will answer, and by which day"),
    ),
    "slow_adoption": Wording(
        lambda customer, chance: [
            ("features in use (of 14)", chance.randrange(2, 5), chance.randrange(5, 8), 0.7),
            (
                "seats never used",
                max(1, int((customer.seats - round(customer.usual_users * 1.05)) * chance.uniform(0.5, 0.85))),
                None,
                0.5,
            ),
        ],
        ("Ask what they bought it for, in their words", "Pick one result to reach before the renewal"),
    ),
    "logins_fell": Wording(
        lambda customer, chance: [
            ("log-ins by the core team in 30 days", chance.randrange(4, 15), chance.randrange(30, 60), 0.8),
            ("days since the main user logged in", chance.randrange(12, 33), chance.randrange(1, 3), 0.5),
        ],
        ("Ask whether the main user has a new job", "Find out who does this work now"),
    ),
    "invoice_dispute": Wording(
        lambda customer, chance: [
            ("days that an invoice is overdue", chance.randrange(18, 50), 0, 0.9),
            ("e-mails about the invoice", chance.randrange(3, 8), 0, 0.4),
        ],
        ("Have the invoice and the contract in front of you", "Bring accounting in before you talk about value"),
    ),
    "sponsor_left": Wording(
        lambda customer, chance: [
            ("executive sponsor", "left", "in place", 1.4),
            ("meetings with a decision maker in 60 days", 0, chance.randrange(2, 4), 0.6),
        ],
        ("Ask who inherits the goals of the one who left", "Ask the champion to introduce you this week"),
    ),
    "champion_silent": Wording(
        lambda customer, chance: [
            ("days since the champion answered", chance.randrange(19, 34), chance.randrange(1, 4), 1.2),
            ("meetings put off in 60 days", chance.randrange(2, 5), 0, 0.6),
        ],
        ("Write to the champion and call somebody else there", "Ask whether the goals of the year still stand"),
    ),
    "competitor_named": Wording(
        lambda customer, chance: [
            ("mentions of another vendor in 30 days", chance.randrange(3, 7), 0, 1.1),
            ("questions about ending the contract in 14 days", chance.randrange(2, 5), 0, 0.8),
        ],
        ("Do not name the other vendor first", "Ask what they would miss, and what they would not"),
    ),
}
EXPANSION = {
    "seats_full": Wording(
        lambda customer, chance: [
            ("invitations refused for want of a seat", chance.randrange(3, 14), 0, 0.9),
            ("teams using it", chance.randrange(4, 8), chance.randrange(2, 4), 0.4),
        ],
        ("Ask which team waits for seats", "Check open tickets before any offer"),
    ),
    "new_team": Wording(
        lambda customer, chance: [
            ("departments with active people", 3 + customer.number % 3, 2, 0.8),
            ("visits to the pricing page in 14 days", chance.randrange(4, 12), 0, 0.6),
        ],
        ("Ask the champion what the new team wants to do", "Bring one example from their own trade"),
    ),
}
ADVOCACY = {
    "survey_praise": Wording(
        lambda customer, chance: [
            ("survey answer (of 10)", chance.choice((9, 10)), chance.choice((6, 7, 8)), 0.9),
            ("tickets solved on the first answer", chance.randrange(3, 9), None, 0.3),
        ],
        ("Thank them before asking", "Let them choose: a review, a call, a story"),
    ),
    "goal_reached": Wording(
        lambda customer, chance: [
            ("goal of the year", "reached", "under way", 1.0),
            ("reports in daily use", chance.randrange(8, 20), chance.randrange(2, 6), 0.4),
        ],
        ("Name the goal they reached", "Ask whose story it is to tell"),
    ),
}
ENGAGEMENT = {
    "unused_feature": Wording(
        lambda customer, chance: [
            ("exports made by hand in 30 days", chance.randrange(10, 30), None, 0.7),
            ("scheduled reports", 0, None, 0.5),
        ],
        ("Show scheduled reports: they do it by hand today",),
    ),
    "new_admin": Wording(
        lambda customer, chance: [
            ("days since a new admin began", chance.randrange(2, 12), None, 0.8),
            ("help pages read in 7 days", chance.randrange(6, 25), 1, 0.5),
        ],
        ("Offer the half hour for new admins", "Ask what the last admin left undone"),
    ),
}
TYPES = {
    "churn_risk": RISK,
    "expansion_signal": EXPANSION,
    "advocacy_potential": ADVOCACY,
    "engagement_opportunity": ENGAGEMENT,
}


# What the vendor's model names: two of these a customer, and nothing to say to them.
VENDOR: tuple[Callable[[Customer, Random], Fact], ...] = (
    lambda customer, chance: ("people trained in 12 months", chance.randrange(0, 2), chance.randrange(3, 8), 0.31),
    lambda customer, chance: ("charts shared with other teams in 60 days", 0, chance.randrange(2, 6), 0.24),
    lambda customer, chance: ("payments late in 12 months", chance.randrange(2, 5), 0, 0.22),
    lambda customer, chance: ("answers rated poor in 60 days", chance.randrange(2, 6), 0, 0.27),
    lambda customer, chance: ("e-mails opened (of the last 10)", chance.randrange(0, 3), chance.randrange(5, 9), 0.19),
)


WORTH_SAYING = 0.1  # a change of use by less speaks for nothing


def use_of(customer: Customer, day: date) -> tuple[int, int]:
    """People active in the last whole week, and eight weeks before."""
    now, was = (users_of(customer, week_before(day - timedelta(days=ago))) for ago in (0, 56))
    return now, was


def vendor_factors_of(customer: Customer, day: date) -> list[dict[str, object]]:
    """The facts that the vendor's model names, the weightiest first."""
    chance = customer.random("vendor's facts", day.isocalendar()[:2])
    named = [make(customer, chance) for make in chance.sample(VENDOR, 2)]
    now, was = use_of(customer, day)
    if (was - now) / max(was, 1) >= WORTH_SAYING:
        named[0] = (f"seats in use (of {customer.seats})", now, was, 0.35)
    return _as_factors(sorted(named, key=lambda fact: -fact[3]), day)


def factors_of(customer: Customer, type: str, reason: str, day: date) -> list[dict[str, object]]:
    """The facts behind a claim, those about the use of the product first."""
    chance = customer.random("facts", type, reason, day.isocalendar()[:2])
    facts: list[Fact] = []
    if type in ("churn_risk", "expansion_signal"):
        now, was = use_of(customer, day)
        moved = (was - now if type == "churn_risk" else now - was) / max(was, 1)
        if moved >= WORTH_SAYING:
            facts.append(("people active in a week", now, was, round(moved * 2, 2)))
    return _as_factors(facts + TYPES[type][reason].facts(customer, chance), day)


def _as_factors(facts: Sequence[Fact], day: date) -> list[dict[str, object]]:
    return [
        {"name": name, "value": value, "contribution": share, "observed_at": f"{day}T00:00:00Z"}
        | ({} if was is None else {"was": was})
        for name, value, was, share in facts
    ]


def talking_points_of(type: str, reason: str) -> list[str]:
    return list(TYPES[type][reason].talking_points)
