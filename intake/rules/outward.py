"""How webhooks are told (standardwebhooks.com): the body, its signature, and when it is tried again. Pure."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

LARGEST_BODY = 20_000
SECRET_BYTES = 24
SECRET_MARK = "whsec_"  # noqa: S105 - how a secret begins
# How long after each failure the next try comes; a message that is older than GIVE_UP is not tried again.
WAITS = tuple(
    timedelta(seconds=seconds)
    for seconds in (5, 60, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600, 20 * 3600, 24 * 3600)
)
GIVE_UP = timedelta(days=5)
SPREAD = 0.2
LONGEST_REST = timedelta(minutes=10)


@dataclass(frozen=True)
class News:
    """What is said about one row: `origin` is the source that wrote it, which is not told of its own writes."""

    id: UUID
    data: Mapping[str, Any]
    origin: UUID | None = None


def body_of(happening: str, at: datetime, news: News) -> str:
    """The message; one that is too large for its reader says only which row it is about."""
    text = _encode(happening, at, news.data)
    if len(text.encode()) >= LARGEST_BODY:
        text = _encode(happening, at, {"id": str(news.id), "left_out": "too large: read it by the API"})
    return text


def _encode(happening: str, at: datetime, data: Mapping[str, Any]) -> str:
    timestamp = at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return msgspec.json.encode({"type": happening, "timestamp": timestamp, "data": dict(data)}).decode()


def sign(secrets: Sequence[str], message_id: str, sent: datetime, body: bytes) -> dict[str, str]:
    """The headers of a message; with two live secrets it is signed by both, so that the reader can change over."""
    seconds = str(int(sent.timestamp()))
    content = b".".join((message_id.encode(), seconds.encode(), body))
    signed = (hmac.new(_key(secret), content, hashlib.sha256).digest() for secret in secrets)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": seconds,
        "webhook-signature": " ".join(f"v1,{base64.b64encode(one).decode()}" for one in signed),
    }


def secret_text(random: bytes) -> str:
    return SECRET_MARK + base64.b64encode(random).decode()


def _key(secret: str) -> bytes:
    return base64.b64decode(secret.removeprefix(SECRET_MARK))


def wait_after(attempts: int, chance: float, asked: timedelta = timedelta()) -> timedelta:
    """How long to wait after so many attempts; `chance` in [0, 1) spreads it, and the reader may ask for longer."""
    base = WAITS[min(attempts, len(WAITS)) - 1] if attempts else timedelta()
    return max(base * (1 - SPREAD + 2 * SPREAD * chance), min(asked, WAITS[-1]))


def rest_after(failures: int) -> timedelta:
    """How long a webhook that failed so often in a row is left alone, whatever else is due to it."""
    return min(timedelta(seconds=2 ** min(failures, 12)), LONGEST_REST)


def asked_wait(header: str) -> timedelta:
    """A `Retry-After` in seconds; anything else says nothing."""
    return timedelta(seconds=int(header)) if header.isascii() and header.isdigit() and len(header) < 7 else timedelta()
