"""What a filter over accounts may ask for. Pure."""

from __future__ import annotations

from decimal import Decimal

import msgspec


class AccountFilter(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Which accounts: every part that is given must hold. Amounts are in the reporting currency, spans in days."""

    owner: str = ""
    """Id of the person who is its customer success manager, or `team:<id>`."""
    tier: str = ""
    stage: str = ""
    region: str = ""
    segment: str = ""
    """As its source calls it."""
    health: str = ""
    """`red`, `risk`, `watch` or `steady`."""
    open: str = ""
    """Slug of an insight type of which an item is open."""
    revenue_from: Decimal | None = None
    revenue_below: Decimal | None = None
    renews_within: int | None = None
    quiet_for: int | None = None
    """No note, call or meeting for so long."""


def write_filter(wanted: AccountFilter) -> dict[str, object]:
    """A filter as JSON has it; only what it asks for."""
    written: dict[str, object] = msgspec.to_builtins(wanted)
    return written


def read_filter(stored: object) -> AccountFilter:
    """The filter that `write_filter` wrote. Raises msgspec.ValidationError for anything else."""
    return msgspec.convert(stored, AccountFilter, strict=False)
