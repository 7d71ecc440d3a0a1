"""The dispatch stage: what was decided becomes a task, a run, evidence, or a place on a watch list."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from core.bulk import AnyId, execute, fetch_all, moment_text
from core.handing import Handed
from decisions.models import Decided
from playbooks.queries.dispatching import Case, cases_of, lock_items
from playbooks.services.evidence import add_evidence, clear_items, wake_with_evidence
from playbooks.services.opening import open_tasks
from playbooks.services.starting import start_runs, stop_runs_for

Handler = Callable[[Sequence[Case], datetime], None]

# These may end an item: its account is locked first, as at a close by a person.
ENDING = {"run", "upgrade", "clear"}
LOCK_ACCOUNTS = """
SELECT id FROM accounts_account WHERE id IN (SELECT account_id FROM decisions_decision WHERE insight_id = ANY(%s))
ORDER BY id FOR NO KEY UPDATE
"""


def dispatch_decisions(rows: Sequence[Decided], now: datetime) -> None:
    """Do what each decision asks for. A row that was dispatched before changes nothing.

    Locks are taken in the order account, item, task, run, counter, each in id order, here and in every use case. What
    is handed on comes with its accounts held since before it was decided: nobody else can change their items.
    """
    acts: dict[AnyId, str] = {row.id: row.act for row in rows}
    if not isinstance(rows, Handed):
        _hold(acts)
    cases = cases_of(acts)
    for act, handle in HANDLERS.items():
        if mine := [case for case in cases if case.act == act]:
            handle(mine, now)


def _hold(acts: Mapping[AnyId, str]) -> None:
    if ending := [id for id, act in acts.items() if act in ENDING]:
        fetch_all(LOCK_ACCOUNTS, [ending])
    lock_items(list(acts))


def take_over(cases: Sequence[Case], now: datetime) -> None:
    """A higher band over a live run: the run stops, a person gets the item."""
    stop_runs_for([case for case in cases if case.item_is_open], now)
    open_tasks(cases, now)


def watch(cases: Sequence[Case], now: datetime) -> None:
    """Put accounts on their owners' watch lists; each insight counts once."""
    newest: dict[tuple[object, str], tuple[Case, int]] = {}
    for case in cases:
        _, times = newest.get((case.account_id, case.type_id), (case, 0))
        newest[case.account_id, case.type_id] = (case, times + 1)
    columns = zip(
        *(
            (
                c.account_id,
                c.type_id,
                c.owner_id,
                str(times),
                str(c.confidence),
                moment_text(c.expires_at),
                c.insight_id,
            )
            for c, times in newest.values()
        ),
        strict=True,
    )
    execute(WATCH, [now, now, *map(list, columns)])


WATCH = """
INSERT INTO playbooks_watch AS w (account_id, type_id, user_id, times, first_at, last_at, confidence, until,
                                  last_insight_id)
SELECT account_id, type_id, user_id, times, %s, %s, confidence, until, insight_id
FROM unnest(%s::uuid[], %s::text[], %s::uuid[], %s::int[], %s::numeric[], %s::timestamptz[], %s::uuid[])
    AS new (account_id, type_id, user_id, times, confidence, until, insight_id)
ORDER BY account_id, type_id
ON CONFLICT (account_id, type_id) DO UPDATE SET
    times = w.times + excluded.times, last_at = excluded.last_at, confidence = excluded.confidence,
    until = greatest(w.until, excluded.until), user_id = excluded.user_id, last_insight_id = excluded.last_insight_id
WHERE w.last_insight_id IS NULL OR w.last_insight_id < excluded.last_insight_id
"""

# In this order an item that has several acts in one batch ends as it would have, one by one.
HANDLERS: dict[str, Handler] = {
    "run": start_runs,
    "task": open_tasks,
    "upgrade": take_over,
    "evidence": add_evidence,
    "evidence_wake": wake_with_evidence,
    "clear": clear_items,
    "watch": watch,
}
