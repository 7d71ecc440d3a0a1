"""Taking rows about accounts in bulk, by (source, external id): contacts, contracts, activities."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Model
from django.utils.translation import gettext as _
from msgspec import UNSET

from accounts.queries.identity import find_accounts
from accounts.rules.identity import Ref
from accounts.rules.records import AccountRef, account_ref, given
from accounts.services.values import log_records
from core.bulk import fetch_all
from core.ids import uuid7
from intake.enums import Landing
from intake.queries import find_namespaces
from intake.rules import Arrival, Problem, Result

Values = dict[str, object]
Refusals = dict[int, tuple[Problem, ...]]


@dataclass(frozen=True)
class RowKind:
    """How one kind of row is kept.

    values: item → attributes of the model that it says something about.
    refuse: what the rows name that nobody knows, beside their accounts.
    """

    name: str
    model: type[Model]
    values: Callable[[Any], Values]
    refuse: Callable[[Sequence[Any], Arrival], Refusals] = lambda items, arrival: {}


def upsert_rows(kind: RowKind, items: Sequence[Any], raw: Sequence[bytes], arrival: Arrival) -> list[Result]:
    """Create or change rows in the caller's transaction; one result per item, in order.

    Refused: an account that is not known, and what `kind.refuse` says.
    """
    lock_source(kind.name, arrival)
    accounts = accounts_of(items, arrival)
    refused: Refusals = {row: (unknown_account(item.account),) for row, item in enumerate(items) if row not in accounts}
    refused |= {row: problems for row, problems in kind.refuse(items, arrival).items() if row not in refused}
    taken = [row for row in range(len(items)) if row not in refused]
    log_records(kind.name, [items[row].external_id for row in taken], [raw[row] for row in taken], arrival)
    held = _held(kind, (items[row].external_id for row in taken), arrival)
    results = {row: Result(Landing.REJECTED, errors=problems) for row, problems in refused.items()}
    touched: dict[str, Model] = {}
    for row in taken:
        said = {"account_id": accounts[row], **kind.values(items[row])}
        results[row] = _take(kind, items[row].external_id, said, held, touched, arrival)
    _write(kind, touched)
    return [results[row] for row in range(len(items))]


def accounts_of(items: Sequence[Any], arrival: Arrival) -> dict[int, UUID]:
    """Row → the account it is about, where that is known."""
    spaces = find_namespaces(item.account.source for item in items if item.account.source is not UNSET)
    refs = {row: ref for row, item in enumerate(items) if (ref := _ref(item.account, spaces, arrival)) is not None}
    found = find_accounts(refs.values())
    return {row: found[ref] for row, ref in refs.items() if ref in found}


def unknown_account(ref: AccountRef) -> Problem:
    name = next(str(part) for part in (ref.external_id, ref.domain, ref.id) if given(part))
    return Problem("account", "unknown_account", _("No account '%(name)s' is known: send it first.") % {"name": name})


def _ref(ref: AccountRef, spaces: Mapping[str, UUID], arrival: Arrival) -> Ref | None:
    if ref.source is UNSET:
        return account_ref(ref, arrival.namespace_id)
    return account_ref(ref, spaces[ref.source]) if ref.source in spaces else None


def lock_source(name: str, arrival: Arrival) -> None:
    """One call at a time for a kind of a source, so that two cannot make the same row."""
    fetch_all("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"{name} {arrival.source_id}"])


def _held(kind: RowKind, external_ids: Iterable[str], arrival: Arrival) -> dict[str, Model]:
    rows = kind.model._default_manager.filter(source_id=arrival.source_id, external_id__in=list(external_ids))
    return {row.external_id: row for row in rows.order_by("id").select_for_update()}  # type: ignore[attr-defined]


def _take(
    kind: RowKind, external_id: str, said: Values, held: dict[str, Model], touched: dict[str, Model], arrival: Arrival
) -> Result:
    row = held.get(external_id)
    made = row is None
    if row is None:
        row = kind.model(id=uuid7(), source_id=arrival.source_id, external_id=external_id)
        held[external_id] = row
    changed = {name: value for name, value in said.items() if getattr(row, name) != value}
    for name, value in changed.items():
        setattr(row, name, value)
    if made or changed:
        touched[external_id] = row
    return Result(Landing.CREATED if made else Landing.UPDATED if changed else Landing.UNCHANGED, id=row.pk)


def _write(kind: RowKind, touched: Mapping[str, Model]) -> None:
    fixed = {"id", "source_id", "external_id"}
    columns = [field.name for field in kind.model._meta.concrete_fields if field.name not in fixed]
    kind.model._default_manager.bulk_create(
        sorted(touched.values(), key=lambda row: str(row.pk)),
        batch_size=2000,
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=columns,
    )
