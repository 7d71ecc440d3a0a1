"""The claim an insight makes, as it may arrive (API.md), and what a struct cannot say about it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Any

from msgspec import UNSET, Meta, MsgspecError, Struct, json

from accounts.rules.records import AccountRef, given
from intake.rules import Problem
from intake.rules.cells import Unreadable, listed

CLOCK_SKEW = timedelta(minutes=5)
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
MOST_DECIMALS = 19
LONGEST_TEXT = 4000
SLUG = "[A-Za-z0-9_.-]*"
_is_slug = re.compile(SLUG).fullmatch
LONGEST_SLUG = 60

# What models and vendors call the built-in types, as names are compared.
TYPE_WORDS = {
    **dict.fromkeys(("churn", "atrisk", "risk", "attrition", "cancellation", "renewalrisk"), "churn_risk"),
    **dict.fromkeys(("upsell", "upselling", "crosssell", "expansion", "growth"), "expansion_signal"),
    **dict.fromkeys(("advocacy", "advocate", "promoter", "referral", "reference"), "advocacy_potential"),
    **dict.fromkeys(("engagement", "adoption", "activation"), "engagement_opportunity"),
}

Id = Annotated[str, Meta(min_length=1, max_length=200)]
Text = Annotated[str, Meta(max_length=LONGEST_TEXT)]
Moment = Annotated[datetime, Meta(tz=True)]
FactorValue = float | int | bool | Text | None


class ContactRef(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """The person at the customer an insight is about: one of the two."""

    external_id: Id | None = None
    email: Annotated[str, Meta(min_length=3, max_length=254)] | None = None


class Factor(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """One thing a model saw: its value now and before, and how much it weighed."""

    name: Annotated[str, Meta(min_length=1, max_length=200)]
    value: FactorValue = None
    was: FactorValue = None
    contribution: float | None = None
    observed_at: Moment | None = None


class Claim(Struct, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """What any insight says, whichever way it comes. Confidence and probability lie in [0, 1]."""

    type: Annotated[str, Meta(min_length=1, max_length=40)]
    account: AccountRef
    confidence: Decimal
    scored_at: Moment
    model: Annotated[str, Meta(min_length=1, max_length=80)]
    model_version: Annotated[str, Meta(min_length=1, max_length=40)]
    probability: Decimal | None = None
    horizon_days: Annotated[int, Meta(ge=1, le=3650)] | None = None
    contact: ContactRef | None = None
    reason: Annotated[str, Meta(max_length=LONGEST_SLUG, pattern=f"^{SLUG}$")] = ""
    factors: Annotated[list[Factor], Meta(max_length=50)] = []
    talking_points: Annotated[list[Text], Meta(max_length=20)] = []


class InsightItem(Claim, kw_only=True, gc=False):
    """An insight by API."""

    external_id: Id


class ScoreItem(Claim, kw_only=True, gc=False):
    """A row of a score file; without an external id it is known by `score_id`. Its reason may be a sentence."""

    external_id: Annotated[str, Meta(max_length=200)] = ""
    reason: Annotated[str, Meta(max_length=200)] = ""


def check_claim(item: Claim, now: datetime) -> tuple[Problem, ...]:
    return tuple(_problems(item, now))


def settle_reason(item: ScoreItem) -> None:
    """A sentence is no slug that would keep one item per reason: it becomes the first factor, as it was written."""
    if len(item.reason) > LONGEST_SLUG or not _is_slug(item.reason):
        item.factors = [Factor(item.reason), *item.factors]
        item.reason = ""


def score_id(item: Claim) -> str:
    """The key of a score within its source: (type, account, model, scored_at)."""
    account = item.account
    whom = account.external_id or account.domain or account.id
    return f"{item.type}/{whom}/{item.model}/{_moment(item.scored_at)}"


@lru_cache(maxsize=4096)
def _moment(at: datetime) -> str:
    """In UTC to the microsecond, whichever way it was written; a file holds few."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def _problems(item: Claim, now: datetime) -> Iterator[Problem]:
    account = item.account
    if given(account.external_id) + given(account.domain) + given(account.id) != 1:
        yield Problem("account", "one_of", "Name the account by one of external_id, domain, id.")
    if account.source is not UNSET and account.external_id is UNSET:
        yield Problem("account.source", "without_external_id", "A source goes with an external_id.")
    yield from _share_problems("confidence", item.confidence)
    if item.probability is not None:
        yield from _share_problems("probability", item.probability)
    if item.scored_at > now + CLOCK_SKEW:
        yield Problem("scored_at", "in_future", "This time is in the future. Send when the score was made.")
    elif item.scored_at < EARLIEST:
        yield Problem("scored_at", "too_old", "This time is before 1970. Send when the score was made.")
    if item.contact is not None and (item.contact.external_id is None) == (item.contact.email is None):
        yield Problem("contact", "one_of", "Name the contact by one of external_id, email.")


def _share_problems(field: str, number: Decimal) -> Iterator[Problem]:
    if not (number.is_finite() and 0 <= number <= 1):
        yield Problem(field, "out_of_range", "Send a number from 0 to 1, such as 0.93 for 93 %.")
    elif -int(number.as_tuple().exponent) > MOST_DECIMALS:
        yield Problem(field, "too_many_decimals", f"Send at most {MOST_DECIMALS} digits after the point.")


# --- Cells of a score file that list things

_WEIGHED = re.compile(r"['\"]?([^:=]+?)['\"]?\s*[:=]\s*([+-]?(?:\d+\.?\d*|\.\d+))")
_LIKE_POINTS = "Write them apart by semicolons, such as: Ask about the hand-over; offer a training."
_LIKE_FACTORS = "Write them apart by semicolons, such as: logins a week: 3; no admin is active."


def read_points(cell: str) -> list[str]:
    """Talking points as people write them (apart by ; or a line each), or a JSON list of texts."""
    if not cell.lstrip().startswith("["):
        return listed(cell)
    found = _decoded(cell, _LIKE_POINTS)
    if not isinstance(found, list) or any(isinstance(point, (dict, list)) for point in found):
        raise Unreadable("not_listed", _LIKE_POINTS)
    return [str(point) for point in found if point is not None]


def read_factors(cell: str) -> list[dict[str, Any]]:
    """Factors as people write them (`logins: 3; no admin`), as a JSON object of names and values, or as by API."""
    if cell.lstrip()[:1] not in ("[", "{"):
        return [_factor(part) for part in listed(cell)]
    found = _decoded(cell, _LIKE_FACTORS)
    if isinstance(found, dict):
        found = [found] if "name" in found else [{"name": name, "value": value} for name, value in found.items()]
    if not isinstance(found, list):
        raise Unreadable("not_listed", _LIKE_FACTORS)
    return [factor if isinstance(factor, dict) else {"name": str(factor)} for factor in found]


def _factor(part: str) -> dict[str, Any]:
    weighed = _WEIGHED.fullmatch(part)
    return {"name": weighed[1].strip(), "value": float(weighed[2])} if weighed else {"name": part}


def _decoded(cell: str, like: str) -> Any:
    try:
        return json.decode(cell)
    except (MsgspecError, RecursionError):
        raise Unreadable("not_listed", like) from None
