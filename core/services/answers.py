"""Stored answers of idempotent calls, kept as long as a client may still try again."""

from __future__ import annotations

from core.bulk import execute

# A client that has not had its answer within a week has given up; at most so many rows go at once.
KEPT_DAYS = 7
SWEPT = 5000
FORGET = """
DELETE FROM core_storedresponse WHERE id IN (
    SELECT id FROM core_storedresponse WHERE created_at < clock_timestamp() - make_interval(days => %s)
    ORDER BY created_at LIMIT %s FOR UPDATE SKIP LOCKED)
"""


def forget_answers() -> int:
    """Remove the oldest answers past their time, by the database's clock, which wrote them; how many."""
    return execute(FORGET, [KEPT_DAYS, SWEPT])
