"""Who still has room today: cap counters and the flood guard, locked and counted in the caller's transaction."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.bulk import AnyId, Id, execute, read_rows
from core.services import raise_alert
from playbooks.rules.cap import FLOOD_DAYS, Room, band_that_fits, is_flood
from playbooks.rules.steps import per_cent

if TYPE_CHECKING:
    from playbooks.queries.dispatching import Case, Owner

ADD_COUNTERS = """
INSERT INTO playbooks_capcounter (user_id, on_day, taken)
SELECT user_id, on_day, 0 FROM unnest(%s::uuid[], %s::date[]) AS new (user_id, on_day) ORDER BY user_id, on_day
ON CONFLICT DO NOTHING
"""
LOCK_COUNTERS = """
SELECT c.user_id, c.taken FROM playbooks_capcounter c
JOIN unnest(%s::uuid[], %s::date[]) AS day (user_id, on_day) USING (user_id, on_day)
ORDER BY c.user_id, c.on_day FOR UPDATE OF c
"""
IN_NOW = """
SELECT assignee_id, count(*) FROM playbooks_task
WHERE assignee_id = ANY(%s) AND lane = 'now' AND urgent AND status IN ('open', 'claimed', 'snoozed', 'waiting')
GROUP BY assignee_id
"""
TAKE = """
UPDATE playbooks_capcounter c SET taken = c.taken + new.n
FROM unnest(%s::uuid[], %s::date[], %s::int[]) AS new (user_id, on_day, n)
WHERE c.user_id = new.user_id AND c.on_day = new.on_day
"""

# What the acts say of a task: on which day it was given to whoever has it, if they were given it by the cap.
GIVE_BACK = """
WITH given AS (
    SELECT t.assignee_id AS user_id, (act.at AT TIME ZONE u.timezone)::date AS on_day, count(*) AS n
    FROM playbooks_task t JOIN core_user u ON u.id = t.assignee_id
    CROSS JOIN LATERAL (
        SELECT a.verb, a.at FROM core_act a WHERE a.subject_type = 'task' AND a.subject_id = t.id::text
            AND (a.verb = 'released' OR a.verb = 'opened' AND a.data ->> 'lane' = 'now' OR a.data ? 'to')
        ORDER BY a.at DESC, a.id DESC LIMIT 1
    ) AS act
    WHERE t.item_id = ANY(%s) AND t.urgent AND t.status IN ('open', 'claimed', 'snoozed', 'waiting')
        AND act.verb IN ('opened', 'released')
    GROUP BY t.assignee_id, on_day
), locked AS (
    SELECT c.user_id, c.on_day, given.n FROM playbooks_capcounter c JOIN given USING (user_id, on_day)
    ORDER BY c.user_id, c.on_day FOR UPDATE OF c
)
UPDATE playbooks_capcounter c SET taken = greatest(c.taken - locked.n, 0)
FROM locked WHERE c.user_id = locked.user_id AND c.on_day = locked.on_day
"""


def lock_rooms(people: Collection[Owner], now: datetime) -> dict[Id, Room]:
    """The room each has on their local day, held until the transaction ends, in (person, day) order."""
    if not people:
        return {}
    days = _days(people, now)
    execute(ADD_COUNTERS, [list(days), list(days.values())])
    taken = dict(read_rows(LOCK_COUNTERS, [list(days), list(days.values())]))
    in_now = dict(read_rows(IN_NOW, [list(days)]))
    return {p.id: Room(p.daily_cap, taken[p.id], in_now.get(p.id, 0)) for p in people}


def take_room(people: Collection[Owner], given: Mapping[Id, int], now: datetime) -> None:
    """Count urgent tasks that were given to people today; their counters are locked already."""
    days = {id: day for id, day in _days(people, now).items() if given.get(id)}
    if days:
        execute(TAKE, [list(days), list(days.values()), [given[id] for id in days]])


def give_room_back(items: Collection[AnyId]) -> None:
    """Urgent tasks of these items that nobody began are void: the day on which they were given has their room again.

    To be called before the tasks themselves are locked, as the counters are everywhere. What was handed on since then
    took no room of whoever has it now.
    """
    if items:
        execute(GIVE_BACK, [sorted(items)])


def _days(people: Collection[Owner], now: datetime) -> dict[Id, date]:
    return {p.id: now.astimezone(ZoneInfo(p.zone)).date() for p in sorted(people, key=lambda person: person.id)}


COUNT_INFLOW = """
INSERT INTO playbooks_inflow AS i (origin, on_day, opened, histogram) VALUES (%s, %s, %s, %s)
ON CONFLICT (origin, on_day) DO UPDATE SET opened = i.opened + excluded.opened,
    histogram = (SELECT jsonb_object_agg(key, n) FROM (
        SELECT key, sum(value::int) AS n FROM (
            SELECT * FROM jsonb_each_text(i.histogram) UNION ALL SELECT * FROM jsonb_each_text(excluded.histogram)
        ) AS parts GROUP BY key) AS summed)
RETURNING opened, histogram::text
"""
CAPS = """
SELECT daily_cap FROM core_user
WHERE is_active AND (id = ANY(%s) OR (team_id = ANY(%s) AND role = 'csm'))
"""


def floods(cases: Sequence[Case], people: Mapping[Id, Owner], now: datetime) -> set[Id]:
    """Count what each origin opens today; those that opened more than its teams take in two days.

    A flood is told to the leads of its teams, with the band that would fit.
    """
    by_origin: dict[Id, list[Case]] = defaultdict(list)
    for case in cases:
        by_origin[case.origin].append(case)
    return {origin for origin, mine in sorted(by_origin.items()) if _floods(origin, mine, people, now)}


def _floods(origin: Id, cases: Sequence[Case], people: Mapping[Id, Owner], now: datetime) -> bool:
    day = now.date()
    histogram = Counter(str(int(case.confidence * 100)) for case in cases)
    ((opened, total),) = read_rows(COUNT_INFLOW, [origin, day, len(cases), json.dumps(histogram)])
    owners = {case.owner_id for case in cases if case.owner_id}
    teams = {case.team_id for case in cases} | {people[id].team_id for id in owners if id in people}
    caps = [cap for (cap,) in read_rows(CAPS, [list(owners), list(teams - {None})])]
    if not is_flood(opened, caps):
        return False
    capacity = FLOOD_DAYS * sum(caps)
    fits = band_that_fits(json.loads(total), capacity)
    text = _flood_words(cases[0].source, opened, capacity, per_cent(fits) if fits else "")
    for team in teams:
        raise_alert("flood", text, on_day=day, now=now, team_id=team, data={"origin": str(origin), "opened": opened})
    return True


def _flood_words(source: str, opened: int, capacity: int, fits: str) -> str:
    many = ngettext("%(n)s urgent item", "%(n)s urgent items", opened) % {"n": f"{opened:,}"}
    words = {"source": source, "many": many, "capacity": f"{capacity:,}", "fits": fits}
    advice = _("a band from %(fits)s up would fit") if fits else _("no band would fit: its confidences are too alike")
    told = _("%(source)s opened %(many)s today; its teams take %(capacity)s in two days.") % words
    return f"{told} {_('They are released by priority within the cap:')} {advice % words}."
