"""A delivery on its way through intake, at the clock of its day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal

import msgspec

from core.models import Batch
from cx_ops import pipeline
from cx_ops.demo.feeds import Feed
from intake.enums import Landing
from intake.models import Source
from intake.rules import Arrival
from intake.services import find as find_kind
from intake.services import take

BATCH = 5000
LOOK_AFTER_SECONDS = 5


class RefusedDelivery(Exception):
    """The demonstration's own data was refused: a mistake of ours."""


class Door:
    """Where deliveries come in. `confidences` keeps (source, confidence) of every insight that was sent."""

    def __init__(self, sources: Mapping[str, Source]) -> None:
        self.sources = sources
        self.confidences: list[tuple[str, Decimal]] = []

    def deliver(self, feeds: Iterable[Feed], *, now: datetime) -> None:
        """Take every feed as the API would. Raises `RefusedDelivery`."""
        for slug, kind, items in feeds:
            for start in range(0, len(items), BATCH):
                self._take(slug, kind, items[start : start + BATCH], now)

    def _take(self, slug: str, kind: str, items: list[dict[str, object]], now: datetime) -> None:
        source = self.sources[slug]
        arrival = Arrival(
            source_id=source.id,
            source_slug=slug,
            namespace_id=source.account_namespace_id or source.id,
            now=now,
            actor=f"source:{slug}",
        )
        encoder = msgspec.json.Encoder(decimal_format="string")
        results = take(find_kind(kind), [encoder.encode(item) for item in items], arrival)
        for result, item in zip(results, items, strict=True):
            if result.status == Landing.REJECTED:
                raise RefusedDelivery(f"{slug} {kind} {item['external_id']}: {result.errors}")
            if kind == "insights":
                self.confidences.append((slug, Decimal(str(item["confidence"]))))


class StageBroke(Exception):
    """A stage of the pipeline failed on the demonstration's data; says how."""


def advance(now: datetime) -> None:
    """Run every stage at `now` until nothing waits. Raises `StageBroke` instead of trying again."""
    while pipeline.advance_all(now, seconds=LOOK_AFTER_SECONDS):
        broken = Batch.objects.exclude(last_error="").first()
        if broken is not None:
            raise StageBroke(f"{broken.stage}: {broken.last_error}")
