"""Events: what somebody did, when it really was, and under which id it is kept. Pure.

An event comes as a message of a client library (`accounts.rules.messages`) or as an item of the API or a file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType

from accounts.enums import EventKind
from accounts.rules.identity import Ref, is_placeholder
from accounts.rules.records import CLOCK_SKEW, AccountRef, Id, Name, given, ref_problems
from intake.rules import Problem

# Beyond that a difference between two clocks is no wrong clock but nonsense.
SANE_SKEW = timedelta(days=7)


class Heard(Struct, frozen=True, gc=False):
    """One event as it is kept.

    key: what its source calls it, `""` where it does not. user_id: whom the source says it was, `""` for nobody. about:
    the account it names. said_at, sent_at: what the sender's clock showed when it happened, and when it was sent.
    """

    key: str
    kind: str
    name: str
    user_id: str
    email: str
    about: Ref | None
    at: datetime
    said_at: datetime | None
    sent_at: datetime | None


class EventItem(Struct, forbid_unknown_fields=True):
    """An event of `/api/v1/events/bulk` or of a file: about an account, or by somebody whose account is known."""

    name: Name
    happened_at: Annotated[datetime, Meta(tz=True)]
    external_id: Id | UnsetType = UNSET
    kind: Annotated[str, Meta(pattern="^(track|page|screen)$")] = EventKind.TRACK.value
    account: AccountRef | UnsetType = UNSET
    user_id: Id | UnsetType = UNSET
    email: Annotated[str, Meta(max_length=254)] | UnsetType = UNSET
    properties: dict[str, Any] | UnsetType = UNSET


def check_event(item: EventItem, now: datetime) -> tuple[Problem, ...]:
    return tuple(_event_problems(item))


def _event_problems(item: EventItem) -> Iterator[Problem]:
    if not item.name.strip():
        yield Problem("name", "required", "Give a name.")
    if item.account is not UNSET:
        yield from ref_problems(item.account)
    elif not given(item.user_id) and not given(item.email):
        yield Problem("account", "required", "Say whose event it is: give account, user_id or email.")
    if given(item.user_id) and is_placeholder(str(item.user_id)):
        yield Problem("user_id", "placeholder", f"'{item.user_id}' is nobody's id: leave it out.")


def corrected_time(said_at: datetime | None, sent_at: datetime | None, received_at: datetime) -> datetime:
    """When it happened by our clock: what the sender's clock said, less what that clock is wrong by.

    A sender that does not say when it sent is believed, and so is one whose clock differs by more than a week.
    """
    if said_at is None:
        return received_at
    skew = received_at - sent_at if sent_at is not None else timedelta()
    return said_at + skew if abs(skew) <= SANE_SKEW else said_at


def time_problem(at: datetime, *, now: datetime, kept_since: datetime) -> Problem | None:
    """Why an event of `at` is not taken now; None: it is."""
    if at > now + CLOCK_SKEW:
        return Problem("timestamp", "in_future", "It says that it has not happened yet. Mend the sender's clock.")
    if at < kept_since:
        text = f"Events are kept since {kept_since:%Y-%m-%d} only: this one is older (CX_EVENT_MONTHS)."
        return Problem("timestamp", "too_old", text)
    return None


def event_id(source: bytes, key: str) -> str:
    """The id, in hexadecimal digits, that an event has because of its source (the bytes of its id) and its key.

    The same one sent again has the same.
    """
    return blake2b(source + key.encode(), digest_size=16).hexdigest()


def content_key(raw: bytes, before: int) -> str:
    """What an event without a key is called: by its content, and how many of that content came before it."""
    return f"{blake2b(raw, digest_size=16).hexdigest()}-{before + 1}"


def email_in(traits: Mapping[str, Any]) -> str:
    """The e-mail address among somebody's traits, as it is compared; `""` where there is none."""
    value = traits.get("email")
    return value.strip().lower() if isinstance(value, str) else ""
