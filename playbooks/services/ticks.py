"""The tick: what happens because time has passed. Set-based; run every minute, and safe to run twice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, cast

from django.db import transaction
from django.db.models import Aggregate, Count, Max
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.bulk import Id, execute, read_rows
from core.services import raise_alert, record_acts
from core.templatetags.cx import short_money
from decisions.enums import OutcomeKind
from decisions.queries.facts import lock_accounts
from playbooks.models import Task
from playbooks.queries.dispatching import Owner, ids_of, owners, service_levels
from playbooks.queries.filters import NEXT_DUE
from playbooks.queries.standings import by_team, of_kinds
from playbooks.rules.cap import Urgent, those_released
from playbooks.rules.lanes import SOON
from playbooks.services.capacity import lock_rooms, take_room
from playbooks.services.digests import write_digests
from playbooks.services.evidence import close_untouched, flag_touched
from playbooks.services.opening import due_after
from playbooks.services.stepping import finish_idle_runs

SNOOZED = """
UPDATE playbooks_task SET status = CASE WHEN touched_at IS NULL THEN 'open' ELSE 'claimed' END,
    lane = CASE WHEN urgent AND touched_at IS NULL THEN coalesce(nullif(back_to, ''), 'now')
        WHEN back_to = 'now' THEN 'now' ELSE 'today' END, back_to = '',
    snoozed_until = NULL, version = version + 1
WHERE status = 'snoozed' AND snoozed_until <= %s RETURNING id
"""
# The time spent waiting on the customer is given back to what was due meanwhile.
WAITED = """
UPDATE playbooks_task t SET status = 'claimed', lane = 'today', back_to = '',
    due_at = t.due_at + coalesce(%(now)s - t.paused_at, interval '0'),
    touch_by = t.touch_by + coalesce(%(now)s - t.paused_at, interval '0'),
    paused_at = NULL, flag = %(flag)s, version = t.version + 1
FROM core_user u
WHERE t.status = 'waiting' AND u.id = t.assignee_id AND t.next_step_on <= (%(now)s AT TIME ZONE u.timezone)::date
RETURNING t.id
"""
# `rules.lanes.lane_for` as time goes by. The version stays, so that whoever works on one of them is not stopped; those
# that somebody has in hand this very moment go up at the next tick.
RISING = """
UPDATE playbooks_task SET lane = rising.lane
FROM (
    SELECT t.id, CASE WHEN t.due_at <= %(soon)s THEN 'now' ELSE 'today' END AS lane
    FROM playbooks_task t LEFT JOIN core_user u ON u.id = t.assignee_id
    WHERE t.lane IN ('today', 'later') AND t.status IN ('open', 'claimed') AND t.due_at <= %(tomorrow)s
        AND NOT (t.urgent AND t.touched_at IS NULL)
        AND (t.due_at <= %(soon)s OR t.lane = 'later' AND (t.due_at AT TIME ZONE coalesce(u.timezone, 'UTC'))::date
            <= (%(now)s AT TIME ZONE coalesce(u.timezone, 'UTC'))::date)
    FOR UPDATE OF t SKIP LOCKED
) AS rising
WHERE playbooks_task.id = rising.id
"""
WAITING_IN_LATER = """
SELECT t.assignee_id, t.id, t.priority, coalesce(a.tier, '')
FROM playbooks_task t LEFT JOIN accounts_account a ON a.id = t.account_id
WHERE t.lane = 'later' AND t.urgent AND t.touched_at IS NULL AND t.status IN ('open', 'claimed')
    AND t.assignee_id IS NOT NULL
"""
# Its service level begins now: nobody is late with what they were not given yet.
RELEASE = """
UPDATE playbooks_task t SET lane = 'now', acknowledge_by = new.acknowledge_by, touch_by = new.touch_by,
    due_at = CASE WHEN t.acknowledged_at IS NULL THEN new.acknowledge_by ELSE new.touch_by END, version = t.version + 1
FROM unnest(%s::uuid[], %s::timestamptz[], %s::timestamptz[]) AS new (id, acknowledge_by, touch_by)
WHERE t.id = new.id AND t.lane = 'later'
"""
EXPIRED = """
SELECT t.id, t.item_id, t.account_id FROM playbooks_task t
WHERE t.expires_at <= %s AND t.status IN ('open', 'claimed', 'snoozed', 'waiting') AND t.item_id IS NOT NULL
    AND (t.touched_at IS NULL OR t.flag = '')
"""
# Revenue in the reporting currency where a rate is known; what is not known is left out, never counted as nothing.
CAPPED = """
SELECT u.team_id, coalesce(nullif(trim(u.first_name || ' ' || u.last_name), ''), u.username), count(*),
       sum((SELECT (part ->> 1)::numeric FROM jsonb_array_elements(t.priority_parts) part
            WHERE part ->> 0 = 'revenue exposed' AND part ->> 1 IS NOT NULL LIMIT 1)),
       coalesce((SELECT reporting_currency FROM core_organisation LIMIT 1), '')
FROM playbooks_task t JOIN core_user u ON u.id = t.assignee_id
WHERE t.lane = 'later' AND t.urgent AND t.touched_at IS NULL AND t.status IN ('open', 'claimed')
GROUP BY u.team_id, u.id ORDER BY 4 DESC NULLS LAST, 2
"""
KNOWN_TODAY = "SELECT team_id, kind, data ->> 'state' FROM core_alert WHERE on_day = %s AND kind = ANY(%s)"


def tick(now: datetime) -> None:
    """Wake, release, expire, warn, and make room for next month's records: each in a transaction of its own."""
    for part in PARTS:
        with transaction.atomic():
            part(now)


def wake_snoozed(now: datetime) -> int:
    """Snoozed tasks whose moment has come go back to their lane; how many."""
    woken = ids_of(SNOOZED, [now])
    record_acts("woken", "task", ((id, "its snooze ended", {}) for id in woken), actor="tick", now=now)
    return len(woken)


def resume_waiting(now: datetime) -> int:
    """Tasks that waited on the customer come back on the day of their next step; how many."""
    back = ids_of(WAITED, {"now": now, "flag": _("Ask again: today is the day you planned for it.")})
    record_acts("resumed", "task", ((id, "its next step is today", {}) for id in back), actor="tick", now=now)
    return len(back)


def raise_what_is_due(now: datetime) -> int:
    """Tasks whose day or hour has come go up to Today and to Now; how many."""
    return execute(RISING, {"now": now, "soon": now + SOON, "tomorrow": now + timedelta(days=1)})


def release_from_later(now: datetime) -> int:
    """Later → Now by priority, as far as each person's day has room; how many."""
    waiting: dict[Id, list[Urgent]] = defaultdict(list)
    tiers: dict[Id, str] = {}
    for owner, id, priority, tier in read_rows(WAITING_IN_LATER):
        waiting[owner].append(Urgent(id, priority, passes=False))
        tiers[id] = tier
    people = [person for person in owners(waiting).values() if person.is_active]
    rooms = lock_rooms(people, now)
    released = {id: those_released(waiting[id], rooms[id]) for id in rooms}
    freed = {id: owner for owner, ids in released.items() for id in ids}
    if freed:
        execute(RELEASE, _dues(people, released, tiers, now))
        take_room(people, {id: len(ids) for id, ids in released.items()}, now)
        rows = ((id, "there is room for it today", {"to": str(owner)}) for id, owner in freed.items())
        record_acts("released", "task", rows, actor="tick", now=now)
    return len(freed)


def _dues(
    people: Iterable[Owner], released: Mapping[Id, Collection[Id]], tiers: Mapping[Id, str], now: datetime
) -> list[list[Any]]:
    """Until when each released task is to be acknowledged, and acted on: (ids, moments, moments)."""
    levels = service_levels()
    rows = [
        (id, due_after(now, level.acknowledge_hours, person.hours), due_after(now, level.touch_hours, person.hours))
        for person in people
        for id in released[person.id]
        for level in (levels.get(tiers[id]) or levels[""],)
    ]
    return [list(column) for column in zip(*rows, strict=True)]


def expire(now: datetime) -> int:
    """Tasks whose newest evidence has run out: untouched ones end as expired, touched ones are flagged; how many."""
    found = read_rows(EXPIRED, [now])
    if not found:
        return 0
    lock_accounts(sorted({account for _id, _item, account in found}))
    items = sorted({item for _id, item, _account in found})
    flag = _("Its window closed on %(day)s: close it, or say what is still to come.") % {"day": f"{now:%Y-%m-%d}"}
    touched = flag_touched(items, flag)
    close_untouched(
        sorted(set(items) - touched), outcome=OutcomeKind.EXPIRED, why="its window closed", now=now, actor="tick"
    )
    return len(found)


def warn_of_late(now: datetime) -> int:
    """One alert per team, kind and day, counted from the tasks as they are now, as on the board; how many changed."""
    kinds = {kind: which for kind, which in of_kinds(now).items() if kind in LATE_LINES}
    counted: dict[str, Aggregate] = {kind: Count("id", filter=which) for kind, which in kinds.items()}
    newest: dict[str, Aggregate] = {f"{kind}_since": Max("next_due", filter=which) for kind, which in kinds.items()}
    tasks = by_team(Task.objects.active()).annotate(next_due=NEXT_DUE).values("of_team")
    rows = list(cast("Iterable[Any]", tasks.annotate(**counted, **newest).order_by()))
    found: dict[tuple[Id | None, str], tuple[int, str]] = {
        (row["of_team"] and str(row["of_team"]), kind): (row[kind], f"{row[kind]}, {row[f'{kind}_since']}")
        for row in rows
        for kind in kinds
    }
    lines = {(team, kind): LATE_LINES[kind](count) for (team, kind), (count, _state) in found.items() if count}
    return _say(lines, {key: state for key, (_count, state) in found.items()}, now)


# What is late, in words for a number of tasks.
LATE_LINES: dict[str, Callable[[int], str]] = {
    "late_acknowledge": lambda n: ngettext(
        "%(n)d task was not acknowledged in time", "%(n)d tasks were not acknowledged in time", n
    ) % {"n": n},
    "late_touch": lambda n: ngettext(
        "%(n)d task had no first touch in time", "%(n)d tasks had no first touch in time", n
    ) % {"n": n},
}  # fmt: skip


def tell_leads(now: datetime) -> int:
    """A line a day to each lead about who has work waiting behind their cap; how many changed."""
    lines: dict[tuple[Id | None, str], list[str]] = defaultdict(list)
    for team, who, count, exposed, currency in read_rows(CAPPED):
        lines[team, "capped"].append(_later_line(who, count, exposed, currency))
    texts = {key: "; ".join(parts) for key, parts in lines.items()}
    return _say(texts, texts, now)


def _later_line(who: str, count: int, exposed: Decimal | None, currency: str) -> str:
    words = ngettext(
        "More came for %(who)s than one is given in a day: %(n)d urgent task in Later",
        "More came for %(who)s than one is given in a day: %(n)d urgent tasks in Later",
        count,
    ) % {"who": who, "n": count}
    if exposed is None:
        return words
    return _("%(words)s, %(money)s a year at stake") % {"words": words, "money": short_money(exposed, currency)}


def _say(texts: dict[tuple[Id | None, str], str], states: dict[tuple[Id | None, str], str], now: datetime) -> int:
    """Raise what is new since the last time today: the same state twice is one alert."""
    day: date = now.date()
    known = {(team, kind): said for team, kind, said in read_rows(KNOWN_TODAY, [day, list({k for _t, k in texts})])}
    fresh = {key: text for key, text in texts.items() if known.get(key) != states[key]}
    for (team, kind), text in fresh.items():
        raise_alert(kind, text, on_day=day, now=now, team_id=team, data={"state": states[team, kind]})
    return len(fresh)


def end_idle(now: datetime) -> int:
    """Items whose automated run has ended and that nobody works on any more; how many were closed."""
    return finish_idle_runs(now)


def partitions(now: datetime) -> None:
    """Room in the landing log for this month and the next, by the clock that its ids are made with."""
    execute(ADD_PARTITIONS)


ADD_PARTITIONS = """
SELECT cx_add_record_partition(month)
FROM (SELECT (date_trunc('month', clock_timestamp()) + make_interval(months => n))::date AS month
      FROM generate_series(0, 1) AS n) AS months
WHERE to_regclass('intake_record_' || to_char(month, 'YYYY_MM')) IS NULL
"""
PARTS = (
    wake_snoozed, resume_waiting, raise_what_is_due, expire, release_from_later, warn_of_late, tell_leads, end_idle,
    write_digests, partitions,
)  # fmt: skip
