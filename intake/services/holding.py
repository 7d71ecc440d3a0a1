"""What a feed brings that runs beside another: kept as it came, and not believed until somebody switches.

It goes through the same door and the same checks as everything else; only the last step is another.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from decimal import Decimal
from hashlib import blake2b
from typing import Any
from uuid import UUID

import msgspec
from msgspec.structs import replace

from core.bulk import fetch_all
from core.ids import uuid7
from core.written import fetch_planned
from intake.enums import Landing
from intake.models import Held
from intake.rules import Arrival, Kind, Result, Stated
from intake.services.landing import reused

# Shared: calls of one feed do not wait for each other, and whoever ends the run waits for all of them.
BESIDE = """
SELECT id FROM intake_parallelrun WHERE new_id = %s AND status = 'running' FOR SHARE
"""
_loosely = msgspec.json.Decoder(float_hook=Decimal)
_exactly = msgspec.json.Encoder(decimal_format="number")


def run_beside(arrival: Arrival) -> UUID | None:
    """The parallel run in which this source is the new one; it does not end before the caller's transaction does."""
    found = fetch_planned(BESIDE, [arrival.source_id])
    return found[0][0] if found else None


def hold(kind: Kind, items: Sequence[Any], raw: Sequence[bytes], arrival: Arrival, run_id: UUID) -> list[Result]:
    """Keep what these records say, in the caller's transaction; one result an item, in order."""
    fetch_all("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"held {run_id} {kind.name}"])
    stated = kind.state(items, arrival, run_id) if kind.state else [Stated("") for _item in items]
    names = [
        one.external_id or blake2b(body, digest_size=16).hexdigest() for one, body in zip(stated, raw, strict=True)
    ]
    call = _Call(kind, arrival, run_id, names)
    results = [call.take(name, one, body) for name, one, body in zip(names, stated, raw, strict=True)]
    call.write()
    return results


class _Call:
    """The held records of one call: as they stood, and what becomes of them."""

    def __init__(self, kind: Kind, arrival: Arrival, run_id: UUID, names: Collection[str]) -> None:
        self.kind, self.arrival, self.run_id = kind, arrival, run_id
        held = Held.objects.filter(run=run_id, kind=kind.name, external_id__in=names)
        self.held = {row.external_id: row for row in held}
        self.touched: dict[str, Held] = {}
        self.comes_again = Landing.UPDATED in kind.statuses

    def take(self, name: str, stated: Stated, raw: bytes) -> Result:
        if stated.problems:
            return Result(Landing.REJECTED, errors=stated.problems)
        return replace(self._take(name, stated, raw), warnings=stated.warnings)

    def _take(self, name: str, stated: Stated, raw: bytes) -> Result:
        row, body = self.held.get(name), raw.decode()
        if row is None:
            return self._new(name, stated, body)
        if not self.comes_again:
            same = row.payload == body
            return Result(Landing.DUPLICATE, row.pk) if same else Result(Landing.REJECTED, errors=(reused(name),))
        laid = body if row.payload == body else laid_over(row.payload, body, whole=self.kind.one_of)
        is_linked = stated.account_id is not None and stated.account_id != row.account_id
        if laid == row.payload and not is_linked:
            return Result(Landing.UNCHANGED, row.pk)
        row.payload, row.is_doubtful = laid, stated.is_doubtful
        row.account_id = stated.account_id or row.account_id
        row.at, row.import_id = stated.at or self.arrival.now, self.arrival.import_id
        row.values |= {
            field: entry for field, entry in stated.values.items() if row.values.get(field, [None])[0] != entry[0]
            or field not in row.values
        }  # fmt: skip
        self.touched[name] = row
        return Result(Landing.UPDATED, row.pk)

    def _new(self, name: str, stated: Stated, body: str) -> Result:
        now = self.arrival.now
        row = Held(
            id=uuid7(), run_id=self.run_id, kind=self.kind.name, external_id=name, slot=stated.slot,
            account_id=stated.account_id, is_doubtful=stated.is_doubtful, values=dict(stated.values), payload=body,
            at=stated.at or now, landed_at=now, import_id=self.arrival.import_id,
        )  # fmt: skip
        self.held[name] = self.touched[name] = row
        return Result(Landing.CREATED if self.comes_again else Landing.ACCEPTED, row.pk)

    def write(self) -> None:
        Held.objects.bulk_create(
            self.touched.values(),
            batch_size=2000,
            update_conflicts=True,
            unique_fields=["run", "kind", "external_id"],
            update_fields=["account_id", "is_doubtful", "values", "payload", "at", "import_id"],
        )


def laid_over(below: str, above: str, *, whole: Collection[str]) -> str:
    """The JSON object `above` laid over `below`; objects in it too, but for those called in `whole`."""
    was, now = _loosely.decode(below), _loosely.decode(above)
    laid = _lay(was, now, whole)
    return below if laid == was else _exactly.encode(laid).decode()


def _lay(below: dict[str, Any], above: dict[str, Any], whole: Collection[str] = ()) -> dict[str, Any]:
    return below | {
        name: _lay(below[name], value)
        if name not in whole and isinstance(value, dict) and isinstance(below.get(name), dict)
        else value
        for name, value in above.items()
    }
