"""A folder of real customers, lived day by day: files are imported on their day, and every day between ticks."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path

from cx_ops import pipeline
from cx_ops.demo.arrivals import advance
from cx_ops.demo.book import LEAVER
from cx_ops.demo.cdnow import Delivery, Folder, write_rows
from cx_ops.demo.days import TICK, at
from cx_ops.demo.people import CSM, PEOPLE
from intake.enums import ImportStatus
from intake.models import Source
from intake.services import run_import, start_import

BLOCK = 1 << 20
CSMS = [person.username for person in PEOPLE if person.post == CSM and person.username != LEAVER]
IMPORTED_AT = TICK.replace(hour=7)  # scores are made at six


class ImportBroke(Exception):
    """A file of the folder was not taken whole; says which, and why."""


class Replay:
    """A folder on its way from its first day to `now`."""

    def __init__(self, folder: Folder, sources: Mapping[str, Source], *, now: datetime) -> None:
        self.folder, self.sources, self.now = folder, sources, now
        self.deliveries = folder.deliveries(CSMS)

    def run(self) -> None:
        """Every day up to `now`: a tick in the morning, then the files of the day, each decided before the next."""
        day = self.folder.first_day
        while day <= self.folder.today:
            if at(day, TICK) <= self.now:
                pipeline.tick_all(at(day, TICK))
            for delivery in self.deliveries:
                if delivery.day == day:
                    self._import(delivery, min(at(day, IMPORTED_AT), self.now))
            day += timedelta(days=1)

    def _import(self, delivery: Delivery, now: datetime) -> None:
        """Upload one file and land it, as somebody at the imports page would. Raises `ImportBroke`."""
        source = self.sources[delivery.source]
        with tempfile.TemporaryDirectory() as place:
            path = Path(place) / delivery.filename
            if write_rows(path, delivery.rows()) == 0:
                return
            of = start_import(
                file=_blocks(path),
                filename=delivery.filename,
                kind=delivery.kind,
                source=source,
                by=source.owner,
                now=now,
            )
        done = run_import(of.id, now)
        if done.status != ImportStatus.DONE or done.counts.get("rejected"):
            raise ImportBroke(f"{delivery.filename}: {done.status} {done.message} {done.counts}")
        advance(now)


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            yield block
