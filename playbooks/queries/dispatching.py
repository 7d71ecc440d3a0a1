"""What the dispatch stage needs to know about its decisions and the people they are for."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import NamedTuple

from core.bulk import AnyId, Id, Params, fetch_all, read_rows
from core.business_time import Hours
from playbooks.enums import StepKind


class Case(NamedTuple):
    """One decision and what it is about. `factors`: for what may open a task, which is named after one."""

    insight_id: Id
    act: str
    account_id: Id
    account: str
    tier: str
    team_id: Id | None
    type_id: str
    type: str
    item_id: Id | None
    item_is_open: bool
    item_response: str
    owner_id: Id | None
    playbook: str
    priority: Decimal
    parts: str
    confidence: Decimal
    red_lines: bool
    evidence_count: int
    expires_at: datetime
    source_id: Id
    source: str
    import_id: Id | None
    says: str
    reason: str
    factors: str | None

    @property
    def origin(self) -> Id:
        """What the flood guard counts by: the file, or the source where it was no file."""
        return self.import_id or self.source_id


# `OFFSET 0`: looked up one by one, see `decisions.queries.facts.INSIGHTS`.
CASES = """
SELECT d.insight_id, w.act, d.account_id, a.name, a.tier, a.team_id, d.type_id, t.name, item.id,
       coalesce(item.closed_at IS NULL AND item.id IS NOT NULL, false), coalesce(item.response, ''),
       coalesce(item.owner_id, d.owner_id), d.playbook,
       coalesce((d.priority ->> 'value')::numeric, 0), coalesce(d.priority -> 'parts', '[]')::text, d.confidence,
       coalesce(cardinality(item.red_lines) > 0, false), coalesce(item.evidence_count, 1),
       coalesce(item.expires_at, ins.scored_at + make_interval(days => ins.horizon_days)),
       ins.source_id, s.slug, ins.import_id, CASE WHEN s.person_id IS NULL THEN ins.model ELSE s.name END,
       ins.reason, CASE WHEN w.act IN ('task', 'upgrade', 'run') THEN ins.factors END::text
FROM unnest(%s::uuid[], %s::text[]) AS w (id, act)
CROSS JOIN LATERAL (SELECT * FROM decisions_decision WHERE insight_id = w.id OFFSET 0) d
CROSS JOIN LATERAL (SELECT * FROM insights_insight WHERE id = w.id OFFSET 0) ins
JOIN intake_source s ON s.id = ins.source_id
JOIN accounts_account a ON a.id = d.account_id
JOIN insights_insighttype t ON t.slug = d.type_id
LEFT JOIN decisions_item item ON item.id = d.item_id
ORDER BY d.insight_id
"""
# Counted, so that no ids come back that nobody reads.
LOCK_ITEMS = """
SELECT count(*) FROM (
    SELECT FROM decisions_item WHERE id IN (SELECT item_id FROM decisions_decision WHERE insight_id = ANY(%s))
    ORDER BY id FOR NO KEY UPDATE) AS held
"""


def lock_items(decisions: Sequence[AnyId]) -> None:
    """Hold the items of these decisions until the transaction ends, in id order."""
    fetch_all(LOCK_ITEMS, [list(decisions)])


def cases_of(acts: Mapping[AnyId, str]) -> list[Case]:
    """The decisions with these ids, oldest first."""
    return list(map(Case._make, read_rows(CASES, [list(acts), list(acts.values())])))


class Owner(NamedTuple):
    """Somebody who takes tasks, with the hours by which theirs are due."""

    id: Id
    name: str
    email: str
    is_active: bool
    team_id: Id | None
    daily_cap: int
    zone: str
    hours: Hours


OWNERS = """
SELECT u.id, coalesce(nullif(trim(u.first_name || ' ' || u.last_name), ''), u.username), u.email, u.is_active,
       u.team_id, u.daily_cap, u.timezone, coalesce(c.timezone, u.timezone), c.opens, c.closes, c.weekdays, c.holidays
FROM core_user u
LEFT JOIN core_businesscalendar c ON c.id = coalesce(u.calendar_id, (SELECT calendar_id FROM core_organisation))
WHERE u.id = ANY(%s)
"""
ORGANISATION = """
SELECT coalesce(c.timezone, o.timezone), c.opens, c.closes, c.weekdays, c.holidays
FROM core_organisation o LEFT JOIN core_businesscalendar c ON c.id = o.calendar_id
"""


def owners(ids: Iterable[Id | None]) -> dict[Id, Owner]:
    """People by id: with the hours of their calendar, or the organisation's."""
    rows = read_rows(OWNERS, [sorted({id for id in ids if id is not None})])
    return {row[0]: Owner._make((*row[:7], hours_of(*row[7:]))) for row in rows}


def organisation_hours() -> Hours:
    """The hours by which work that belongs to nobody is due."""
    rows = fetch_all(ORGANISATION)
    return hours_of(*rows[0]) if rows else Hours()


def hours_of(
    zone: str,
    opens: time | None,
    closes: time | None,
    weekdays: Sequence[int] | None,
    holidays: Sequence[date] | None,
) -> Hours:
    """Working hours from a calendar's columns; without a calendar nine to five, Monday to Friday."""
    if opens is None or closes is None:
        return Hours(zone=zone)
    return Hours(zone, opens, closes, frozenset(weekdays or ()), frozenset(holidays or ()))


class Level(NamedTuple):
    """How soon a task of one tier is acknowledged and acted on, in business hours."""

    acknowledge_hours: int
    touch_hours: int
    passes_cap: bool


def service_levels() -> dict[str, Level]:
    """Service levels by tier; "" is everybody else's and always there."""
    rows = fetch_all("SELECT tier, acknowledge_hours, touch_hours, passes_cap FROM playbooks_servicelevel")
    return {"": Level(4, 8, passes_cap=False), **{tier: Level(*rest) for tier, *rest in rows}}


class StepRow(NamedTuple):
    id: Id
    kind: StepKind
    business_hours: int


class Plan(NamedTuple):
    """The newest published version of a playbook, with its steps in order."""

    version_id: Id
    steps: tuple[StepRow, ...]


PLANS = """
SELECT p.slug, v.id, s.id, s.kind, s.business_hours
FROM playbooks_playbook p
JOIN LATERAL (SELECT id FROM playbooks_playbookversion WHERE playbook_id = p.slug AND state = 'published'
              ORDER BY number DESC LIMIT 1) v ON true
JOIN playbooks_step s ON s.version_id = v.id
WHERE p.is_active AND p.slug = ANY(%s) ORDER BY p.slug, s.position
"""


def plans(slugs: Collection[str]) -> dict[str, Plan]:
    """Published plans by playbook; one that is inactive, unpublished or empty is left out."""
    found: dict[str, tuple[Id, list[StepRow]]] = {}
    for slug, version, step, kind, hours in read_rows(PLANS, [sorted(set(slugs) - {""})]):
        found.setdefault(slug, (version, []))[1].append(StepRow(step, StepKind(kind), hours))
    return {slug: Plan(version, tuple(steps)) for slug, (version, steps) in found.items()}


def ids_of(sql: str, params: Params) -> set[Id]:
    """The first column of a query, as a set."""
    return {row[0] for row in read_rows(sql, params)}
