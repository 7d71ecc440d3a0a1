"""The policies in force, in the form that rules read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Protocol

from core.bulk import fetch_all
from decisions.enums import Response
from decisions.models import AuthorityBand, AuthorityPolicy, KillSwitch, OwnershipPolicy
from decisions.models.policy import in_force_at
from decisions.rules import Authority, Band, Cell, Ownership, Policy, by_precedence


def policy_at(now: datetime) -> Policy:
    """What was published for `now`; there is always exactly one version of each (migration 0002)."""
    return Policy(
        authority_in_force(now),
        ownership_of(OwnershipPolicy.objects.get(in_force_at(now))),
    )


def authority_in_force(now: datetime) -> Authority:
    """The bands that are in force."""
    return authority_of(AuthorityPolicy.objects.get(in_force_at(now)))


def authority_of(policy: AuthorityPolicy) -> Authority:
    """The bands of one version, draft or published."""
    sets: dict[tuple[str, str], list[AuthorityBand]] = defaultdict(list)
    for band in policy.bands.order_by("-lower"):
        sets[band.type_id or "", band.tier].append(band)
    return Authority(
        version=policy.version,
        margin=policy.margin,
        dwell=timedelta(hours=policy.dwell_hours),
        lower_scores=policy.lower_scores,
        bands={key: with_upper_bounds(bands) for key, bands in sets.items()},
        calibrated_sources=tuple(policy.calibrated_sources),
    )


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


def ownership_of(policy: OwnershipPolicy) -> Ownership:
    """The matrix of one version, draft or published."""
    cells = (
        Cell(cell.type_id or "", cell.tier, cell.region, cell.stage, cell.segment, cell.role)
        for cell in policy.cells.all()
    )
    return Ownership(policy.version, by_precedence(cells))


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
