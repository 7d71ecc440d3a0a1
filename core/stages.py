"""How work climbs from one stage to the next (TRUST.md): lease, work, leave, never twice, never lost.

A stage's rows wait in a `Pending` table, grouped in batches. `Stage.advance` first leases batches in a transaction
of its own (attempt counted, token given, committed), then works and removes them in one transaction that must still
hold the token. A worker that dies leaves a lease that runs out; a batch that fails is halved until the one bad row is
alone, retried with back-off, and after `MAX_ATTEMPTS` becomes a dead letter that a person can replay.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID, uuid4

import msgspec
from django.db import (
    DataError,
    IntegrityError,
    InterfaceError,
    OperationalError,
    ProgrammingError,
    connection,
    transaction,
)
from django.utils.translation import gettext as _

from core.bulk import Id, copy_rows, database_now, execute, fetch_all, read_rows
from core.handing import Handed, handing, row_of, taker_of
from core.ids import uuid7, uuid7_text
from core.models import Act, DeadLetter, Pending, User

log = logging.getLogger(__name__)
MAX_ATTEMPTS = 5
LEASE_SECONDS = 120
BACK_OFF_SECONDS = 2
AT_ONCE = 500  # dead letters replayed by one press of a button
SMALL = 1000  # rows: smaller batches go first, so that one urgent insight never waits behind a file

Work = Callable[[Any, datetime], None]


class Taken(Sequence[Any]):
    """The rows that one worker took, in the order of their ids, as named tuples with the columns of their table.

    They are read when somebody looks at one, since what works by SQL needs their batches and their number alone. By
    plain SQL, with ids as `core.bulk.Id`: making instances would cost more than most of the work.
    """

    def __init__(self, pending: type[Pending], batches: list[UUID]) -> None:
        self.pending, self.batches = pending, batches

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Any]:
        return iter(self._rows)

    def __getitem__(self, at: Any) -> Any:
        return self._rows[at]

    @cached_property
    def _count(self) -> int:
        table = self.pending._meta.db_table
        [(count,)] = fetch_all(f'SELECT count(*) FROM "{table}" WHERE batch_id = ANY(%s)', [self.batches])  # noqa: S608 - ours  # nosec B608
        return int(count)

    @cached_property
    def _rows(self) -> list[Any]:
        table, row = self.pending._meta.db_table, row_of(self.pending)
        columns = ", ".join(row._fields)
        found = read_rows(
            f'SELECT {columns} FROM "{table}" WHERE batch_id = ANY(%s) ORDER BY id',  # noqa: S608 - ours  # nosec B608
            [self.batches],
        )
        return list(map(row._make, found))


class LeaseLost(Exception):
    """The lease ran out and somebody else has the rows."""


class RowUnfit(Exception):
    """What is kept of a dead record cannot be put back in front of its stage; says so."""


class NotInTransaction(Exception):
    """Work was left in autocommit: a worker could take the batch before its rows are there."""


@dataclass(frozen=True)
class Lease:
    """Batches held by one worker until `LEASE_SECONDS` have passed."""

    batches: list[UUID]
    token: UUID
    size: int
    attempts: int


def leave(model: type[Pending], columns: Sequence[str], rows: Sequence[Sequence[Any]], *, stage: str) -> None:
    """Leave `rows` (id first, then `columns`) for `stage`, as one batch, in the caller's transaction.

    Raises NotInTransaction where there is none.
    """
    _require_transaction(stage)
    if not rows:
        return
    if (taker := taker_of(stage)) is not None:
        taker.take(columns, rows)
        return
    batch = uuid7_text()
    _insert_batch(batch, stage, len(rows))
    copy_rows(model._meta.db_table, ["batch_id", "id", *columns], ((batch, *row) for row in rows))


def leave_selected(
    model: type[Pending], columns: Sequence[str], select: str, params: Sequence[Any], *, stage: str
) -> int:
    """Leave what `select` (SQL giving id, then `columns`) finds for `stage`, as one batch; how many rows.

    For rows that need not pass through Python. Raises NotInTransaction as `leave` does.
    """
    _require_transaction(stage)
    batch = uuid7_text()
    names = ", ".join(f'"{column}"' for column in ("batch_id", "id", *columns))
    left = execute(
        f'INSERT INTO "{model._meta.db_table}" ({names}) SELECT %s, found.* FROM ({select}) AS found',  # noqa: S608 - ours  # nosec B608
        [batch, *params],
    )
    if left:
        _insert_batch(batch, stage, left)
    return left


def _require_transaction(stage: str) -> None:
    if connection.get_autocommit():
        raise NotInTransaction(f"leave work for {stage} in the transaction.atomic() of the work that it follows")


def _insert_batch(batch: Id, stage: str, size: int) -> None:
    execute(
        "INSERT INTO core_batch (id, stage, size, attempts, last_error) VALUES (%s, %s, %s, 0, '')",
        [batch, stage, size],
    )


@dataclass(frozen=True)
class Stage:
    """One step of the pipeline: rows of `pending` wait for it, `work` does it for a batch of them.

    `then` is the step that goes on with what this one leaves for it, in the same transaction.
    """

    name: str
    pending: type[Pending]
    work: Work
    rows: int = 5000
    then: Stage | None = None

    def advance(self, now: datetime | None = None) -> int:
        """Lease and do up to `rows` rows; how many were taken (0: nothing is waiting).

        `now` is domain time, the database's clock unless somebody replays a day.
        """
        lease = self._lease()
        if lease is None:
            return 0
        try:
            with transaction.atomic():
                self._present(lease)
                self._work(lease, now or database_now())
        except LeaseLost:
            log.warning("%s: a lease ran out before its work was done", self.name)
        except (OperationalError, InterfaceError):
            raise
        except Exception as error:
            log.exception("%s: a batch of %d failed", self.name, lease.size)
            self._failed(lease, error)
        return lease.size

    def waiting(self) -> int:
        """Rows that wait for this stage."""
        return self.pending._default_manager.count()

    def _lease(self) -> Lease | None:
        """Lease fresh batches together up to `rows`, or one that was tried before, alone."""
        with transaction.atomic():
            found = fetch_all(
                "SELECT id, size, attempts FROM core_batch WHERE stage = %s AND next_attempt_at <= clock_timestamp()"
                " ORDER BY size > %s, next_attempt_at, id LIMIT 200 FOR UPDATE SKIP LOCKED",
                [self.name, SMALL],
            )
            if not found:
                return None
            taken, size, attempts = _together(found, self.rows)
            token = uuid4()
            execute(
                "UPDATE core_batch SET attempts = attempts + 1, token = %s,"
                " leased_until = clock_timestamp() + make_interval(secs => %s),"
                " next_attempt_at = clock_timestamp() + make_interval(secs => %s) WHERE id = ANY(%s)",
                [token, LEASE_SECONDS, LEASE_SECONDS, taken],
            )
        return Lease(taken, token, size, attempts + 1)

    def _present(self, lease: Lease) -> None:
        gone = execute("DELETE FROM core_batch WHERE id = ANY(%s) AND token = %s", [lease.batches, lease.token])
        if gone != len(lease.batches):
            raise LeaseLost(self.name)

    def _work(self, lease: Lease, now: datetime) -> None:
        table, taken = self.pending._meta.db_table, Taken(self.pending, lease.batches)
        if len(taken):
            self._do(taken, now)
        execute(f'DELETE FROM "{table}" WHERE batch_id = ANY(%s)', [lease.batches])  # noqa: S608 - ours  # nosec B608

    def _do(self, rows: Sequence[Any], now: datetime) -> None:
        if self.then is None:
            self.work(rows, now)
            return
        handed = Handed(self.then.name, self.then.pending)
        with handing(handed):
            self.work(rows, now)
        if handed:
            self.then.go_on(handed, now)

    def go_on(self, handed: Handed, now: datetime) -> None:
        """Do what was handed on; where that fails, it waits in its table as if nobody had tried."""
        try:
            with transaction.atomic():
                self._do(handed, now)
        except (OperationalError, InterfaceError):
            raise
        except Exception:
            log.exception("%s: %d rows failed as they were handed on", self.name, len(handed))
            for columns, rows in handed.left:
                leave(self.pending, columns, rows, stage=self.name)

    def _failed(self, lease: Lease, error: Exception) -> None:
        """Halve what failed; a single row waits, and in the end dies."""
        with transaction.atomic():
            for batch in lease.batches:
                self._batch_failed(batch, lease, f"{type(error).__name__}: {error}"[:2000])

    def _batch_failed(self, batch: UUID, lease: Lease, error: str) -> None:
        ids = [*self.pending._default_manager.filter(batch_id=batch).order_by("id").values_list("id", flat=True)]
        if len(ids) > 1:
            self._halve(batch, ids, error)
        elif lease.attempts >= MAX_ATTEMPTS and ids:
            self._bury(batch, ids[0], lease.attempts, error)
        else:
            wait = BACK_OFF_SECONDS * 2**lease.attempts * random.uniform(0.5, 1.5)  # noqa: S311 - jitter
            execute(
                "UPDATE core_batch SET last_error = %s, token = NULL, leased_until = NULL,"
                " next_attempt_at = clock_timestamp() + make_interval(secs => %s) WHERE id = %s",
                [error, wait, batch],
            )

    def _halve(self, batch: UUID, ids: list[UUID], error: str) -> None:
        half = ids[len(ids) // 2 :]
        other = uuid7()
        execute(
            "INSERT INTO core_batch (id, stage, size, attempts, last_error) VALUES (%s, %s, %s, 1, %s)",
            [other, self.name, len(half), error],
        )
        self.pending._default_manager.filter(batch_id=batch, id__in=half).update(batch_id=other)
        execute(
            "UPDATE core_batch SET size = %s, attempts = 1, last_error = %s, token = NULL, leased_until = NULL,"
            " next_attempt_at = clock_timestamp() WHERE id = %s",
            [len(ids) - len(half), error, batch],
        )

    def _bury(self, batch: UUID, record_id: UUID, attempts: int, error: str) -> None:
        waiting = self.pending._default_manager.filter(batch_id=batch, id=record_id)
        row = waiting.values().get()
        DeadLetter.objects.create(
            record_id=record_id, stage=self.name, row=msgspec.to_builtins(row), error=error, attempts=attempts
        )
        waiting.delete()
        execute("DELETE FROM core_batch WHERE id = %s", [batch])


def _together(found: list[tuple[Any, ...]], rows: int) -> tuple[list[UUID], int, int]:
    """The batches to take: the first alone when it was tried before, else fresh ones up to `rows` rows."""
    first, size, attempts = found[0]
    taken = [first]
    if attempts == 0:
        for batch, more, tried in found[1:]:
            if tried == 0 and size + more <= rows:
                taken.append(batch)
                size += more
    return taken, size, attempts


@dataclass(frozen=True)
class Replayed:
    """How many dead records are on their way again, and a sentence about each that could not be put back."""

    count: int
    unfit: list[str]


def replay_dead_letters(stage: str, *, stages: Mapping[str, Stage], by: User, now: datetime) -> Replayed:
    """Put up to `AT_ONCE` dead records of one stage back in front of it, the oldest first; one that is unfit stays."""
    waiting = DeadLetter.objects.filter(stage=stage, replayed_at=None).order_by("died_at").values_list("id", flat=True)
    count, unfit = 0, []
    for letter_id in list(waiting[:AT_ONCE]):
        try:
            replay_dead_letter(letter_id, stages=stages, by=by, now=now)
        except DeadLetter.DoesNotExist:  # somebody else was quicker
            continue
        except RowUnfit as problem:
            unfit.append(str(problem))
        else:
            count += 1
    return Replayed(count, unfit)


def replay_dead_letter(letter_id: UUID, *, stages: Mapping[str, Stage], by: User, now: datetime) -> None:
    """Put a dead record back in front of the stage that gave up on it.

    Raises `DeadLetter.DoesNotExist` when it is unknown or was replayed already, `RowUnfit` when its row does not fit.
    """
    with transaction.atomic():
        letter = DeadLetter.objects.select_for_update().get(id=letter_id, replayed_at=None)
        _put_back(letter, stages)
        letter.replayed_at, letter.replayed_by = now, by
        letter.save(update_fields=["replayed_at", "replayed_by"])
        Act.objects.create(verb="replayed", subject_type="dead_letter", subject_id=str(letter.id), by=by, at=now)


# What a row that does not fit the table of its stage comes to: no mapping, a value of another type, no such column.
UNFIT = (KeyError, TypeError, ValueError, DataError, IntegrityError, ProgrammingError)


def _put_back(letter: DeadLetter, stages: Mapping[str, Stage]) -> None:
    try:
        with transaction.atomic():
            columns = [name for name in letter.row if name not in ("id", "batch_id")]
            row = (letter.record_id, *(letter.row[name] for name in columns))
            leave(stages[letter.stage].pending, columns, [row], stage=letter.stage)
    except UNFIT as error:
        text = _("%(id)s stays here: what is kept of it does not fit its stage. Send the record again from its source.")
        raise RowUnfit(text % {"id": letter.record_id}) from error
