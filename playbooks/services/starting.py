"""Starting and stopping automated runs for decisions, in batches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime

from django.utils.translation import ngettext

from core.bulk import AnyId, Id, copy_lines, moment_text, read_rows
from core.ids import uuid7_text
from core.services import raise_alert, record_acts
from decisions.enums import OutcomeKind, Response
from decisions.queries.policies import switches_thrown
from decisions.services import close_items
from playbooks.enums import RunStepStatus
from playbooks.queries.dispatching import Case, ids_of
from playbooks.services.ending import end_tasks
from playbooks.services.opening import (
    RUN_COLUMNS,
    STEP_COLUMNS,
    Book,
    open_tasks,
    run_line,
)

KNOWN_RUNS = """
SELECT item_id FROM playbooks_run WHERE item_id = ANY(%s)
UNION ALL SELECT item_id FROM playbooks_task WHERE item_id = ANY(%s)
"""
STOP = """
WITH stopped AS (
    UPDATE playbooks_run SET status = 'stopped', ended_at = %s, ended_why = %s
    WHERE item_id = ANY(%s) AND status = 'live' RETURNING id
), skipped AS (
    UPDATE playbooks_runstep SET status = 'skipped', done_at = %s
    WHERE run_id IN (SELECT id FROM stopped) AND status IN ('due', 'open')
), cancelled AS (
    UPDATE playbooks_effect SET status = 'cancelled', last_error = %s
    WHERE status = 'due' AND run_step_id IN (
        SELECT id FROM playbooks_runstep WHERE run_id IN (SELECT id FROM stopped))
)
SELECT id FROM stopped
"""


def start_runs(cases: Sequence[Case], now: datetime) -> None:
    """Start the automated playbook of each open item that has had none.

    Switched off meanwhile: not started, the item passed to its team by an alert. No such playbook: a person's task.
    """
    fresh = _never_started(cases)
    thrown = switches_thrown()
    whys = {case.insight_id: switch_for(case.type_id, case.playbook, case.source, thrown) for case in fresh if thrown}
    _not_started({case: why for case in fresh if (why := whys.get(case.insight_id))}, now)
    allowed = [case for case in fresh if not whys.get(case.insight_id)]
    book = Book.of(allowed, now)
    runs = {uuid7_text(): case for case in allowed if case.playbook in book.plans}
    copy_lines("playbooks_run", RUN_COLUMNS, (run_line(id, case, book, automated=True) for id, case in runs.items()))
    copy_lines(
        "playbooks_runstep",
        STEP_COLUMNS,
        (
            "\t".join((uuid7_text(), id, book.plans[case.playbook].steps[0].id, RunStepStatus.DUE, moment_text(now)))
            for id, case in runs.items()
        ),
    )
    record_acts(
        "started", "run", ((id, case.playbook, {"decision": case.insight_id}) for id, case in runs.items()),
        actor="dispatch", now=now,
    )  # fmt: skip
    open_tasks([case for case in allowed if case.playbook not in book.plans], now)


def switch_for(type: str, playbook: str, source: str, thrown: Collection[str]) -> str:
    """The kill switch that stops this automation, or ""."""
    mine = ("all", f"type {type}", f"playbook {playbook}", f"source {source}")
    return next((switch for switch in mine if switch in thrown), "")


def stop_runs_for(cases: Sequence[Case], now: datetime) -> None:
    """Stop the live runs of these items because a person takes over; the tasks of their steps end with them."""
    items = [case.item_id for case in cases if case.item_id]
    stopped = stop_runs_of(items, why="a higher band: a person takes over", now=now)
    end_tasks(items, outcome=OutcomeKind.HANDED_TO_HUMAN, now=now, steps_only=True)
    record_acts("stopped", "run", ((id, "a higher band", {}) for id in stopped), actor="dispatch", now=now)


def stop_runs_of(items: Collection[AnyId], *, why: str, now: datetime) -> list[Id]:
    """End the live runs of items: steps still to come are skipped, mail not yet sent is cancelled. The runs."""
    return [id for (id,) in read_rows(STOP, [now, why[:200], list(items), now, why])]


def _never_started(cases: Sequence[Case]) -> list[Case]:
    """Open items of the automated band that neither a run nor a person has worked on yet; one case each."""
    items = {c.item_id: c for c in reversed(cases) if c.item_is_open and c.item_response == Response.AUTOMATED}
    known = ids_of(KNOWN_RUNS, [list(items), list(items)])
    return sorted(case for id, case in items.items() if id not in known)


def _not_started(stopped: dict[Case, str], now: datetime) -> None:
    """Close what a switch stopped, with the reason on record, and tell each team how many there were."""
    if not stopped:
        return
    close_items(item_ids=[c.item_id for c in stopped if c.item_id], outcome=OutcomeKind.HANDED_TO_HUMAN, now=now)
    record_acts(
        "not_started", "item", ((c.item_id or c.insight_id, f"switched off: {why}", {"decision": c.insight_id})
                                for c, why in stopped.items()),
        actor="dispatch", now=now,
    )  # fmt: skip
    tell_of_switch(Counter(case.team_id for case in stopped), now)


def tell_of_switch(counts: Counter[Id | None], now: datetime) -> None:
    """Alert teams of automation that a kill switch stopped."""
    for team, count in counts.items():
        text = ngettext(
            "Automation is switched off: %(count)d playbook was stopped. Its account is yours.",
            "Automation is switched off: %(count)d playbooks were stopped. Their accounts are yours.",
            count,
        )
        raise_alert(
            "automation_off", text % {"count": count}, on_day=now.date(), now=now, team_id=team, data={"count": count}
        )
