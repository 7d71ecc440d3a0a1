"""The facts that decisions are made from, read for a whole batch of accounts at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from accounts.enums import RedLine
from accounts.queries import red_lines
from core.bulk import AnyId, Id, fetch_all, read_rows
from decisions.enums import Response
from decisions.queries.saved import place_in_saved
from decisions.rules.decide import Claim, Facts, ItemState, Ownership, People, Person, Place, Stake, StreamState

# A reason that a source or person gives, by which an insight itself crosses a red line.
RED_LINE_REASONS = {
    "cancellation_requested": RedLine.CANCELLATION,
    "cancellation": RedLine.CANCELLATION,
    "legal": RedLine.LEGAL,
    "sponsor_left": RedLine.SPONSOR_LEFT,
}

StreamKey = tuple[Id, str, Id, str]
ItemKey = tuple[Id, str, str]


class PendingInsight(NamedTuple):
    """One insight that waits for its decision."""

    id: Id
    account_id: Id
    stream_key: StreamKey
    item_key: ItemKey
    claim: Claim
    base_rate: Decimal
    acting_share: Decimal

    @classmethod
    def of(
        cls, id: Id, account: Id, source: Id, slot: str, claim: Claim, base_rate: Decimal, acting_share: Decimal
    ) -> PendingInsight:
        """With the keys of its stream and of its item; `slot` names the item within its type."""
        stream, item = (account, claim.type, source, claim.model), (account, claim.type, slot)
        return cls(id, account, stream, item, claim, base_rate, acting_share)


# `OFFSET 0` keeps the planner from turning the look-up round: by statistics that are older than a large file it would
# read all insights for every batch, and the file would cost with the square of its rows.
INSIGHTS = """
SELECT i.id, i.account_id, i.source_id, CASE WHEN t.split_by_reason THEN i.reason ELSE '' END,
       i.type_id, s.slug, i.model, trim_scale(i.confidence), i.scored_at,
       i.scored_at + make_interval(days => i.horizon_days), i.scored_at + make_interval(days => t.max_age_days),
       trim_scale(i.probability), i.reason, s.score_meaning = 'probability', EXISTS (
           SELECT FROM insights_modelversion AS m WHERE m.state = 'checked'
              AND m.source_id = i.source_id AND m.model = i.model AND m.version = i.model_version),
       t.base_rate, t.acting_share
FROM (SELECT id FROM insights_believed WHERE account_id = ANY(%s) UNION ALL SELECT unnest(%s::uuid[])) AS b
CROSS JOIN LATERAL (SELECT * FROM insights_insight WHERE id = b.id OFFSET 0) AS i
JOIN insights_insighttype AS t ON t.slug = i.type_id
JOIN intake_source AS s ON s.id = i.source_id
ORDER BY i.scored_at, i.id
"""


def pending_insights(account_ids: Sequence[AnyId], handed: Sequence[AnyId] = ()) -> list[PendingInsight]:
    """All insights of these accounts that wait for a decision, and those `handed` on, oldest score first."""
    return [
        PendingInsight.of(row[0], row[1], row[2], row[3], Claim(*row[4:15]), row[15], row[16])
        for row in read_rows(INSIGHTS, [account_ids, list(handed)])
    ]


@dataclass
class Situation:
    """What is known about a batch of accounts. Streams, items and loads are kept up to date as decisions are made."""

    places: Mapping[Id, Place]
    people: PeopleOfAccounts
    stakes: Mapping[Id, tuple[Decimal | None, str, int | None, str]]
    red_lines: Mapping[Id, tuple[str, ...]]
    streams: dict[StreamKey, StreamState]
    items: dict[ItemKey, ItemState]
    switches: tuple[str, ...]
    by_type: dict[tuple[Id, str], set[StreamKey]] = field(default_factory=lambda: defaultdict(set))

    def __post_init__(self) -> None:
        for key in self.streams:
            self.by_type[key[:2]].add(key)

    def facts_of(self, insight: PendingInsight) -> Facts:
        """Everything the decision about one insight may depend on."""
        account, claim, key = insight.account_id, insight.claim, insight.stream_key
        revenue, revenue_from, days_left, days_left_to = self.stakes[account]
        return Facts(
            claim=claim,
            place=self.places[account],
            people=self.people.of(account),
            stake=Stake(revenue, revenue_from, insight.base_rate, insight.acting_share, days_left, days_left_to),
            stream=self.streams.get(key),
            other_streams=tuple([self.streams[other] for other in self.by_type.get(key[:2], ()) if other != key]),
            item=self.items.get(insight.item_key),
            red_lines=self._red_lines(account, claim),
            switches=self.switches,
        )

    def _red_lines(self, account: Id, claim: Claim) -> tuple[str, ...]:
        standing = self.red_lines.get(account, ())
        crossed = RED_LINE_REASONS.get(claim.reason)
        return standing if crossed is None or crossed in standing else (*standing, crossed.value)

    def remember_stream(self, key: StreamKey, stream: StreamState) -> None:
        self.streams[key] = stream
        self.by_type[key[:2]].add(key)


def situation_of(
    account_ids: Sequence[AnyId],
    switches: tuple[str, ...],
    now: datetime,
    *,
    matrices: Iterable[Ownership] = (),
    deciding: bool = True,
) -> Situation:
    """Read what is known about these accounts: nine queries, whatever their number; ten where a matrix names segments.

    `deciding`: somebody will be given work, so the accounts, then the pools that will be asked, are held until the
    transaction ends. Streams, items and people are read after that.
    """
    teams, places, stakes = _accounts(account_ids, now, hold=deciding)
    place_in_saved(places, account_ids, matrices)
    people = PeopleOfAccounts.read(account_ids, teams, now)
    if deciding:
        people.hold_pools()
    return Situation(
        places=places,
        people=people,
        stakes=stakes,
        red_lines={str(id): lines for id, lines in red_lines(account_ids, now).items()},
        streams=_streams(account_ids),
        items=_items(account_ids),
        switches=switches,
    )


ACCOUNTS = """
WITH organisation AS (SELECT coalesce(max(reporting_currency), 'USD') AS currency FROM core_organisation)
SELECT a.id, a.team_id, a.tier, a.region, a.stage, a.segment,
       a.arr_amount * CASE WHEN a.arr_currency = o.currency THEN 1 ELSE fx.rate END,
       CASE WHEN a.arr_amount IS NULL THEN (
           SELECT CASE WHEN bool_and(l.currency = o.currency OR r.rate IS NOT NULL)
                       THEN sum(l.amount * CASE WHEN l.currency = o.currency THEN 1 ELSE r.rate END) END
           FROM accounts_ledgerentry AS l LEFT JOIN LATERAL (
               SELECT rate FROM accounts_fxrate WHERE currency = l.currency AND on_day <= l.happened_on
               ORDER BY on_day DESC LIMIT 1) AS r ON l.currency <> o.currency
           WHERE l.account_id = a.id AND l.happened_on > %(today)s::date - 365 AND l.happened_on <= %(today)s
             AND l.kind <> ALL ('{new,expansion,contraction,churn,reactivation}')) END,
       median.median,
       (SELECT min(notice_on) FROM accounts_contract AS c
        WHERE c.account_id = a.id AND c.ended_early_on IS NULL AND notice_on >= %(today)s),
       a.renews_on
FROM accounts_account AS a CROSS JOIN organisation AS o
LEFT JOIN LATERAL (
    SELECT rate FROM accounts_fxrate WHERE currency = a.arr_currency AND on_day <= %(today)s
    ORDER BY on_day DESC LIMIT 1) AS fx ON a.arr_currency <> o.currency
LEFT JOIN accounts_tierrevenue AS median ON median.tier = a.tier
WHERE a.id = ANY(%(ids)s::uuid[])
"""
# In id order, as all lock accounts.
HOLDING = "ORDER BY a.id FOR NO KEY UPDATE OF a"

# How the words on a revenue begin that is not the account's own.
TYPICAL = "median of tier"
Stakes = dict[Id, tuple[Decimal | None, str, int | None, str]]
Teams = dict[Id, Id | None]


def _accounts(account_ids: Sequence[AnyId], now: datetime, *, hold: bool) -> tuple[Teams, dict[Id, Place], Stakes]:
    teams: Teams = {}
    places: dict[Id, Place] = {}
    stakes: Stakes = {}
    for id, team, tier, region, stage, segment, arr, orders, median, notice, renewal in read_rows(
        ACCOUNTS + HOLDING if hold else ACCOUNTS, {"ids": list(account_ids), "today": now.date()}
    ):
        teams[id] = team
        places[id] = Place(tier, region, stage, segment)
        stakes[id] = (*_revenue(arr, orders, median, tier), *_days_left(notice, renewal, now.date()))
    return teams, places, stakes


def _revenue(
    arr: Decimal | None, orders: Decimal | None, median: Decimal | None, tier: str
) -> tuple[Decimal | None, str]:
    """The first figure that is known, and where it is from."""
    for value, source in (
        (arr, "yearly recurring revenue"),
        (orders, "orders of the last 365 days"),
        (median, f"{TYPICAL} {tier or 'none'}: own revenue unknown"),
    ):
        if value is not None:
            return value.quantize(Decimal("0.01")), source
    return None, "unknown"


def _days_left(notice: date | None, renewal: date | None, today: date) -> tuple[int | None, str]:
    if notice is not None:
        return (notice - today).days, "notice date"
    if renewal is not None and renewal >= today:
        return (renewal - today).days, "renewal"
    return None, ""


STREAMS = """
SELECT account_id, type_id, source_id, model, band, response, bound, entered_at, scored_at, expires_at, lower_scores
FROM decisions_stream WHERE account_id = ANY(%s) ORDER BY account_id, type_id, source_id, model
"""


def _streams(account_ids: Sequence[AnyId]) -> dict[StreamKey, StreamState]:
    return {
        (row[0], row[1], row[2], row[3]): StreamState(row[3], Response(row[4]), Response(row[5]), *row[6:])
        for row in read_rows(STREAMS, [account_ids])
    }


# The open item of each (account, type, slot), or else the one that was closed last.
ITEMS = """
SELECT DISTINCT ON (account_id, type_id, slot) account_id, type_id, slot, id, closed_at IS NULL, response,
       reasons, red_lines, outcome, quiet, quiet_until
FROM decisions_item WHERE account_id = ANY(%s)
ORDER BY account_id, type_id, slot, closed_at DESC NULLS FIRST
"""


def _items(account_ids: Sequence[AnyId]) -> dict[ItemKey, ItemState]:
    return {
        (row[0], row[1], row[2]): ItemState(row[3], row[4], Response(row[5]), tuple(row[6]), tuple(row[7]), *row[8:])
        for row in read_rows(ITEMS, [account_ids])
    }


USERS = """
SELECT u.id, u.username, u.team_id, u.in_pool, u.daily_cap,
       CASE WHEN NOT u.is_active THEN 'has left'
            WHEN a.active_to IS NOT NULL THEN 'is away until ' || to_char(a.active_to, 'YYYY-MM-DD') ELSE '' END
FROM core_user AS u
LEFT JOIN (SELECT user_id, max(active_to) AS active_to FROM core_absence
           WHERE active_from <= %(now)s AND active_to > %(now)s GROUP BY user_id) AS a ON a.user_id = u.id
"""
ROLES = "SELECT account_id, role, user_id FROM accounts_accountperson WHERE account_id = ANY(%s)"
# The teams with their leads; the row without a team is whom the organisation has for what nobody else can take.
LEADS = """
SELECT id, name, lead_id FROM core_team
UNION ALL SELECT NULL, '', catch_all_id FROM core_organisation WHERE catch_all_id IS NOT NULL
"""
LOADS = """
SELECT owner_id, count(*), count(*) FILTER (WHERE response = 'human' AND opened_at > %(now)s - interval '1 day')
FROM decisions_item WHERE closed_at IS NULL AND owner_id = ANY(%(ids)s) GROUP BY owner_id
"""


@dataclass
class PeopleOfAccounts:
    """Who could own what on each account; a pool's loads are read only when somebody is needed from it."""

    persons: dict[Id, Person]
    roles: dict[Id, dict[str, Person]]
    teams: Mapping[Id, Id | None]
    names: dict[Id, tuple[str, Person | None]]
    members: dict[Id, list[Id]]
    caps: dict[Id, int]
    catch_all: Person | None
    now: datetime
    loads: dict[Id, list[int]] = field(default_factory=dict)

    @classmethod
    def read(cls, account_ids: Sequence[AnyId], teams: Mapping[Id, Id | None], now: datetime) -> PeopleOfAccounts:
        users = read_rows(USERS, {"now": now})
        persons = {row[0]: Person(row[0], row[1], row[5]) for row in users}
        members: dict[Id, list[Id]] = defaultdict(list)
        for id, _, team, in_pool, _, _ in users:
            if in_pool and team:
                members[team].append(id)
        roles: dict[Id, dict[str, Person]] = defaultdict(dict)
        for account, role, user in read_rows(ROLES, [account_ids]):
            roles[account][role] = persons[user]
        names = {id: (name, persons.get(lead) if lead else None) for id, name, lead in read_rows(LEADS)}
        _nameless, catch_all = names.pop(None, ("", None))
        caps = {row[0]: row[4] for row in users}
        return cls(persons, roles, teams, names, members, caps, catch_all, now)

    def of(self, account: Id) -> People:
        """The people of one account; its team's pool only where nobody with a role is available."""
        roles = self.roles.get(account, {})
        team = self.teams.get(account)
        name, lead = self.names.get(team, ("", None)) if team else ("", None)
        pool = self._pool(team) if team and self._needs_pool(account) else ()
        return People(by_role=roles, team=name, pool=pool, lead=lead, catch_all=self.catch_all)

    def took(self, person: Person | None) -> None:
        """Count an item that was just given to somebody, for the next look into a pool."""
        if person and person.id in self.loads:
            self.loads[person.id][0] += 1
            self.loads[person.id][1] += 1

    def _needs_pool(self, account: Id) -> bool:
        csm = self.roles.get(account, {}).get("csm")
        return csm is None or bool(csm.absent)

    def hold_pools(self) -> None:
        """Lock the teams whose pools will be asked, in id order: two workers must not both find one person free."""
        teams = {team for account, team in self.teams.items() if team and self._needs_pool(account)}
        if teams:
            read_rows("SELECT id FROM core_team WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE", [sorted(teams)])

    def read_pools(self) -> None:
        """Read the loads of all pools at once, where many teams will be asked."""
        self._read_loads(id for members in self.members.values() for id in members)

    def _pool(self, team: Id) -> tuple[Person, ...]:
        members = self.members.get(team, [])
        self._read_loads(id for id in members if id not in self.loads)
        return tuple(self._with_load(id) for id in members)

    def _read_loads(self, ids: Iterable[Id]) -> None:
        wanted = list(ids)
        if not wanted:
            return
        self.loads.update({id: [0, 0] for id in wanted})
        for owner, open_items, today in read_rows(LOADS, {"now": self.now, "ids": wanted}):
            self.loads[owner] = [open_items, today]

    def _with_load(self, id: Id) -> Person:
        person, (open_items, today) = self.persons[id], self.loads[id]
        return Person(person.id, person.username, person.absent, open_items, today >= self.caps[id])


# Counted, so that no ids come back that nobody reads.
LOCK_ACCOUNTS = """
SELECT count(*) FROM (SELECT FROM accounts_account WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE) AS held
"""


def lock_accounts(account_ids: Sequence[AnyId]) -> None:
    """Hold these accounts until the transaction ends, in id order: nobody else decides or closes on them."""
    fetch_all(LOCK_ACCOUNTS, [list(account_ids)])
