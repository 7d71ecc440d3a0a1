"""What people would do with a task: how soon, and how it ends. Pure.

Everybody has a manner of their own with each task, drawn from chance that is the same every time. How a task ends
depends on what will become of the customer, not on what the scorers say.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import NamedTuple

from accounts.enums import ActivityKind
from cx_ops.demo.book import Customer, Fate

Outcome = tuple[str, str, str]
"""Outcome, reason, note."""


class Touch(NamedTuple):
    """What somebody writes down. `kind`: how they turned to the customer, "" if they did not; `reached`: it is a step
    done, not only tried."""

    text: str
    kind: str = ActivityKind.CALL
    reached: bool = True


# What comes out in a talk about a risk; each customer's own.
FOUND = (
    "it is real. They lost two people in spring.",
    "the new office works without it so far. They want a plan for that.",
    "month ends are where it hurts. Half an hour with them next week.",
    "it was a quiet quarter, nothing more, they say. I will look again.",
    "two of their teams were merged, and one set of habits won.",
    "they wait for single sign-on. Told them the month it comes.",
    "their auditors asked for a report that they could not make. We made it.",
    "the budget is looked at line by line this year. Sent what it saved them.",
    "a reorganisation; the new head of department has not decided yet.",
    "they moved the work to a partner, who has no log-in. Ordered one.",
    "last month's outage still hurts. Gave them the report on it.",
)
TOUCHES: Mapping[str, tuple[Touch, ...]] = {
    "churn_risk": (
        Touch("Spoke with {who}: {found}"),
        Touch("Their sponsor is new and wants figures. Sent three, and she wants to talk.", reached=False),
        Touch("It is one team of two that has gone quiet; the other one is content."),
        Touch("{who} compares us at the end of each year. Offered to sit in on it."),
        Touch("Nobody had told {who} of the fix of last month. Showed it."),
        Touch("Went through it with {who}: half of it was the change of season, half is ours."),
        Touch("They want to hear of the road ahead first. Asked product for two lines."),
        Touch("Their new head of operations counts every licence. Sent what they used and what it saved."),
        Touch("Left {who} a message, and sent two times to talk.", reached=False),
        Touch("{who} is annoyed, and said why. Kai knows."),
        Touch("Call done: {who} will look at it again with me on Thursday."),
    ),
    "expansion_signal": (
        Touch("Looked at what they use: the new team works with borrowed log-ins.", kind=""),
        Touch("Champion says the budget is there from next quarter."),
    ),
    "advocacy_potential": (Touch("Thanked {who} for the answer first. Will ask next week.", reached=False),),
    "engagement_opportunity": (Touch("Told {who} of the short guide, and offered half an hour."),),
}
GOES: tuple[Outcome, ...] = (
    ("lost", "price", "They gave notice: the budget is gone."),
    ("lost", "no_need", "The team that uses it is being closed."),
    ("lost", "competitor", "They have signed with somebody else."),
    ("risk_resolved", "", "They say they will stay."),
    ("no_change", "", "Friendly talk, no promise."),
)
STAYS: tuple[Outcome, ...] = (
    ("insight_wrong", "not_a_risk", "The facts are right, but nothing is wrong there."),
    ("insight_wrong", "out_of_date", "That was over before the score came."),
    ("insight_wrong", "known_already", "We knew, and had acted."),
    ("no_change", "", "Talked; nothing to do."),
)
BOUND: Outcome = ("no_change", "", "Their day of notice has passed: they stay for another term.")
SAVED: Outcome = ("risk_resolved", "", "Called in time. What stood in their way is done.")
ENDS: Mapping[str, tuple[Outcome, ...]] = {
    "expansion_signal": (
        ("expansion_agreed", "", "A fifth more seats from the next term."),
        ("expansion_agreed", "", "The new team gets seats of its own."),
        ("no_response", "", "No answer to a call and a message."),
        ("no_change", "", "Not before next year's budget."),
    ),
    "advocacy_potential": (
        ("advocacy_given", "", "They wrote a review the same evening."),
        ("no_response", "", "No answer to two messages."),
        ("no_change", "", "Glad to, but their legal department says no."),
    ),
    "engagement_opportunity": (
        ("other", "", "Took the half hour, and set up the reports themselves."),
        ("no_response", "", "No answer."),
        ("no_change", "", "Not interested now."),
    ),
}


STILL_OPEN = 40  # workdays


@dataclass(frozen=True)
class Manner:
    """Workdays after which somebody does each thing with a task; `waits` and `puts_off` (to its next step): never, if
    None."""

    notices: int
    writes: int
    waits: int | None
    returns: int
    closes: int
    puts_off: int | None = None


def manner_of(chance: Random, *, is_step: bool, is_current: bool) -> Manner:
    """Most people are quick, some are not, and everybody forgets one now and then. A playbook's step takes less.

    With what is current they are in the middle of it.
    """
    notices = chance.choices((0, 1, 3), (0.82, 0.15, 0.03))[0]
    writes = notices + chance.choices((0, 1), (0.7, 0.3))[0]
    closes = writes + chance.choices((0, 1, 3, 5, 8, 12), (0.10, 0.15, 0.25, 0.20, 0.20, 0.10))[0]
    if is_step:
        return Manner(0, 0, None, 0, chance.choices((0, 1, 2, 4), (0.45, 0.33, 0.15, 0.07))[0])
    if is_current:
        return Manner(0, chance.randrange(0, 2), None, 0, STILL_OPEN)
    if (luck := chance.random()) > 0.30:
        return Manner(notices, writes, None, 0, closes)
    if luck > 0.22:
        return Manner(notices, writes, None, 0, closes + 4, puts_off=writes + 1)
    returns = writes + 1 + chance.randrange(2, 6)
    return Manner(notices, writes, writes + 1, returns, max(closes, returns))


def goes_on_after(manner: Manner, age: int, chance: Random) -> int:
    """Workdays until the next step that somebody plans with a task of that age; now and then too few."""
    left = min(manner.closes - age, 6)
    return max(1, left - 3 if chance.random() < 0.12 else left)


def touch_of(type: str, chance: Random, *, reached: bool = False) -> Touch:
    """What somebody does about a task, as they write it down; `reached`: a talk that came about."""
    return chance.choice([touch for touch in TOUCHES[type] if not reached or (touch.kind and touch.reached)])


def end_of(type: str, customer: Customer, chance: Random, day: date) -> Outcome:
    """How somebody closes a task of this type on a day."""
    if type in ENDS:
        return chance.choice(ENDS[type])
    if customer.is_bound(day):
        return BOUND
    gave_notice = day >= customer.turn - timedelta(days=customer.notice_days)
    match customer.fate:
        case Fate.LEAVES:
            return chance.choice(GOES[:3] if gave_notice else GOES)
        case Fate.SAVED:
            return SAVED
        case _:
            return chance.choice(STAYS)
