"""Tickets, conversations and survey answers, as they may arrive, and what a struct cannot say about them. Pure.

They become activities: what is said of them beside time, subject and text is kept as facts.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from accounts.rules.records import CLOCK_SKEW, AccountRef, Id, Text, ref_problems
from intake.rules import Problem

Moment = Annotated[datetime, Meta(tz=True)]
Word = Annotated[str, Meta(max_length=80)]
Line = Annotated[str, Meta(max_length=300)]
Tags = Annotated[str, Meta(max_length=1000)]
Survey = Literal["nps", "csat", "effort"]
# From the worst to the best answer; a file may say another scale.
SCALES: dict[str, tuple[int, int]] = {"nps": (0, 10), "csat": (1, 5), "effort": (1, 7)}
NAMES = {"nps": "NPS", "csat": "CSAT", "effort": "Effort"}


class TicketItem(Struct, forbid_unknown_fields=True):
    """Somebody at the customer asked for help; `rating` is what they said of the answer."""

    external_id: Id
    account: AccountRef
    opened_at: Moment
    subject: Line | UnsetType | None = UNSET
    body: Text | UnsetType | None = UNSET
    status: Word | UnsetType | None = UNSET
    priority: Word | UnsetType | None = UNSET
    channel: Word | UnsetType | None = UNSET
    requester: Line | UnsetType | None = UNSET
    solved_at: Moment | UnsetType | None = UNSET
    rating: Word | UnsetType | None = UNSET
    tags: Tags | UnsetType | None = UNSET


class ConversationItem(Struct, forbid_unknown_fields=True):
    """A thread of messages with somebody at the customer."""

    external_id: Id
    account: AccountRef
    started_at: Moment
    subject: Line | UnsetType | None = UNSET
    body: Text | UnsetType | None = UNSET
    status: Word | UnsetType | None = UNSET
    channel: Word | UnsetType | None = UNSET
    with_whom: Line | UnsetType | None = UNSET
    closed_at: Moment | UnsetType | None = UNSET
    rating: Word | UnsetType | None = UNSET
    tags: Tags | UnsetType | None = UNSET


class SurveyItem(Struct, forbid_unknown_fields=True):
    """One answer to a survey. `lowest` and `highest` are the scale where it is not the survey's usual one.

    Without an external id it is known by survey, account, respondent and moment.
    """

    account: AccountRef
    survey: Survey
    score: Decimal
    answered_at: Moment
    external_id: Id | UnsetType = UNSET
    lowest: int | UnsetType = UNSET
    highest: int | UnsetType = UNSET
    respondent: Line | UnsetType | None = UNSET
    comment: Text | UnsetType | None = UNSET

    @property
    def scale(self) -> tuple[int, int]:
        low, high = SCALES[self.survey]
        return (low if self.lowest is UNSET else self.lowest, high if self.highest is UNSET else self.highest)


def survey_id(item: SurveyItem) -> str:
    """The key of an answer that has no id of its own."""
    whom = item.account.external_id or item.account.domain or item.account.id
    moment = f"{item.answered_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return f"{item.survey}/{whom}/{item.respondent or '-'}/{moment}"[:200]


def check_ticket(item: TicketItem, now: datetime) -> tuple[Problem, ...]:
    times = _order_problems("opened_at", item.opened_at, "solved_at", item.solved_at, now)
    return (*ref_problems(item.account), *times)


def check_conversation(item: ConversationItem, now: datetime) -> tuple[Problem, ...]:
    return (
        *ref_problems(item.account),
        *_order_problems("started_at", item.started_at, "closed_at", item.closed_at, now),
    )


def check_survey(item: SurveyItem, now: datetime) -> tuple[Problem, ...]:
    times = _order_problems("answered_at", item.answered_at, "", None, now)
    return (*ref_problems(item.account), *_score_problems(item), *times)


def _score_problems(item: SurveyItem) -> Iterator[Problem]:
    low, high = item.scale
    if low >= high:
        yield Problem("highest", "out_of_range", "The highest answer must be above the lowest.")
    elif not (item.score.is_finite() and low <= item.score <= high):
        text = f"{NAMES[item.survey]} goes from {low} to {high} here. Say another scale in lowest and highest."
        yield Problem("score", "out_of_range", text)


def _order_problems(
    first: str, begun: datetime, last: str, ended: datetime | UnsetType | None, now: datetime
) -> Iterator[Problem]:
    if begun > now + CLOCK_SKEW:
        yield Problem(first, "in_future", "This time is in the future.")
    if isinstance(ended, datetime) and ended < begun:
        yield Problem(last, "before_start", "This is before it began.")
