"""What two feeds that run beside each other say of the same accounts: counted per field, listed, as a file.

Set-based: the sides are read once each, joined by account, and taken apart into fields.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
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
from intake.models import ParallelRun
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
WITH old AS MATERIALIZED ({said}), new AS MATERIALIZED (
    SELECT DISTINCT ON (account_id, slot) account_id, slot, values FROM intake_held
    WHERE run_id = %(run)s AND kind = %(kind)s AND account_id IS NOT NULL ORDER BY account_id, slot, at DESC
), pair AS (
    SELECT o.account_id, f.field, o.values->f.field AS was, n.values->f.field AS is_now,
        o.values->f.field->>0 AS old, n.values->f.field->>0 AS new
    FROM old o JOIN new n USING (account_id, slot)
    CROSS JOIN LATERAL jsonb_object_keys(o.values || n.values) AS f(field)
), judged AS (
    SELECT account_id, field, old, new, was->>1 AS old_at, is_now->>1 AS new_at, CASE
        WHEN old IS NOT DISTINCT FROM new THEN 'same'
        WHEN old IS NULL THEN 'only_new'
        WHEN new IS NULL THEN CASE WHEN is_now IS NULL THEN 'only_old' ELSE 'blank' END
        WHEN CASE WHEN %(near)s = 0 THEN false ELSE abs(old::numeric - new::numeric) <= %(near)s END THEN 'same'
        ELSE 'different' END AS state
    FROM pair WHERE NOT field = ANY(%(hidden)s)
)
"""
COUNTS = """
SELECT field, state, count(*) FROM judged GROUP BY 1, 2
UNION ALL SELECT '', 'accounts', count(*) FROM (SELECT account_id FROM old INTERSECT SELECT account_id FROM new) x
UNION ALL SELECT '', 'only_old', count(*) FROM (SELECT account_id FROM old EXCEPT SELECT account_id FROM new) x
UNION ALL SELECT '', 'only_new', count(*) FROM (SELECT account_id FROM new EXCEPT SELECT account_id FROM old) x
"""
LISTED = """
SELECT j.account_id, a.name, j.field, j.state, j.old, j.new, j.old_at, j.new_at
FROM judged j JOIN accounts_account a ON a.id = j.account_id
WHERE a.archived_at IS NULL AND (%(field)s = '' OR j.field = %(field)s)
  AND CASE WHEN %(state)s = '' THEN j.state <> 'same' ELSE j.state = %(state)s END {seen}
ORDER BY array_position(%(states)s, j.state), a.name, a.id, j.field {limit}
"""
FETCHED = 2000
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
    """What two feeds say of one kind: accounts by who speaks of them, and fields, what contradicts most first."""

    kind: Kind
    both: int = 0
    only_old: int = 0
    only_new: int = 0
    fields: list[FieldLine] = field(default_factory=list)


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
    """Everything counted, in one query. `hidden`: fields that the reader may not see (`hidden_fields`)."""
    fields: dict[str, dict[str, int]] = {}
    accounts = {"accounts": 0, "only_old": 0, "only_new": 0}
    for name, state, count in fetch_all(_sides(kind) + COUNTS, _params(run, kind, hidden)):
        if name:
            fields.setdefault(name, {})[state] = count
        else:
            accounts[state] = count
    lines = [FieldLine(kind.name, name, counts) for name, counts in fields.items()]
    lines.sort(key=lambda line: (-line.contradicting, -line.differing, line.label))
    return Comparison(kind, accounts["accounts"], accounts["only_old"], accounts["only_new"], lines)


def differences(
    run: ParallelRun, kind: Kind, user: User, hidden: Collection[str], *, of: str = "", state: str = "", most: int
) -> list[Difference]:
    """The first that differ, of accounts that `user` may see; of one field, or in one state."""
    sql, params = _listed(run, kind, user, hidden, of, state, limit="LIMIT %(most)s")
    return _in_words(fetch_all(sql, params | {"most": most}))


def all_differences(
    run: ParallelRun, kind: Kind, user: User, hidden: Collection[str], *, of: str = "", state: str = ""
) -> Iterator[Difference]:
    """The same without an end, read as it is written out."""
    sql, params = _listed(run, kind, user, hidden, of, state, limit="")
    with connection.chunked_cursor() as cursor:
        cursor.execute(sql, params)
        while rows := cursor.fetchmany(FETCHED):
            yield from _in_words(rows)


def _sides(kind: Kind) -> str:
    return SIDES.replace("{said}", kind.said)


def _params(run: ParallelRun, kind: Kind, hidden: Collection[str]) -> dict[str, Any]:
    own = [name.removeprefix(f"{kind.name}.") for name in hidden if name.startswith(f"{kind.name}.")]
    return {"run": run.pk, "old": run.old_id, "kind": kind.name, "near": kind.near, "hidden": own}


def _listed(
    run: ParallelRun, kind: Kind, user: User, hidden: Collection[str], of: str, state: str, *, limit: str
) -> tuple[str, dict[str, Any]]:
    seen, ids = "", {}
    if not reads_all(user):
        seen = "AND a.id = ANY(%(seen)s)"
        ids = {"seen": list(Account.objects.visible_to(user).values_list("id", flat=True))}
    sql = _sides(kind) + LISTED.replace("{seen}", seen).replace("{limit}", limit)
    return sql, _params(run, kind, hidden) | {"field": of, "state": state, "states": State.values} | ids


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
