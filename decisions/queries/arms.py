"""Which hold-outs run, and in which arm of them accounts are."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

import msgspec

from accounts.queries import red_lines
from accounts.queries.escalations import open_escalations
from core.bulk import AnyId, Id, read_rows
from decisions.enums import Response
from decisions.models import HoldOut
from decisions.rules.allotting import Standing, Terms, block_of, held_slots

# By plain SQL, since every batch of decisions begins with it.
RUNNING = """
SELECT id, type_id, salt, human_share, automated_share, spared FROM decisions_holdout
WHERE ended_at IS NULL AND begins_at <= %(now)s AND ends_at > %(now)s
"""
ARMS = """
SELECT account_id, type_id, id, held AND released_at IS NULL, stratum FROM decisions_allocation
WHERE hold_out_id = ANY(%s) AND account_id = ANY(%s)
"""
# Held by whoever draws, so that two workers do not draw one slot: after the accounts, in id order (ADR 0012).
HOLD = """
SELECT id, drawn FROM decisions_holdout WHERE id = ANY(%s) AND ended_at IS NULL ORDER BY id FOR NO KEY UPDATE
"""
PERSONS = "SELECT id, person_id FROM intake_source WHERE person_id IS NOT NULL"


class Arm(NamedTuple):
    """An account's place in the hold-out that runs: whether it is held out now, and among which it was drawn."""

    id: Id
    held_out: bool
    stratum: str


ArmKey = tuple[Id, str]


def running_hold_outs(now: datetime) -> dict[str, Terms]:
    """Insight type → what is held out of it at `now`."""
    return {row[1]: _terms(*row) for row in read_rows(RUNNING, {"now": now})}


def terms_of(hold_out: HoldOut) -> Terms:
    """What was signed."""
    shares = hold_out.human_share, hold_out.automated_share
    return _terms(str(hold_out.pk), hold_out.type_id, hold_out.salt, *shares, hold_out.spared)


def _terms(id: Id, type: str, salt: str, human: Decimal, automated: Decimal, spared: Sequence[str]) -> Terms:
    return Terms(id, type, salt, {Response.HUMAN: human, Response.AUTOMATED: automated}, tuple(spared))


def arms_of(hold_outs: Collection[Id], account_ids: Sequence[AnyId]) -> dict[ArmKey, Arm]:
    """The arms that these accounts are in."""
    rows = read_rows(ARMS, [list(hold_outs), list(account_ids)])
    return {(account, type): Arm(id, held, stratum) for account, type, id, held, stratum in rows}


def hold_and_count(hold_outs: Collection[Id]) -> dict[Id, dict[str, int]]:
    """Hold-out → stratum → how many were drawn in it, held until the transaction ends; of those that still run."""
    return {id: msgspec.json.decode(drawn, type=dict[str, int]) for id, drawn in read_rows(HOLD, [list(hold_outs)])}


def sources_of_people() -> dict[Id, Id]:
    """Source → the person that it is."""
    return dict(read_rows(PERSONS))


DRAWN = """
SELECT a.id, h.salt, a.stratum, a.block, a.slot, a.chance, a.held
FROM decisions_allocation AS a JOIN decisions_holdout AS h ON h.id = a.hold_out_id ORDER BY a.id
"""


def misdrawn() -> Iterator[Id]:
    """Allocations whose arm is not the one that the salt of their hold-out draws."""
    for id, salt, stratum, block, slot, chance, held in read_rows(DRAWN):
        if (slot in held_slots(salt, stratum, block, *block_of(chance))) != held:
            yield id


class HeldNow(NamedTuple):
    """An account that is held out: by which allocation of which hold-out, and how it stands."""

    id: Id
    account_id: Id
    hold_out_id: Id
    standing: Standing


HELD_NOW = """
SELECT x.id, x.account_id, x.hold_out_id, a.tier, a.stage,
       (SELECT min(c.notice_on) FROM accounts_contract AS c
        WHERE c.account_id = a.id AND c.ended_early_on IS NULL AND c.notice_on >= %(today)s) - %(today)s::date,
       EXISTS (SELECT FROM decisions_item AS i
               WHERE (i.account_id, i.type_id) = (x.account_id, x.type_id) AND i.closed_at IS NULL)
FROM decisions_allocation AS x JOIN accounts_account AS a ON a.id = x.account_id
WHERE x.held AND x.released_at IS NULL AND x.hold_out_id = ANY(%(hold_outs)s) ORDER BY x.account_id, x.id
"""


def held_now(hold_outs: Collection[Id], now: datetime) -> list[HeldNow]:
    """All whom these hold-outs leave alone now; three queries."""
    rows = read_rows(HELD_NOW, {"hold_outs": list(hold_outs), "today": now.date()})
    accounts = [row[1] for row in rows]
    lines = {str(id): kinds for id, kinds in red_lines(accounts, now).items()} if rows else {}
    escalated = open_escalations(accounts, now) if rows else frozenset()
    return [
        HeldNow(
            id, account, hold_out, Standing(tier, stage, days, lines.get(account, ()), account in escalated, is_open)
        )
        for id, account, hold_out, tier, stage, days, is_open in rows
    ]
