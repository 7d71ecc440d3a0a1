"""What two feeds that run beside each other say of the same accounts: counted per field, listed, as a file.

Set-based: the sides are read once each, joined by account, and taken apart into fields.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from django.db import connection
from django.db.models import TextChoices
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from accounts.models import Account
from accounts.models.account import reads_all
from accounts.queries.shown import label_of, names_of, written
from accounts.queries.values import Value
from core.bulk import fetch_all
from core.models import User
from intake.models import Compared, ParallelRun
from intake.queries.parallel import KindLine
from intake.rules import Kind


class State(TextChoices):
    """How the two sides of one field of one account stand to each other."""

    DIFFERENT = "different", _("Different")
    BLANK = "blank", _("Emptied by the new one")
    ONLY_OLD = "only_old", _("Only the old one says it")
    ONLY_NEW = "only_new", _("Only the new one says it")
    SAME = "same", _("Same")


# The newest record of each side about an account (of insights: about an account and type), then what each says of a
# field. `near`: numbers no further apart are the same.
SIDES = """
WITH old AS MATERIALIZED (SELECT account_id, slot, values FROM ({said}) AS s WHERE {among}), new AS MATERIALIZED (
    SELECT DISTINCT ON (account_id, slot) account_id, slot, values FROM intake_held
    WHERE run_id = %(run)s AND kind = %(kind)s AND {among} ORDER BY account_id, slot, at DESC
), pair AS (
    SELECT o.account_id, f.field, o.values->f.field AS was, n.values->f.field AS is_now
    FROM old o JOIN new n USING (account_id, slot) CROSS JOIN LATERAL (
        SELECT jsonb_object_keys(o.values)
        UNION ALL SELECT k FROM jsonb_object_keys(n.values) AS k WHERE NOT o.values ? k) AS f(field)
), judged AS (
    SELECT account_id, field, old, new, was->>1 AS old_at, is_now->>1 AS new_at, CASE
        WHEN old IS NOT DISTINCT FROM new THEN 'same'
        WHEN old IS NULL THEN 'only_new'
        WHEN new IS NULL THEN CASE WHEN is_now IS NULL THEN 'only_old' ELSE 'blank' END
        WHEN CASE WHEN %(near)s = 0 THEN false ELSE abs(old::numeric - new::numeric) <= %(near)s END THEN 'same'
        ELSE 'different' END AS state
    FROM pair CROSS JOIN LATERAL (SELECT was->>0 AS old, is_now->>0 AS new) AS v
)
"""
# How many accounts have a field in a state, and the first of them by name that are not the same.
COUNTS = """
, tagged AS MATERIALIZED (SELECT account_id, field, state FROM judged), placed AS (
    SELECT a.id, t.field, t.state, row_number() OVER (PARTITION BY t.field, t.state ORDER BY a.name, a.id) AS place
    FROM tagged t JOIN accounts_account a ON a.id = t.account_id AND a.archived_at IS NULL WHERE t.state <> 'same'
), whose AS (
    SELECT bool_or(is_old) AS has_old, bool_or(NOT is_old) AS has_new FROM (
        SELECT account_id, true AS is_old FROM old UNION ALL SELECT account_id, false FROM new) AS x
    GROUP BY account_id
)
SELECT c.field, c.state, c.count, coalesce(f.first, '{}') FROM (
    SELECT field, state, count(*) FROM tagged GROUP BY field, state) AS c
LEFT JOIN (
    SELECT field, state, array_agg(id::text ORDER BY place) AS first FROM placed WHERE place <= %(most)s
    GROUP BY field, state) AS f USING (field, state)
UNION ALL SELECT '', CASE WHEN has_old AND has_new THEN 'both' WHEN has_old THEN 'only_old' ELSE 'only_new' END,
    count(*), '{}' FROM whose GROUP BY 2
"""
LISTED = """
SELECT j.account_id, a.name, j.field, j.state, j.old, j.new, j.old_at, j.new_at
FROM judged j JOIN accounts_account a ON a.id = j.account_id
WHERE a.archived_at IS NULL AND NOT j.field = ANY(%(hidden)s) AND (%(field)s = '' OR j.field = %(field)s)
  AND CASE WHEN %(state)s = '' THEN j.state <> 'same' ELSE j.state = %(state)s END
ORDER BY array_position(%(states)s, j.state), a.name, a.id, j.field {limit}
"""
# Of each field and state so many accounts are remembered: more than a page lists, since some come to agree meanwhile.
REMEMBERED = 100
FETCHED = 2000
Counts = dict[str, dict[str, int]]
First = dict[str, dict[str, list[str]]]
NEVER = datetime.min.replace(tzinfo=UTC)


class FieldLine(NamedTuple):
    """One field of the accounts that both feeds speak of: how many of each state."""

    kind: str
    field: str
    counts: Mapping[str, int]

    @property
    def label(self) -> str:
        return label_of(self.field)

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def differing(self) -> int:
        return self.total - self.counts.get(State.SAME, 0)

    @property
    def contradicting(self) -> int:
        return self.counts.get(State.DIFFERENT, 0) + self.counts.get(State.BLANK, 0)

    @property
    def agreeing(self) -> float:
        return self.counts.get(State.SAME, 0) / self.total if self.total else 0.0

    @property
    def cells(self) -> list[tuple[str, int]]:
        """(state, how many) of every state, in the order of `State`."""
        return [(state.value, self.counts.get(state.value, 0)) for state in State]


@dataclass(frozen=True)
class Comparison:
    """What two feeds say of one kind: accounts by who speaks of them, and fields, what contradicts most first.

    first: field → state → the first accounts by name. as_of: when it was counted, None: just now. since: rows that
    came from either feed after that.
    """

    kind: Kind
    both: int = 0
    only_old: int = 0
    only_new: int = 0
    fields: list[FieldLine] = field(default_factory=list)
    first: Mapping[str, Mapping[str, Sequence[str]]] = field(default_factory=dict)
    as_of: datetime | None = None
    since: int = 0

    def among(self, of: str, state: str) -> list[UUID] | None:
        """Accounts among which the first to be listed are; None: among all."""
        if state == State.SAME:
            return None
        by_field = [self.first.get(of, {})] if of else self.first.values()
        lists = (ids for by_state in by_field for name, ids in by_state.items() if state in ("", name))
        return [UUID(id) for id in {id for ids in lists for id in ids}]


@dataclass(frozen=True)
class Difference:
    """One field of one account as the two feeds have it, in words."""

    account_id: UUID
    account: str
    field: str
    label: str
    state: State
    old: str
    new: str
    old_at: datetime | None
    new_at: datetime | None


def compare(run: ParallelRun, kind: Kind, hidden: Collection[str]) -> Comparison:
    """Everything counted now, in one query. `hidden`: fields that the reader may not see (`hidden_fields`)."""
    return as_compared(kind, *count_sides(run, kind), hidden)


def count_sides(run: ParallelRun, kind: Kind) -> tuple[Counts, First]:
    """Field → state → how many accounts (of no field, `""`: by who speaks of them), and → the first of them by name."""
    counts: Counts = {}
    first: First = {}
    for name, state, count, ids in fetch_all(_sides(kind, None) + COUNTS, _params(run, kind) | {"most": REMEMBERED}):
        counts.setdefault(name, {})[state] = count
        if ids:
            first.setdefault(name, {})[state] = ids
    return counts, first


def as_compared(kind: Kind, counts: Counts, first: First, hidden: Collection[str], **kept: Any) -> Comparison:
    """What was counted, without fields that are hidden. kept: when it was, and how much came since."""
    seen = {name: states for name, states in counts.items() if name and f"{kind.name}.{name}" not in hidden}
    lines = [FieldLine(kind.name, name, states) for name, states in seen.items()]
    lines.sort(key=lambda line: (-line.contradicting, -line.differing, line.label))
    shown = {name: states for name, states in first.items() if name in seen}
    whose = counts.get("", {})
    both, only_old, only_new = (whose.get(name, 0) for name in ("both", "only_old", "only_new"))
    return Comparison(kind, both, only_old, only_new, lines, shown, **kept)


def kept_of(run: ParallelRun) -> dict[str, Compared]:
    """What was counted last of the kinds of which it is kept."""
    return {one.kind: one for one in run.compared.all()}


def comparison(
    run: ParallelRun, kind: Kind, line: KindLine, kept: Mapping[str, Compared], hidden: Collection[str]
) -> Comparison:
    """As it was counted last, where that is kept; else now."""
    one = kept.get(kind.name)
    if one is None:
        return compare(run, kind, hidden)
    return as_compared(kind, one.counts, one.first, hidden, as_of=one.as_of, since=line.brought - one.rows)


def differences(
    run: ParallelRun, found: Comparison, by: User, hidden: Collection[str], *, of: str = "", state: str = "", most: int
) -> list[Difference]:
    """The first that differ now, of accounts that `by` may see; of one field, or in one state."""
    among = found.among(of, state) if reads_all(by) else _seen_by(by)
    sql, params = _listed(run, found.kind, among, hidden, of, state, limit="LIMIT %(most)s")
    return _in_words(fetch_all(sql, params | {"most": most}))


def all_differences(
    run: ParallelRun, kind: Kind, user: User, hidden: Collection[str], *, of: str = "", state: str = ""
) -> Iterator[Difference]:
    """The same without an end, read as it is written out."""
    sql, params = _listed(run, kind, None if reads_all(user) else _seen_by(user), hidden, of, state, limit="")
    with connection.chunked_cursor() as cursor:
        cursor.execute(sql, params)
        while rows := cursor.fetchmany(FETCHED):
            yield from _in_words(rows)


def _seen_by(user: User) -> list[UUID]:
    return list(Account.objects.visible_to(user).values_list("id", flat=True))


def _sides(kind: Kind, among: Collection[UUID] | None) -> str:
    """`among`: only these accounts; None: all."""
    condition = "account_id IS NOT NULL" if among is None else "account_id = ANY(%(among)s)"
    return SIDES.replace("{said}", kind.said).replace("{among}", condition)


def _params(run: ParallelRun, kind: Kind) -> dict[str, Any]:
    return {"run": run.pk, "old": run.old_id, "kind": kind.name, "near": kind.near}


def _listed(
    run: ParallelRun, kind: Kind, among: list[UUID] | None, hidden: Collection[str], of: str, state: str, *, limit: str
) -> tuple[str, dict[str, Any]]:
    own = [name.removeprefix(f"{kind.name}.") for name in hidden if name.startswith(f"{kind.name}.")]
    names = {"hidden": own, "field": of, "state": state, "states": State.values, "among": among}
    return _sides(kind, among) + LISTED.replace("{limit}", limit), _params(run, kind) | names


def _in_words(rows: Collection[tuple[Any, ...]]) -> list[Difference]:
    held = [(*row[:4], _read(row[4]), _read(row[5]), *map(_moment, row[6:])) for row in rows]
    named = [Value(row[2], value, "", NEVER, NEVER) for row in held for value in row[4:6] if value is not None]
    names = names_of(named)

    def text(name: str, value: Any) -> str:
        return "" if value in (None, "") else written(name, value, names)

    return [
        Difference(id, account, name, label_of(name), State(state), text(name, old), text(name, new), old_at, new_at)
        for id, account, name, state, old, new, old_at, new_at in held
    ]


def _read(text: str | None) -> Any:
    """A value as the database wrote it as text: an object where it is one."""
    return msgspec.json.decode(text) if text and text.startswith("{") else text


def _moment(text: str | None) -> datetime | None:
    return parse_datetime(text) if text else None
