"""How much one caller may ask: `RateLimit-*` on every answer, 429 past it, 503 when the workers fall behind.

What a caller has used is counted in the cache `shared`, which all web processes have in common where there is a
Valkey or Redis. Where it does not answer, each process counts for itself: a lost counter never refuses a call.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.cache import cache, caches
from django.utils.translation import gettext as _
from redis.exceptions import RedisError
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from core.api.idempotency import principal_of
from core.api.problems import Problem
from core.bulk import fetch_all

if TYPE_CHECKING:
    from django.core.cache.backends.base import BaseCache
    from rest_framework.views import APIView

log = logging.getLogger(__name__)
WINDOW_SECONDS = 60
BACKLOG_KEPT_SECONDS = 2
# After a failure the shared cache is left alone for so long, so that a dead one slows no call down.
AWAY_SECONDS = 5


@dataclass(frozen=True)
class Quota:
    """What is left of a caller's minute."""

    limit: int
    remaining: int
    reset_seconds: int

    def headers(self) -> dict[str, str]:
        return {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(self.remaining),
            "RateLimit-Reset": str(self.reset_seconds),
        }


class MinuteThrottle(BaseThrottle):
    """At most `CX_API_REQUESTS_PER_MINUTE` requests of one token or user in one clock minute."""

    wait_seconds = 0

    def allow_request(self, request: Request, view: APIView) -> bool:
        within, quota = use_quota(principal_of(request))
        self.wait_seconds = quota.reset_seconds
        view.quota = quota  # type: ignore[attr-defined]
        return within

    def wait(self) -> float:
        return self.wait_seconds


def use_quota(principal: str) -> tuple[bool, Quota]:
    """Count one call of `principal`: whether it is within the limit, and what is left."""
    limit: int = settings.CX_API_REQUESTS_PER_MINUTE
    now = int(time.time())
    used = _count(f"throttle:{principal}:{now // WINDOW_SECONDS}")
    return used <= limit, Quota(limit, max(0, limit - used), WINDOW_SECONDS - now % WINDOW_SECONDS)


def _count(key: str) -> int:
    """How often this minute, with this call."""
    if not cache.get("shared_cache_away"):
        try:
            return _add_one(caches["shared"], key)
        except (RedisError, OSError, ValueError) as error:  # ValueError: it was flushed in between
            log.warning("the shared cache does not answer: %s", type(error).__name__)
            cache.set("shared_cache_away", 1, timeout=AWAY_SECONDS)
    return _add_one(cache, key)


def _add_one(counters: BaseCache, key: str) -> int:
    try:
        return counters.incr(key)
    except ValueError:  # the first of its minute
        counters.add(key, 0, timeout=WINDOW_SECONDS * 2)
        return counters.incr(key)


class BacklogThrottle(BaseThrottle):
    """Refuses an integration's writes while the oldest batch has waited longer than `CX_BACKLOG_LIMIT_SECONDS`.

    People go on working: what they do is not what the workers are behind with.
    """

    def allow_request(self, request: Request, view: APIView) -> bool:
        if request.auth is None or request.method in ("GET", "HEAD", "OPTIONS"):
            return True
        if backlog_seconds() <= settings.CX_BACKLOG_LIMIT_SECONDS:
            return True
        raise Problem(
            503, _("The workers are behind, so nothing new is taken at the moment."), headers={"Retry-After": "30"}
        )


def backlog_seconds() -> float:
    """The age of the oldest batch that waits for a stage, at most `BACKLOG_KEPT_SECONDS` old."""
    kept = cache.get("backlog_seconds")
    if kept is None:
        [(age,)] = fetch_all("SELECT extract(epoch FROM clock_timestamp() - min(created_at)) FROM core_batch")
        kept = float(age or 0)
        cache.set("backlog_seconds", kept, timeout=BACKLOG_KEPT_SECONDS)
    return float(kept)
