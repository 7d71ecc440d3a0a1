"""Taking what comes through the doors of client libraries: what cannot be taken is kept apart, one by one.

Their callers drop a whole batch that is refused, and nobody there reads why. So a call is answered as taken, and a bad
record waits here with its reason until somebody replays or discards it.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import DatabaseError, InterfaceError, OperationalError, transaction
from django.utils.translation import gettext as _

from core.models import User
from core.services import record_act
from intake.enums import Landing
from intake.models import Quarantined, Source
from intake.queries import namespace_of
from intake.rules import ERASED, Arrival, Kind, Problem, Result
from intake.services.kinds import find
from intake.services.taking import take

log = logging.getLogger(__name__)
REPLAYED_AT_ONCE = 500


class QuarantineRefused(Exception):
    """It cannot be done; says what to do."""


@dataclass(frozen=True)
class Replayed:
    """How many were taken now, how many stay, and why the first of those does."""

    taken: int
    left: int
    why: str = ""


def take_or_quarantine(kind: Kind, raw_items: Sequence[bytes], arrival: Arrival) -> list[Result]:
    """Take what can be taken and put the rest into quarantine, all of it committed together; a result an item."""
    try:
        with transaction.atomic():
            return _take_all(kind, raw_items, arrival)
    except (OperationalError, InterfaceError):
        raise
    except (DatabaseError, ValueError, ArithmeticError, LookupError, TypeError) as error:
        # Its words would hold what arrived, which is not for the log.
        log.warning("a batch of %d %s failed (%s): one by one", len(raw_items), kind.name, type(error).__name__)
    with transaction.atomic():
        return [_take_alone(kind, raw, arrival) for raw in raw_items]


def _take_all(kind: Kind, raw_items: Sequence[bytes], arrival: Arrival) -> list[Result]:
    results = take(kind, raw_items, arrival)
    Quarantined.objects.bulk_create(
        [
            _kept(kind, raw, result.errors[0], arrival)
            for raw, result in zip(raw_items, results, strict=True)
            if result.status == Landing.REJECTED
        ],
        batch_size=1000,
    )
    return results


def _take_alone(kind: Kind, raw: bytes, arrival: Arrival) -> Result:
    """One item, which has made the whole batch fail, or stood beside it."""
    try:
        with transaction.atomic():
            return _take_all(kind, [raw], arrival)[0]
    except (OperationalError, InterfaceError):
        raise
    except (DatabaseError, ValueError, ArithmeticError, LookupError, TypeError) as error:
        problem = Problem("", "failed", _("It could not be written: %s") % str(error).partition("\n")[0])
        _kept(kind, raw, problem, arrival).save(force_insert=True)
        return Result(Landing.REJECTED, errors=(problem,))


def _kept(kind: Kind, raw: bytes, problem: Problem, arrival: Arrival) -> Quarantined:
    """As it came; of somebody who was erased nothing but that it came, and there is nothing to replay."""
    erased = problem.code == ERASED
    return Quarantined(
        source_id=arrival.source_id,
        kind=kind.name,
        payload="" if erased else raw.decode(errors="replace").replace("\x00", ""),
        settled_at=arrival.now if erased else None,
        discarded=erased,
        why=problem.message if erased else "",
        field=problem.field[:120],
        code=problem.code,
        message=problem.message,
        sent_at=arrival.sent_at,
        received_at=arrival.received_at or arrival.now,
    )


def replay_quarantined(*, ids: Sequence[int] | None = None, by: User, now: datetime) -> Replayed:
    """Try these again, or the `REPLAYED_AT_ONCE` oldest; what still cannot be taken stays, with its reason of today.

    Those that were settled meanwhile are left alone.
    """
    with transaction.atomic():
        waiting = Quarantined.objects.filter(settled_at=None).select_related("source").order_by("id")
        chosen = waiting if ids is None else waiting.filter(id__in=ids)
        rows = list(chosen.select_for_update(of=("self",))[:REPLAYED_AT_ONCE])
        results = [_try_again(row, now) for row in rows]
        taken = [row for row, result in zip(rows, results, strict=True) if result.status != Landing.REJECTED]
        left = [result for result in results if result.status == Landing.REJECTED]
        for row in taken:
            row.settled_at, row.settled_by = now, by
        Quarantined.objects.bulk_update(
            rows, ["settled_at", "settled_by", "field", "code", "message", "payload", "discarded", "why"]
        )
        for source in {row.source for row in taken}:
            count = sum(row.source_id == source.id for row in taken)
            record_act("quarantine_replayed", source, by=by, now=now, data={"count": count})
    return Replayed(len(taken), len(left), left[0].errors[0].message if left else "")


def _try_again(row: Quarantined, now: datetime) -> Result:
    source: Source = row.source
    arrival = Arrival(
        source.id, source.slug, namespace_of(source), now, f"source {source.slug}", None, row.sent_at, row.received_at
    )
    try:
        with transaction.atomic():
            result = take(find(row.kind), [row.payload.encode()], arrival, is_replay=True)[0]
    except (OperationalError, InterfaceError):
        raise
    except (DatabaseError, ValueError, ArithmeticError, LookupError, TypeError) as error:
        problem = Problem("", "failed", _("It could not be written: %s") % str(error).partition("\n")[0])
        result = Result(Landing.REJECTED, errors=(problem,))
    if result.errors:
        found = result.errors[0]
        row.field, row.code, row.message = found.field[:120], found.code, found.message
        if found.code == ERASED:  # since it came
            row.payload, row.discarded, row.why, row.settled_at = "", True, found.message, now
    return result


def discard_quarantined(*, ids: Sequence[int], why: str, by: User, now: datetime) -> int:
    """Settle these without taking them; how many waited. They stay to be read. Raises `QuarantineRefused`."""
    if not why.strip():
        raise QuarantineRefused(_("Say why they are not needed, for whoever looks for them."))
    with transaction.atomic():
        rows = list(
            Quarantined.objects.filter(id__in=ids, settled_at=None)
            .select_related("source")
            .select_for_update(of=("self",))
        )
        for row in rows:
            row.settled_at, row.settled_by, row.discarded, row.why = now, by, True, why.strip()
        Quarantined.objects.bulk_update(rows, ["settled_at", "settled_by", "discarded", "why"])
        for source in {row.source for row in rows}:
            count = sum(row.source_id == source.id for row in rows)
            record_act("quarantine_discarded", source, by=by, now=now, why=why, data={"count": count})
    return len(rows)
