"""Taking rows about accounts in bulk, by (source, external id): contacts, contracts, activities."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import JSONField, Model
from django.db.models.expressions import DatabaseDefault

from accounts.queries.policies import current_policy
from accounts.rules.projection import Policy
from accounts.services.priors import keep_priors
from accounts.services.values import encode
from accounts.services.whose import Refusals, find_whose
from core.bulk import copy_rows, fetch_all
from intake.enums import Landing
from intake.rules import Arrival, Result

Values = dict[str, object]


@dataclass(frozen=True)
class RowKind:
    """How one kind of row is kept.

    values: item → attributes of the model that it says something about.
    refuse: what the rows name that nobody knows, beside their accounts.
    by_hand: attribute → the one that names who set it here: a file that comes again does not overwrite it.
    before: what is to be locked, given external ids and accounts, ahead of the rows.
    after: what follows from rows that were written, given the accounts that they were and are about.
    matters: whether something follows from a change of these attributes of a row.
    dated: the rows keep since when each of their attributes is so, in `since`.
    """

    name: str
    model: type[Model]
    values: Callable[[Any], Values]
    refuse: Callable[[Sequence[Any], Arrival], Refusals] = lambda items, arrival: {}
    by_hand: Mapping[str, str] = field(default_factory=dict)
    before: Callable[[Collection[str], Collection[UUID], Arrival], None] = lambda names, accounts, arrival: None
    after: Callable[[Collection[UUID], Arrival], None] = lambda accounts, arrival: None
    matters: Callable[[Any, Collection[str]], bool] = lambda row, changed: True
    dated: bool = False


def upsert_rows(kind: RowKind, items: Sequence[Any], raw: Sequence[bytes], arrival: Arrival) -> list[Result]:
    """Create or change rows in the caller's transaction; one result per item, in order.

    Parked: rows about an account that has not arrived. Refused: an account that cannot arrive, what `kind.refuse` says.
    """
    whose = find_whose(items, arrival)
    kind.before([item.external_id for item in items], set(whose.accounts.values()), arrival)
    lock_source(kind.name, arrival)
    for row, problems in kind.refuse(items, arrival).items():
        whose.refuse(row, problems)
    accounts, taken = whose.accounts, sorted(whose.accounts)
    held = _held(kind, (items[row].external_id for row in taken), arrival)
    results = whose.land(kind.name, {row: items[row].external_id for row in range(len(items))}, raw, again=True)
    call = _Call(kind, arrival, held, current_policy() if kind.by_hand else None)
    for row in taken:
        said = {"account_id": accounts[row], **kind.values(items[row])}
        results[row] = call.take(items[row].external_id, said, whose.id_of(row))
    _insert(kind, [call.touched[name] for name in sorted(call.made)])
    _write(kind, [row for name, row in call.touched.items() if name not in call.made])
    keep_priors(
        kind.name,
        ((row.pk, name, name in call.made, call.priors[name]) for name, row in call.touched.items()),
        arrival,
    )
    kind.after(call.accounts, arrival)
    return [results[row] for row in range(len(items))]


def lock_source(name: str, arrival: Arrival) -> None:
    """One call at a time for a kind of a source, so that two cannot make the same row."""
    fetch_all("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"{name} {arrival.source_id}"])


def _held(kind: RowKind, external_ids: Iterable[str], arrival: Arrival) -> dict[str, Model]:
    rows = kind.model._default_manager.filter(source_id=arrival.source_id, external_id__in=list(external_ids))
    return {row.external_id: row for row in rows.order_by("id").select_for_update()}  # type: ignore[attr-defined]


@dataclass
class _Call:
    """The rows of one call: as they stood, and what becomes of them, by external id."""

    kind: RowKind
    arrival: Arrival
    held: dict[str, Model]
    policy: Policy | None
    touched: dict[str, Model] = field(default_factory=dict)
    made: set[str] = field(default_factory=set)
    priors: dict[str, dict[str, list[Any]]] = field(default_factory=dict)
    accounts: set[UUID] = field(default_factory=set)

    def take(self, external_id: str, said: Values, new_id: UUID) -> Result:
        row = self.held.get(external_id)
        made = row is None
        if row is None:
            row = self.kind.model(id=new_id, source_id=self.arrival.source_id, external_id=external_id)
            self.held[external_id] = row
            self.made.add(external_id)
        changed = {name: value for name, value in said.items() if getattr(row, name) != value and self._may(row, name)}
        if not made and not changed:
            return Result(Landing.UNCHANGED, id=row.pk)
        if self.kind.dated and changed.keys() - {"account_id"}:
            at = dict.fromkeys(changed.keys() - {"account_id"}, self.arrival.now.isoformat())
            changed["since"] = dict(sorted({**row.since, **at}.items()))  # type: ignore[attr-defined]
        if self.kind.matters(row, changed):
            self.accounts |= {id for id in (row.account_id, said.get("account_id")) if isinstance(id, UUID)}  # type: ignore[attr-defined]
        prior = self.priors.setdefault(external_id, {})
        for name, value in changed.items():
            prior.setdefault(name, [as_kept(getattr(row, name)), None])[1] = as_kept(value)
            setattr(row, name, value)
        self.touched[external_id] = row
        return Result(Landing.CREATED if made else Landing.UPDATED, id=row.pk)

    def _may(self, row: Model, name: str) -> bool:
        """Whether the source's word counts where somebody has set this by hand."""
        person = self.kind.by_hand.get(name)
        if person is None or self.policy is None or getattr(row, person) is None:
            return True
        return self.policy.outranks_people(name, self.arrival.source_id)


def as_kept(value: object) -> Any:
    """A value of a row as JSON has it; what the database will fill in is not there yet."""
    if isinstance(value, DatabaseDefault):
        return None
    return str(value) if isinstance(value, (date, Decimal, UUID)) else value


def _insert(kind: RowKind, rows: Sequence[Model]) -> None:
    """Nobody else can make them meanwhile (`lock_source`), so they are copied: many times as quick as inserting."""
    fields = kind.model._meta.concrete_fields
    readers = [(field.attname, isinstance(field, JSONField), field.db_default) for field in fields]
    if rows:
        copy_rows(
            kind.model._meta.db_table,
            [str(field.column) for field in fields],
            ([_cell(getattr(row, name), is_json, default) for name, is_json, default in readers] for row in rows),
        )


def _cell(value: object, is_json: bool, default: object) -> object:
    if isinstance(value, DatabaseDefault):
        value = default
    return encode(value).decode() if is_json else value


def _write(kind: RowKind, rows: Iterable[Model]) -> None:
    fixed = {"id", "source_id", "external_id"}
    columns = [field.name for field in kind.model._meta.concrete_fields if field.name not in fixed]
    kind.model._default_manager.bulk_create(
        sorted(rows, key=lambda row: str(row.pk)),
        batch_size=2000,
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=columns,
    )
