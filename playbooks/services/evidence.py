"""More evidence for what is open, and causes that went away."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from operator import attrgetter

from django.utils.translation import gettext as _

from core.bulk import AnyId, Id, execute
from core.services import record_acts
from decisions.enums import OutcomeKind
from decisions.services import close_items
from playbooks.queries.dispatching import Case, ids_of
from playbooks.services.ending import end_tasks
from playbooks.services.opening import open_items_of
from playbooks.services.starting import stop_runs_of

AT_WORK = """
SELECT item_id FROM playbooks_task WHERE item_id = ANY(%s) AND status IN ('open', 'claimed', 'snoozed', 'waiting')
ORDER BY id FOR UPDATE
"""
# Count and horizon are the item's, so that adding the same evidence twice changes nothing.
ADD = """
UPDATE playbooks_task AS t SET
    evidence_count = new.evidence_count, expires_at = greatest(t.expires_at, new.expires_at),
    priority = greatest(t.priority, new.priority),
    priority_parts = CASE WHEN new.priority > t.priority THEN new.parts::jsonb ELSE t.priority_parts END,
    version = t.version + 1
FROM unnest(%s::uuid[], %s::int[], %s::timestamptz[], %s::numeric[], %s::text[])
    AS new (item_id, evidence_count, expires_at, priority, parts)
WHERE t.item_id = new.item_id AND t.status IN ('open', 'claimed', 'snoozed', 'waiting')
  AND (t.evidence_count, t.expires_at, t.priority) IS DISTINCT FROM
      (new.evidence_count, greatest(t.expires_at, new.expires_at), greatest(t.priority, new.priority))
"""
WAKE = """
UPDATE playbooks_task SET status = 'open', snoozed_until = NULL, snooze_reason = '', back_to = '', flag = %s,
    lane = CASE WHEN NOT urgent THEN 'today' WHEN touch_by IS NULL THEN 'later' ELSE 'now' END, version = version + 1
WHERE item_id = ANY(%s) AND status = 'snoozed' RETURNING id
"""
STILL_ASKED_FOR = """
SELECT item.id FROM decisions_item item JOIN decisions_stream s
    ON s.account_id = item.account_id AND s.type_id = item.type_id
WHERE item.id = ANY(%s) AND s.response IN ('automated', 'human') AND s.expires_at > %s
"""
TOUCHED = """
SELECT item.id FROM decisions_item item WHERE item.id = ANY(%s) AND (
    item.touched_at IS NOT NULL OR EXISTS (
        SELECT 1 FROM playbooks_task t WHERE t.item_id = item.id AND t.touched_at IS NOT NULL))
"""
FLAG = """
UPDATE playbooks_task SET flag = %s, version = version + 1
WHERE item_id = ANY(%s) AND status IN ('open', 'claimed', 'snoozed', 'waiting') AND flag <> %s
"""


def add_evidence(cases: Sequence[Case], now: datetime) -> None:
    """Raise what is open by what came in: it counts more, lasts longer, is never worth less."""
    weightiest = {case.item_id: case for case in sorted(cases, key=attrgetter("priority")) if case.item_is_open}
    at_work = ids_of(AT_WORK, [list(weightiest)])
    mine = [case for id, case in weightiest.items() if id in at_work]
    if mine:
        columns = zip(*((c.item_id, c.evidence_count, c.expires_at, c.priority, c.parts) for c in mine), strict=True)
        execute(ADD, list(map(list, columns)))


def wake_with_evidence(cases: Sequence[Case], now: datetime) -> None:
    """Evidence that says it got worse: a snooze ends, and its owner is told why."""
    add_evidence(cases, now)
    flag = _("It got worse on %(day)s: the snooze has ended.") % {"day": f"{now:%Y-%m-%d}"}
    woken = ids_of(WAKE, [flag, open_items_of(cases)])
    record_acts("woken", "task", ((id, "it got worse", {}) for id in woken), actor="dispatch", now=now)


def clear_items(cases: Sequence[Case], now: datetime) -> None:
    """The cause is gone: untouched items close themselves and say so, touched ones are flagged.

    What another live stream still asks for stays as it is.
    """
    items = open_items_of(cases)
    items = sorted(set(items) - ids_of(STILL_ASKED_FOR, [items, now]))
    flag = _("The signal cleared on %(day)s: check whether there is still something to do.") % {
        "day": f"{now:%Y-%m-%d}"
    }
    touched = flag_touched(items, flag)
    close_untouched(sorted(set(items) - touched), outcome=OutcomeKind.SIGNAL_CLEARED, why="the signal cleared", now=now)


def touched_among(items: Collection[AnyId]) -> set[Id]:
    """Those items that somebody has begun to work on."""
    return ids_of(TOUCHED, [list(items)])


def flag_touched(items: Collection[AnyId], flag: str) -> set[Id]:
    """Flag the active tasks of those items that somebody has begun to work on; which items these are."""
    touched = touched_among(items)
    execute(FLAG, [flag, list(touched), flag])
    return touched


def close_untouched(
    items: Collection[AnyId], *, outcome: OutcomeKind, why: str, now: datetime, actor: str = "dispatch"
) -> None:
    """Close items with their tasks and runs, by nobody, with the reason on record."""
    if not items:
        return
    end_tasks(items, outcome=outcome, now=now, actor=actor)
    stop_runs_of(items, why=why, now=now)
    close_items(item_ids=items, outcome=outcome, now=now)
    record_acts("closed", "item", ((id, why, {}) for id in items), actor=actor, now=now)
