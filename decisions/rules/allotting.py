"""Which accounts a hold-out leaves alone: drawn at random, yet the same however often one draws.

An account is drawn when one of its claims is about to open something for the first time. It stands among its like, its
**stratum**: the same response, tier and revenue. They are put into **blocks** in the order in which they come, and of
every block the share that the leader signed for is held out: of 10 at a share of 0.10 one, of 10 at 0.30 three. Which
slots of a block these are is worked out from the hold-out's salt, so that nobody can know it beforehand and everybody
can check it afterwards. Whoever may not be held out is not drawn at all (`why_excluded`); whoever may not be any more
is released (`why_released`), and stays in the arm for the count. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from hashlib import sha256

from msgspec import Struct

from decisions.enums import Exclusion, Release, Response

# Tier and stage of accounts that are never held out, whatever a leader signs.
STRATEGIC, ONBOARDING = "strategic", "onboarding"
NOTICE_DAYS = 120
# Yearly revenue in the reporting currency up to which an account is among its like.
REVENUES = ((Decimal(25_000), "under-25k"), (Decimal(100_000), "25k-to-100k"))


class Terms(Struct, frozen=True):
    """What a leader signed: of which response which share is held out; 0 leaves that response alone."""

    id: str
    type: str
    salt: str
    shares: Mapping[Response, Decimal]
    spared: tuple[str, ...] = ()  # tiers that are left out as strategic accounts are


class Standing(Struct, frozen=True):
    """What of an account says whether it may be held out. `notice_days`: to its next notice date, if it has one."""

    tier: str
    stage: str
    notice_days: int | None
    red_lines: tuple[str, ...]
    has_escalation: bool
    has_open_item: bool


class Slot(Struct, frozen=True):
    """Where an account was drawn, and what came of it."""

    stratum: str
    block: int
    slot: int
    chance: Decimal
    held: bool


def why_excluded(standing: Standing, terms: Terms) -> Exclusion | None:
    """Why the account may not be held out, or None: the first reason, the gravest first."""
    reasons = (
        (bool(standing.red_lines), Exclusion.RED_LINE),
        (standing.has_escalation, Exclusion.ESCALATION),
        (standing.tier == STRATEGIC or standing.tier in terms.spared, Exclusion.STRATEGIC),
        (standing.stage == ONBOARDING, Exclusion.ONBOARDING),
        (standing.notice_days is not None and standing.notice_days <= NOTICE_DAYS, Exclusion.NOTICE),
        (standing.has_open_item, Exclusion.OPEN_ITEM),
    )
    return next((reason for holds, reason in reasons if holds), None)


def why_released(standing: Standing, terms: Terms) -> tuple[Release, str] | None:
    """Why the account is held out no longer, and for which red line or exclusion; None where it stays."""
    if standing.red_lines:
        return Release.RED_LINE, standing.red_lines[0]
    if excluded := why_excluded(standing, terms):
        return Release.NOT_ELIGIBLE, excluded.value
    return None


def has_risen(drawn_as: str, response: Response) -> bool:
    """Whether what was drawn among the automated is now for a person: of those no more may be held out (ADR 0024)."""
    return response is Response.HUMAN and not drawn_as.startswith(Response.HUMAN)


def stratum_of(response: Response, tier: str, revenue: Decimal | None) -> str:
    """Among which accounts one is drawn, such as "human/growth/25k-to-100k"."""
    return f"{response.value}/{tier or 'none'}/{_size(revenue)}"


def _size(revenue: Decimal | None) -> str:
    if revenue is None:
        return "unknown"
    return next((name for limit, name in REVENUES if revenue < limit), "100k-and-up")


def draw(terms: Terms, response: Response, stratum: str, position: int) -> Slot:
    """The arm of the account that comes to `stratum` as number `position`, from 0."""
    share = terms.shares[response]
    held, size = block_of(share)
    block, slot = divmod(position, size)
    return Slot(stratum, block, slot, share, slot in held_slots(terms.salt, stratum, block, held, size))


def block_of(share: Decimal) -> tuple[int, int]:
    """How many of a block are held out, and its size: the smallest block in which the share comes out whole."""
    return share.as_integer_ratio()


@lru_cache(maxsize=4096)
def held_slots(salt: str, stratum: str, block: int, held: int, size: int) -> frozenset[int]:
    """The slots of a block that are held out: the first `held` of all, ordered by a hash that the salt is part of."""
    return frozenset(sorted(range(size), key=lambda slot: _lot(f"{salt}/{stratum}/{block}/{slot}"))[:held])


def _lot(words: str) -> bytes:
    return sha256(words.encode()).digest()
