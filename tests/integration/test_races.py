"""Many at once: one key, one task, one switch. What only one may do happens once; what is stopped stays stopped."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import TypeVar

import pytest
from django.db import OperationalError, connection, transaction

from core.models import StoredResponse
from core.stages import Stage
from decisions.enums import SwitchScope
from decisions.models import Allocation, Decided, Decision, HoldOut, Item
from decisions.services import decide_insights, throw_switch
from insights.models import Believed
from intake.models import Record
from playbooks.models import Effect, Run, Task, TaskNote
from playbooks.services import advance_runs, dispatch_decisions
from playbooks.services.tasks import TaskChanged, close_task
from tests.conftest import ApiClient
from tests.factories import NOW, make_account, make_hold_out, make_insight, make_source, make_token, make_user
from tests.floor import Floor

T = TypeVar("T")
AT_ONCE = 16


def at_once(jobs: Sequence[Callable[[], T]], threads: int = AT_ONCE) -> list[T]:
    """Do all jobs, `threads` of them beginning at the same moment; what each returned."""
    barrier = threading.Barrier(threads)

    def begin() -> None:
        barrier.wait(timeout=20)

    def run(job: Callable[[], T]) -> T:
        try:
            return job()
        finally:
            connection.close()

    with ThreadPoolExecutor(threads, initializer=begin) as pool:
        return [future.result() for future in [pool.submit(run, job) for job in jobs]]


@pytest.mark.django_db
def test_a_second_close_of_one_task_is_told_by_whom_it_was_closed() -> None:
    floor = Floor()
    task = floor.task()
    close_task(task_id=task.pk, by=floor.lead, version=task.version, outcome="risk_resolved", now=NOW)
    with pytest.raises(TaskChanged, match="lena"):
        close_task(task_id=task.pk, by=floor.ana, version=task.version, outcome="risk_resolved", now=NOW)


def test_sixty_four_calls_with_one_idempotency_key_have_one_effect(committed: None) -> None:
    source = make_source("house")
    make_account(external_id="A17", source=source)
    token = make_token(source)[1]
    item = {
        "external_id": "sc-1", "type": "churn_risk", "account": {"external_id": "A17"}, "confidence": 0.93,
        "model": "house-logit", "model_version": "1", "scored_at": "2026-03-01T06:00:00Z",
    }  # fmt: skip

    def post() -> tuple[int, str]:
        answer = ApiClient(token).send("/api/v1/insights", item, Idempotency_Key="one")
        return answer.status_code, answer.json().get("id", "")

    answers = at_once([post] * 64)
    record = Record.objects.get()
    assert {status for status, _ in answers} <= {201, 409}
    assert {id for status, id in answers if status == 201} == {str(record.id)}
    assert StoredResponse.objects.count() == 1


def test_of_sixteen_people_closing_one_task_one_closes_it_and_fifteen_are_told(committed: None) -> None:
    floor = Floor()
    task = floor.task()

    def close() -> str:
        try:
            close_task(
                task_id=task.pk, by=floor.ana, version=task.version, outcome="risk_resolved", note="Done.", now=NOW
            )
        except TaskChanged as changed:
            return f"told: {changed.task.outcome}"
        return "closed"

    assert Counter(at_once([close] * 16)) == {"closed": 1, "told: risk_resolved": 15}
    task = Task.objects.get()
    assert (task.version, task.closed_by) == (2, floor.ana)
    assert TaskNote.objects.count() == 1
    assert Item.objects.get().outcome == "risk_resolved"


@pytest.mark.parametrize("handing", [True, False])
def test_nothing_automated_begins_once_the_switch_is_thrown(committed: None, handing: bool) -> None:
    """Workers race the switch; each time it is thrown, the runs that are there are all there will be."""
    floor = Floor()
    dispatch = Stage("dispatch", Decided, dispatch_decisions, rows=2)
    stages = (
        Stage("decide", Believed, decide_insights, rows=2, then=dispatch if handing else None),
        dispatch,
    )
    stopping = threading.Event()

    def work() -> None:
        while not stopping.is_set():
            try:
                if not sum(stage.advance(NOW) for stage in stages):
                    stopping.wait(0.01)
            except OperationalError:
                connection.close()

    def throw(off: bool) -> None:
        throw_switch(scope=SwitchScope.ALL, value="", off=off, by=floor.lead, why="a test", now=NOW)

    def race() -> list[tuple[int, int]]:
        found = []
        try:
            for _ in range(6):
                for _ in range(8):
                    with transaction.atomic():
                        make_insight(floor.new_account(), "0.80", source=floor.source)
                wait_for(lambda: Run.objects.count() > (found[-1][1] if found else 0))
                throw(off=True)
                before = Run.objects.count()
                wait_for(lambda: not (Believed.objects.exists() or Decided.objects.exists()))
                found.append((before, Run.objects.count()))
                throw(off=False)
        finally:
            stopping.set()
        return found

    *_, counts = at_once([work, work, work, race], threads=4)
    assert counts
    for before, after in counts:
        assert before == after
    assert Decision.objects.count() == 48
    assert Run.objects.count() + Decision.objects.filter(suppressed_by="kill_switch").count() <= 48


def test_four_workers_draw_every_slot_once(committed: None) -> None:
    floor = Floor()
    make_hold_out(make_user("noor", role="leader"), human_share=Decimal("0.20"))
    for _ in range(40):
        make_insight(floor.new_account(), "0.95", source=floor.source)
    decide = Stage("decide", Believed, decide_insights, rows=2)

    def work() -> None:
        while Believed.objects.exists():
            decide.advance(NOW)

    at_once([work] * 4, threads=4)
    arms = list(Allocation.objects.order_by("block", "slot"))
    assert [(arm.block, arm.slot) for arm in arms] == [divmod(position, 5) for position in range(40)]
    assert Counter(arm.block for arm in arms if arm.held) == dict.fromkeys(range(8), 1)
    assert HoldOut.objects.get().drawn == {arms[0].stratum: 40}
    held = set(Decision.objects.filter(suppressed_by="hold_out").values_list("account_id", flat=True))
    assert held == {arm.account_id for arm in arms if arm.held}


def test_four_engines_do_each_step_once(committed: None) -> None:
    floor = Floor()
    for _ in range(12):
        make_insight(floor.new_account(), "0.80", source=floor.source)
    floor.work()
    # What one engine holds, the others leave; the last one finds nothing left to do.
    assert sum(at_once([lambda: advance_runs(NOW)] * 4, threads=4)) + advance_runs(NOW) == 24
    assert (Effect.objects.count(), Task.objects.count()) == (12, 12)
    assert set(Run.objects.values_list("status", flat=True)) == {"live"}


def wait_for(condition: Callable[[], bool]) -> None:
    """Patience, not timing: fails only when nothing happens for very long."""
    pause = threading.Event()
    for _ in range(2000):
        if condition():
            return
        pause.wait(0.01)
    raise AssertionError("nothing happened")
