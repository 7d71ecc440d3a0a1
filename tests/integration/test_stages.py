"""Leases, batches, bisection and dead letters: work is never lost and never done twice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

import pytest
from django.db import OperationalError

from core.bulk import execute
from core.ids import uuid7
from core.models import Act, Batch, DeadLetter
from core.stages import MAX_ATTEMPTS, LeaseLost, Stage, leave, replay_dead_letter
from decisions.models import Decided
from insights.models import Believed
from tests.factories import NOW, make_user

pytestmark = pytest.mark.django_db


class Worker:
    """Does rows by noting them; fails on those it is told to. A row's ids come as text."""

    def __init__(self, *poison: UUID) -> None:
        self.poison = set(poison)
        self.done: list[UUID] = []
        self.batches: list[int] = []

    def __call__(self, rows: Sequence[Believed], now: datetime) -> None:
        self.batches.append(len(rows))
        ids = [UUID(row.id) for row in rows]
        if bad := self.poison.intersection(ids):
            raise ValueError(f"cannot do {bad}")
        self.done += ids


def leave_rows(number: int) -> list[UUID]:
    rows = [(uuid7(), uuid7()) for _ in range(number)]
    leave(Believed, ["account_id"], rows, stage="decide")
    return [id for id, _ in rows]


def stage_of(work: Callable[[Sequence[Believed], datetime], None], rows: int = 5000) -> Stage:
    return Stage("decide", Believed, work, rows)


def make_due() -> None:
    """What time does: back-off and leases run out."""
    execute("UPDATE core_batch SET next_attempt_at = clock_timestamp() - interval '1 second'")


def drain(stage: Stage, times: int = 100) -> None:
    for _ in range(times):
        make_due()
        stage.advance(NOW)


def test_small_batches_are_taken_together_up_to_the_limit() -> None:
    for _ in range(5):
        leave_rows(2)
    worker = Worker()
    stage = stage_of(worker, rows=6)
    while stage.advance(NOW):
        pass
    assert worker.batches == [6, 4]
    assert not Batch.objects.exists()
    assert not Believed.objects.exists()


def test_small_batches_go_before_a_file() -> None:
    leave_rows(1500)
    urgent = leave_rows(1)
    worker = Worker()
    stage_of(worker, rows=1000).advance(NOW)
    assert worker.done == urgent


def test_nobody_else_gets_a_leased_batch() -> None:
    leave_rows(3)
    other = Worker()

    def work(rows: Sequence[Believed], now: datetime) -> None:
        assert stage_of(other)._lease() is None

    assert stage_of(work).advance(NOW) == 3


def test_a_lease_that_ran_out_is_taken_over_and_its_first_holder_changes_nothing() -> None:
    ids = leave_rows(3)
    quick = Worker()
    lease = stage_of(Worker())._lease()
    assert lease is not None
    make_due()
    assert stage_of(quick).advance(NOW) == 3
    assert quick.done == ids
    with pytest.raises(LeaseLost):
        stage_of(Worker())._present(lease)


def test_poison_is_found_by_halving_and_everything_else_is_done() -> None:
    ids = leave_rows(64)
    worker = Worker(ids[10], ids[50])
    drain(stage_of(worker))
    assert sorted(worker.done) == sorted(set(ids) - worker.poison)
    assert {letter.record_id for letter in DeadLetter.objects.all()} == worker.poison
    assert {letter.attempts for letter in DeadLetter.objects.all()} == {MAX_ATTEMPTS}
    assert not Batch.objects.exists()


class Next:
    """A stage with another that goes on at once: the first passes its rows on, the second does them."""

    def __init__(self, *poison: UUID) -> None:
        self.worker = Worker(*poison)
        self.seen: list[tuple[bool, int]] = []
        self.next = Stage("dispatch", Decided, self._do)
        self.first = Stage("decide", Believed, self._pass_on, then=self.next)

    def _pass_on(self, rows: Sequence[Believed], now: datetime) -> None:
        leave(Decided, ["act"], [(row.id, "task") for row in rows], stage="dispatch")

    def _do(self, rows: Sequence[Decided], now: datetime) -> None:
        self.seen.append((Decided.objects.exists(), len(rows)))
        assert {row.act for row in rows} == {"task"}
        self.worker(rows, now)


def test_what_is_handed_on_is_done_at_once_and_never_written_down() -> None:
    ids = leave_rows(3)
    both = Next()
    assert both.first.advance(NOW) == 3
    assert both.worker.done == ids
    assert both.seen == [(False, 3)]
    assert not Batch.objects.exists()


def test_what_fails_as_it_is_handed_on_waits_and_what_came_before_stands() -> None:
    ids = leave_rows(8)
    both = Next(ids[5])
    both.first.advance(NOW)
    assert not Believed.objects.exists()
    assert {row.id for row in Decided.objects.all()} == set(ids)
    assert both.worker.done == []
    drain(both.next)
    assert sorted(both.worker.done) == sorted(set(ids) - {ids[5]})
    assert [(letter.stage, letter.record_id) for letter in DeadLetter.objects.all()] == [("dispatch", ids[5])]


def test_a_lost_connection_takes_all_of_it_back() -> None:
    leave_rows(3)

    def work(rows: Sequence[Decided], now: datetime) -> None:
        raise OperationalError("the server is gone")

    both = Next()
    first = replace(both.first, then=Stage("dispatch", Decided, work))
    with pytest.raises(OperationalError):
        first.advance(NOW)
    assert Believed.objects.count() == 3
    assert not Decided.objects.exists()


def test_a_failing_row_waits_longer_every_time() -> None:
    (id,) = leave_rows(1)
    stage = stage_of(Worker(id))
    stage.advance(NOW)
    batch = Batch.objects.get()
    assert batch.attempts == 1
    assert "cannot do" in batch.last_error
    assert stage.advance(NOW) == 0


def test_a_dead_letter_can_be_replayed_once() -> None:
    (id,) = leave_rows(1)
    worker = Worker(id)
    stage = stage_of(worker)
    drain(stage, MAX_ATTEMPTS)
    letter, by = DeadLetter.objects.get(), make_user(role="ops")
    worker.poison.clear()
    replay_dead_letter(letter.id, stages={"decide": stage}, by=by, now=NOW)
    assert stage.advance(NOW) == 1
    assert worker.done == [id]
    assert Act.objects.get().verb == "replayed"
    with pytest.raises(DeadLetter.DoesNotExist):
        replay_dead_letter(letter.id, stages={"decide": stage}, by=by, now=NOW)
