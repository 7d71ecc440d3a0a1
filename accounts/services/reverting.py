"""What an import did, told from the values that were there before; and taking it back, except what came later."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, Field, Model
from msgspec.structs import replace

from accounts.enums import Verdict
from accounts.models import Account, Activity, Consent, Contact, Contract, LedgerEntry, Link, Pair, Prior, Visitor
from accounts.rules.sayings import SLUGS
from accounts.services.board import survivors_of
from accounts.services.consent import put_back_consents
from accounts.services.contacts import accounts_of, forget_findings, lock_contacts, settle_contacts
from accounts.services.parking import take_back_parked
from accounts.services.rows import as_kept
from core.append_only import rewriting
from core.bulk import fetch_all
from core.models import Team, User
from intake.rules import FieldChange, Told, Undone, Unheard

BATCH = 2000
SHOWN_KNOWN = 6
# Since when the other fields of a row are so: it goes back with them, and is no field of its own.
SINCE = "since"
Undo = Callable[..., Undone]

EVENTS_OF_A_FILE = """
WITH gone AS (DELETE FROM accounts_event WHERE import_id = %s RETURNING id),
     free AS (DELETE FROM accounts_eventkey k USING gone WHERE k.id = gone.id RETURNING k.id)
SELECT count(*) FROM gone
"""


def teller(*kinds: str) -> Callable[[UUID, int], Told]:
    """What an import of `kinds` did: some changes, how its records were matched, how many pairs wait for a person."""

    def tell(import_id: UUID, most: int) -> Told:
        priors = list(Prior.objects.filter(import_id=import_id, kind__in=kinds).order_by("id")[:most])
        names = _called(priors)
        changes = _named([change for prior in priors for change in _told(prior, names)][:most])
        if not {"accounts", "contacts"} & {*kinds}:
            return Told(changes=changes)
        pairs = Pair.objects.filter(import_id=import_id)
        found = Link.objects.filter(import_id=import_id) if "accounts" in kinds else pairs.filter(verdict=Verdict.SAME)
        rules = dict(found.order_by().values_list("rule").annotate(count=Count("id")))
        unheard = _unheard(changes) if "accounts" in kinds else []
        return Told(changes=changes, rules=rules, reviews=pairs.filter(verdict=Verdict.OPEN).count(), unheard=unheard)

    return tell


def _unheard(changes: Sequence[FieldChange]) -> list[Unheard]:
    """Tiers, regions and the like that no account had before these changes; not where none had any."""
    found = []
    for field in SLUGS:
        said = Counter(str(one.after) for one in changes if one.field == field and one.after)
        if not said:
            continue
        rows = Account.objects.filter(archived_at=None).exclude(**{field: ""}).order_by().values_list(field)
        held = Counter(dict(rows.annotate(n=Count("pk")))) - said  # as it was before
        if held and (new := {value: count for value, count in said.most_common() if value not in held}):
            found.append(Unheard(field, new, [value for value, _count in held.most_common(SHOWN_KNOWN)]))
    return found


# Kind → whose rows its priors are of; those of people have a name of their own. Activities are of several kinds.
ROWS: dict[str, type[Model]] = {
    "accounts": Link, "contacts": Contact, "consents": Contact, "contracts": Contract, "orders": LedgerEntry,
}  # fmt: skip


def _called(priors: Sequence[Prior]) -> dict[UUID, tuple[str, str]]:
    """Row → what its account is called, or the contact itself; and of a contact its account."""
    names: dict[UUID, tuple[str, str]] = {}
    for kind in {prior.kind for prior in priors}:
        model = ROWS.get(kind, Activity)
        rows = model._default_manager.filter(pk__in=[prior.row_id for prior in priors if prior.kind == kind]).order_by()
        if model is Contact:
            names |= {id: (name, account) for id, name, account in rows.values_list("pk", "name", "account__name")}
        else:
            names |= {id: (account, "") for id, account in rows.values_list("pk", "account__name")}
    return names


def _told(prior: Prior, names: Mapping[UUID, tuple[str, str]]) -> Iterator[FieldChange]:
    for name, (before, after) in prior.fields.items():
        if name == SINCE:
            continue
        field = f"consent_{name}" if prior.kind == "consents" else name
        called = names.get(prior.row_id, ("", ""))
        yield FieldChange(prior.external_id, field, _value(before), _value(after), *called)


# Fields that hold an id → what they are called, and whose names stand for it.
IDS: dict[str, tuple[str, type[Model]]] = {"account_id": ("account", Account), "team": ("team", Team)}


def _named(changes: list[FieldChange]) -> list[FieldChange]:
    """The changes, with an account or a team by its name instead of its id."""
    names: dict[tuple[str, str], str] = {}
    for field, (_called_so, model) in IDS.items():
        ids = {id for one in changes if one.field == field for id in (one.before, one.after) if id}
        found = model._default_manager.filter(pk__in=ids).values_list("pk", "name") if ids else ()
        names |= {(field, str(id)): name for id, name in found}
    return [
        replace(
            one, field=IDS[one.field][0], before=names.get((one.field, str(one.before))),
            after=names.get((one.field, str(one.after))),
        )
        if one.field in IDS
        else one
        for one in changes
    ]  # fmt: skip


def _value(kept: Any) -> Any:
    """What a kept value says: a saying is a list of its value, since when and its id."""
    return kept[0] if isinstance(kept, list) else kept


def undo_rows(kind: str, model: type[Model]) -> Undo:
    """How an import of contacts, contracts or activities is taken back."""

    def undo(*, import_id: UUID, by: User | None, now: datetime, actor: str = "") -> Undone:
        removed = len(take_back_parked(import_id))
        priors, rest = newest(import_id, kind)
        rows = _locked(model, priors)
        named = _named_elsewhere(model, [prior.row_id for prior in priors if prior.made])
        changed: dict[UUID, Model] = {}
        columns: set[str] = set()
        gone: set[UUID] = set()
        restored, kept = 0, list[FieldChange]()
        merged = survivors_of({value for prior in priors for value in prior.fields.get("account_id", ()) if value})
        for prior in priors:
            row = rows.get(prior.row_id)
            if row is None:
                continue
            later = [*_later(prior, row, merged)]
            kept += later
            if prior.made and not later and prior.row_id not in named:
                gone.add(prior.row_id)
            elif not prior.made:
                back = _put_back(prior, row, {change.field for change in later}, merged)
                restored, columns = restored + len(back - {SINCE}), columns | back
                changed[prior.row_id] = row
        if columns:
            still = [changed[id] for id in sorted(changed.keys() - gone)]
            model._default_manager.bulk_update(still, sorted(columns), batch_size=BATCH)
        model._default_manager.filter(pk__in=gone).delete()
        forget(priors)
        return Undone(restored=restored, removed=removed + len(gone), kept=kept, rows=len(priors), rest=rest)

    return undo


def undo_orders(*, import_id: UUID, by: User | None, now: datetime, actor: str = "") -> Undone:
    """Take the ledger entries of a file away: nothing ever changes them, so nothing else can have written there."""
    removed = len(take_back_parked(import_id))
    priors, rest = newest(import_id, "orders")
    with rewriting():
        removed += LedgerEntry.objects.filter(pk__in=[prior.row_id for prior in priors]).delete()[0]
    forget(priors)
    return Undone(removed=removed, rows=len(priors), rest=rest)


def undo_events(*, import_id: UUID, by: User | None, now: datetime, actor: str = "") -> Undone:
    """Take the events of a file away; their keys are free again."""
    [(removed,)] = fetch_all(EVENTS_OF_A_FILE, [import_id])
    return Undone(removed=removed)


def newest(import_id: UUID, kind: str) -> tuple[list[Prior], bool]:
    """The newest priors of an import, and whether there are more; the caller forgets them."""
    priors = list(Prior.objects.filter(import_id=import_id, kind=kind).order_by("-id")[: BATCH + 1])
    return priors[:BATCH], len(priors) > BATCH


def forget(priors: list[Prior]) -> None:
    Prior.objects.filter(pk__in=[prior.pk for prior in priors]).delete()


def _locked(model: type[Model], priors: list[Prior]) -> dict[UUID, Model]:
    rows = model._default_manager.filter(pk__in=[prior.row_id for prior in priors])
    return {row.pk: row for row in rows.order_by("pk").select_for_update()}


def _later(prior: Prior, row: Model, merged: dict[str, str]) -> Iterator[FieldChange]:
    """Fields that do not hold any more what the import wrote."""
    for field, (_before, after) in prior.fields.items():
        if field == SINCE:
            continue
        holds = as_kept(getattr(row, field))
        if holds != (merged.get(after, after) if field == "account_id" else after):
            yield FieldChange(prior.external_id, field, after, holds)


def _named_elsewhere(model: type[Model], ids: list[UUID]) -> set[UUID]:
    """Those of these rows that something which came otherwise names."""
    if model is not Contact:
        return set()
    naming: tuple[type[Model], ...] = (Activity, Visitor, Consent)
    found = (one._default_manager.filter(contact__in=ids).values_list("contact_id", flat=True) for one in naming)
    return {id for some in found for id in some}


def _put_back(prior: Prior, row: Model, later: set[str], merged: dict[str, str]) -> set[str]:
    """Give the row its values of before; the columns that changed."""
    back = {field: before for field, (before, _after) in prior.fields.items() if field not in later}
    if SINCE in back:
        was = {field: back[SINCE].get(field) for field in back}
        kept = {**row.since, **was}  # type: ignore[attr-defined]
        back[SINCE] = {field: at for field, at in kept.items() if at is not None}
    for field, before in back.items():
        column = row._meta.get_field(field.removesuffix("_id"))
        value = merged.get(before, before) if field == "account_id" else before
        setattr(row, field, None if value is None or not isinstance(column, Field) else column.to_python(value))
    return {field.removesuffix("_id") for field in back}


def undo_contacts(*, import_id: UUID, by: User | None, now: datetime, actor: str = "") -> Undone:
    """Take back contacts, and first what they agreed to; who is one person is settled without the file.

    All of it at once: while some of its words stood and others did not, people would be held together wrongly.
    """
    accounts = sorted(_accounts_of(import_id))
    lock_contacts(accounts)
    forget_findings(import_id)
    restored, removed, kept, rows, rest = 0, 0, list[FieldChange](), 0, True
    while rest:
        priors, rest = newest(import_id, "consents")
        back, later = put_back_consents(priors)
        restored, kept = restored + back, kept + later
        forget(priors)
    rest = True
    while rest:
        step = _UNDO_CONTACTS(import_id=import_id, by=by, now=now, actor=actor)
        restored, removed, kept, rows = (
            restored + step.restored, removed + step.removed, kept + step.kept, rows + step.rows
        )  # fmt: skip
        rest = step.rest
    for at in range(0, len(accounts), BATCH):
        settle_contacts(accounts[at : at + BATCH], now=now)
    return Undone(restored=restored, removed=removed, kept=kept, rows=rows)


def _accounts_of(import_id: UUID) -> set[UUID]:
    """The accounts whose contacts the import changed, and those of whom they were before."""
    priors = Prior.objects.filter(import_id=import_id, kind="contacts").values_list("row_id", "fields__account_id")
    rows = list(priors)
    named = {id for _row, moved in rows for id in moved or () if id}
    was = {UUID(survivor) for survivor in {**{id: id for id in named}, **survivors_of(named)}.values()}
    return was | accounts_of([row for row, _moved in rows])


_UNDO_CONTACTS = undo_rows("contacts", Contact)
