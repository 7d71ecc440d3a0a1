"""Identifiers: UUIDv7 (RFC 9562), so that ids sort by the time they were made."""

from uuid import UUID

import uuid_utils
from uuid_utils.compat import uuid7 as _uuid7


def uuid7() -> UUID:
    """A new time-ordered id."""
    return _uuid7()


def uuid7_text() -> str:
    """A new time-ordered id as text, for code that only compares ids and writes them: much the cheaper."""
    return str(uuid_utils.uuid7())
