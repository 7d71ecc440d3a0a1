"""Where accounts are named: every room registers its tables, so that a merge takes their rows along and back."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.apps import apps
from django.db.models import Model
from django.utils.translation import gettext as _

from core.append_only import rewriting
from core.bulk import fetch_all
from core.models import Pending, User


@dataclass(frozen=True)
class Place:
    """A table whose rows are about an account.

    key: SQL that names a row of it, as text; `x` is the row.
    unless: SQL that says the survivor has one like it (`x` the row, `y` the survivor's): such a row stays.
    kinds, record, follows: how a row that arrived after a merge is sent home: it is upserted by (source, external id)
        of these kinds of record; or this SQL is the id of its record; or this SQL is the account of a row it goes with.
    about: the row itself says whom it is about (`about_namespace`, `about_kind`, `about_value`), since `received_at`.
    append_only: the table refuses updates, except those of a merge.
    weighs: a row says that somebody works with the account, so an import that made it is not simply taken back.
    counted: its rows are things that a person counts, not what goes along with one.
    told: SQL that anybody may be told that there is such a row (`x`), since they are shown it elsewhere.
    """

    table: str
    key: str = "x.id::text"
    column: str = "account_id"
    unless: str = ""
    kinds: tuple[str, ...] = ()
    record: str = ""
    follows: str = ""
    about: bool = False
    append_only: bool = False
    weighs: bool = True
    counted: bool = True
    told: str = "true"

    def alone(self, to: str) -> str:
        """SQL, to be added to a condition: the account `to` has no row like it."""
        if not self.unless:
            return ""
        return f'AND NOT EXISTS (SELECT FROM "{self.table}" y WHERE y.{self.column} = {to} AND {self.unless})'  # nosec B608 - ours


@dataclass(frozen=True)
class Merging:
    """Two accounts about to be one, who says so, and when."""

    survivor: UUID
    merged: UUID
    by: User
    now: datetime


@dataclass(frozen=True)
class Room:
    """What one room keeps about accounts.

    changes: rows that `join` will change (table → ids), which are kept as they were.
    ends: what `join` will end, in sentences.
    join: ends what there may be only one of on an account; called before the rows move.
    part: called after the rows are back.
    """

    places: Sequence[Place]
    changes: Callable[[Merging], Mapping[str, Collection[str]]] = lambda merging: {}
    ends: Callable[[Merging], list[str]] = lambda merging: []
    join: Callable[[Merging], None] = lambda merging: None
    part: Callable[[Mapping[str, Collection[str]]], None] = lambda changed: None


_rooms: dict[str, Room] = {}


def register_places(name: str, room: Room) -> None:
    """Let the rows of a room follow their account. The same name twice is a mistake of ours."""
    if _rooms.setdefault(name, room) is not room:
        raise ValueError(f"two rooms are called {name}")


def rooms() -> list[Room]:
    """In the order of registration: lower rooms first."""
    return list(_rooms.values())


def places() -> list[Place]:
    return [place for room in rooms() for place in room.places]


def accounts_with_rows(account_ids: Collection[UUID]) -> dict[UUID, list[str]]:
    """Those of these accounts on which something hangs beside what sources say of them, and what, in words.

    Where it is only what not everybody is told of, the words do not say what.
    """
    names = {model._meta.db_table: _words_of(model) for model in apps.get_models()}
    found: dict[UUID, list[str]] = {}
    for place in places():
        if place.weighs and account_ids:
            sql = f"""SELECT x.{place.column}, bool_or({place.told}) FROM "{place.table}" x
                WHERE x.{place.column} = ANY(%s) GROUP BY 1"""  # noqa: S608 - ours  # nosec B608
            for id, told in fetch_all(sql, [list(account_ids)]):
                found.setdefault(id, []).extend([names.get(place.table, place.table)] if told else [])
    return {id: words or [_("records")] for id, words in found.items()}


def rows_on(account_id: UUID) -> list[tuple[int, str]]:
    """What hangs on an account beside what sources say of it: how many rows, and what they are called.

    Of those that everybody is told of who sees the account.
    """
    return [(n, str(model._meta.verbose_name if n == 1 else many)) for many, (n, model) in _counts(account_id).items()]


def counts_on(account_id: UUID) -> dict[str, int]:
    """The same by what they are called where they are many."""
    return {many: count for many, (count, _model) in _counts(account_id).items()}


def _counts(account_id: UUID) -> dict[str, tuple[int, type[Model]]]:
    models = {model._meta.db_table: model for model in apps.get_models() if not issubclass(model, Pending)}
    found = {}
    for place in (one for one in places() if one.weighs and one.counted and one.table in models):
        sql = f'SELECT count(*) FROM "{place.table}" x WHERE x.{place.column} = %s AND {place.told}'  # noqa: S608 - ours  # nosec B608
        [(count,)] = fetch_all(sql, [account_id])
        if count:
            found[str(models[place.table]._meta.verbose_name_plural)] = (count, models[place.table])
    return found


def _words_of(model: type[Model]) -> str:
    return _("records on their way") if issubclass(model, Pending) else str(model._meta.verbose_name_plural)


def move_rows(place: Place, start: UUID, to: UUID, keys: Iterable[str] | None = None) -> list[str]:
    """Re-point the rows of one place, all or those of `keys`, where the other account has none like it; their keys."""
    some = "" if keys is None else f"AND {place.key} = ANY(%(keys)s)"
    sql = f"""UPDATE "{place.table}" x SET {place.column} = %(to)s
        WHERE x.{place.column} = %(start)s {some} {place.alone("%(to)s")} RETURNING {place.key}"""  # noqa: S608 - ours  # nosec B608
    params = {"start": start, "to": to, "keys": list(keys or ())}
    if not place.append_only:
        return sorted(key for (key,) in fetch_all(sql, params))
    with rewriting():
        return sorted(key for (key,) in fetch_all(sql, params))


ACCOUNTS = Room(
    places=(
        Place("accounts_link", weighs=False),
        Place("accounts_accountkey", weighs=False),
        Place("accounts_accountperson", unless="y.role = x.role", weighs=False),
        Place("accounts_account", column="parent_id", weighs=False),
        Place("accounts_contact", kinds=("contacts",)),
        Place("accounts_contract", kinds=("contracts",)),
        Place("accounts_activity", kinds=("activities", "tickets", "conversations", "surveys")),
        Place("accounts_ledgerentry", kinds=("orders",), append_only=True),
        Place("accounts_event", about=True),
        Place("accounts_redlineflag", unless="y.kind = x.kind AND y.until IS NULL AND x.until IS NULL"),
        Place("accounts_segmentmember", unless="y.segment_id = x.segment_id", weighs=False),
        Place("accounts_grant", unless="y.user_id = x.user_id", weighs=False),
        Place("accounts_resolved", record="x.id"),
        Place("intake_held", weighs=False),
    )
)
