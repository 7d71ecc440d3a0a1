"""The policies in force, in the form that rules read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple, Protocol

from core.bulk import fetch_all, read_rows
from decisions.enums import Response
from decisions.models import AuthorityPolicy, KillSwitch, OwnershipPolicy
from decisions.rules.decide import Authority, Band, Cell, Ownership, Policy, by_precedence

# By plain SQL, since every batch begins with it and putting a query together takes longer than running it.
IN_FORCE = """
p.state = 'published' AND coalesce(p.active_from <= %(now)s, true) AND coalesce(p.active_to > %(now)s, true)
"""
AUTHORITY = """
SELECT p.version, p.margin, p.dwell_hours, p.lower_scores, p.calibrated_sources,
       coalesce(b.type_id, ''), b.tier, b.lower, b.response, b.playbook
FROM decisions_authoritypolicy AS p LEFT JOIN decisions_authorityband AS b ON b.policy_id = p.version WHERE
"""
OWNERSHIP = """
SELECT p.version, coalesce(c.type_id, ''), c.tier, c.region, c.stage, c.segment, c.role
FROM decisions_ownershippolicy AS p LEFT JOIN decisions_ownershipcell AS c ON c.policy_id = p.version WHERE
"""


class NoPolicy(Exception):
    """There is no such version."""


class BandRow(NamedTuple):
    lower: Decimal
    response: str
    playbook: str


def policy_at(now: datetime) -> Policy:
    """What was published for `now`; there is always exactly one version of each (migration 0002)."""
    return Policy(authority_in_force(now), _ownership(read_rows(OWNERSHIP + IN_FORCE, {"now": now})))


def authority_in_force(now: datetime) -> Authority:
    """The bands that are in force."""
    return _authority(read_rows(AUTHORITY + IN_FORCE, {"now": now}))


def authority_of(policy: AuthorityPolicy) -> Authority:
    """The bands of one version, draft or published."""
    return _authority(read_rows(AUTHORITY + "p.version = %s", [policy.version]))


def ownership_of(policy: OwnershipPolicy) -> Ownership:
    """The matrix of one version, draft or published."""
    return _ownership(read_rows(OWNERSHIP + "p.version = %s", [policy.version]))


def _authority(rows: Sequence[tuple[Any, ...]]) -> Authority:
    if not rows:
        raise NoPolicy("authority")
    version, margin, dwell_hours, lower_scores, calibrated = rows[0][:5]
    sets: dict[tuple[str, str], list[BandRow]] = defaultdict(list)
    for type, tier, *band in (row[5:] for row in rows if row[6] is not None):
        sets[type, tier].append(BandRow(*band))
    return Authority(
        version=version,
        margin=margin,
        dwell=timedelta(hours=dwell_hours),
        lower_scores=lower_scores,
        bands={key: with_upper_bounds(bands) for key, bands in sets.items()},
        calibrated_sources=tuple(calibrated),
    )


def _ownership(rows: Sequence[tuple[Any, ...]]) -> Ownership:
    if not rows:
        raise NoPolicy("ownership")
    return Ownership(rows[0][0], by_precedence(Cell(*row[1:]) for row in rows if row[6] is not None))


class HasLower(Protocol):
    """A band by its lower bound: a row, or what somebody wants."""

    @property
    def lower(self) -> Decimal: ...

    @property
    def response(self) -> str: ...

    @property
    def playbook(self) -> str: ...


def with_upper_bounds(bands: Iterable[HasLower]) -> tuple[Band, ...]:
    """Highest first; each ends where the one above it begins, the top one at 1."""
    bands = sorted(bands, key=lambda band: band.lower, reverse=True)
    uppers = [Decimal(1), *(band.lower for band in bands)]
    return tuple(
        Band(band.lower, upper, Response(band.response), band.playbook)
        for band, upper in zip(bands, uppers, strict=False)
    )


def switches_off() -> tuple[str, ...]:
    """Kill switches that are thrown, each "scope value", for somebody who only looks."""
    return tuple(
        f"{scope} {value}".strip()
        for scope, value in KillSwitch.objects.filter(is_off=True).values_list("scope", "value")
    )


def switches_thrown() -> tuple[str, ...]:
    """Kill switches that are thrown, each "scope value", locked until the transaction ends.

    All rows are locked, so that no switch can be thrown between this reading and the act that follows it.
    """
    switches = fetch_all("SELECT scope, value, is_off FROM decisions_killswitch ORDER BY id FOR SHARE")
    return tuple(f"{scope} {value}".strip() for scope, value, is_off in switches if is_off)
