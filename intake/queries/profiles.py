"""What shipments held, as it was kept: the columns of files, and the fields of what calls brought, by day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from intake.models import FieldProfile, Shipment, Source
from intake.rules.health import LOOKED_BACK, Load, Profile

# A day is looked at when it is over: the last one, and as many before as are compared.
DAYS_BACK = timedelta(days=LOOKED_BACK + 2)


def profiles_of(shipments: Sequence[UUID]) -> dict[UUID, dict[str, Profile]]:
    """The columns that were kept of each shipment."""
    found: dict[UUID, dict[str, Profile]] = defaultdict(dict)
    for profile in FieldProfile.objects.filter(shipment__in=shipments) if shipments else ():
        spread = comparable(profile.spread)
        found[profile.shipment_id][profile.field] = Profile(profile.rows, profile.blanks, spread)
    return found


def comparable(spread: Mapping[str, int]) -> dict[str, int]:
    """The values of a kept spread; where they are too many, the sizes of its numbers."""
    values = {value: count for value, count in spread.items() if value.startswith("=")}
    return values or dict(spread)


def days_of_calls(sources: Sequence[Source], now: datetime) -> dict[UUID, dict[str, list[Load]]]:
    """Of each source and kind what the calls of a day held, the oldest day first (`services.days` keeps them)."""
    kept = Shipment.objects.filter(source__in=sources, of=None, at__gt=now - DAYS_BACK, at__lte=now)
    rows = list(kept.exclude(columns=[]).order_by("at"))
    profiles = profiles_of([row.pk for row in rows])
    found: dict[UUID, dict[str, list[Load]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        fields = profiles.get(row.pk, {})
        looked_at = max((field.rows for field in fields.values()), default=0)
        found[row.source_id][row.kind].append(Load(row.at, looked_at, columns=frozenset(row.columns), fields=fields))
    return found
