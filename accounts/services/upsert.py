"""Taking accounts in bulk: one read of what is there, a comparison in memory, bulk writes (API.md, accounts/bulk)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

from django.utils.translation import gettext as _
from msgspec import UNSET

from accounts.enums import AccountRole, KeyKind
from accounts.models import Account, AccountKey, AccountPerson, StageEntry
from accounts.queries.identity import find_accounts, find_people
from accounts.rules.hierarchy import Wish, refuse_parents
from accounts.rules.identity import Ref, identifying_domain, normalise_domain
from accounts.rules.records import AccountItem, Money, given, to_slug
from accounts.services.resolve import lock_keys, release_parked
from accounts.services.values import Change, log_records, remember_values
from core.ids import uuid7
from core.models import User
from intake.enums import Happening, Landing
from intake.rules import Arrival, Problem, Result
from intake.services import announce

SLUGS = ("segment", "tier", "region", "stage")
DAYS = ("renews_on", "customer_since")
WRITTEN = [
    "name", "domain", "segment", "tier", "region", "stage", "parent", "team", "arr_amount", "arr_currency",
    "renews_on", "customer_since", "fields",
]  # fmt: skip
CENT = Decimal("0.01")


@dataclass
class Book:
    """The accounts of one call: as they stood, and what becomes of them."""

    arrival: Arrival
    ids: dict[str, UUID]
    accounts: dict[UUID, Account]
    roles: dict[tuple[UUID, str], UUID]
    people: dict[str, User]
    new: dict[str, UUID] = field(default_factory=dict)
    touched: dict[UUID, Account] = field(default_factory=dict)
    restaged: set[UUID] = field(default_factory=set)
    redomained: set[UUID] = field(default_factory=set)
    appointed: dict[tuple[UUID, str], UUID | None] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)

    def id_of(self, external_id: str) -> UUID | None:
        return self.ids.get(external_id) or self.new.get(external_id)


def upsert_accounts(items: Sequence[AccountItem], raw: Sequence[bytes], arrival: Arrival) -> list[Result]:
    """Create or change accounts by (namespace, external id), in the caller's transaction; one result per item.

    Refused rows: an unknown or inactive person, an unknown parent, a cycle of parents. Records that waited for a
    new account are released.
    """
    book = _open_book(items, arrival)
    refused = _refusals(items, book)
    taken = [row for row in range(len(items)) if row not in refused]
    records = log_records("accounts", [items[row].external_id for row in taken], [raw[row] for row in taken], arrival)
    results = {row: Result(Landing.REJECTED, errors=problems) for row, problems in refused.items()}
    for row, record in zip(taken, records, strict=True):
        results[row] = _take(items[row], record, book)
    _write(book)
    return [results[row] for row in range(len(items))]


def _open_book(items: Sequence[AccountItem], arrival: Arrival) -> Book:
    """Read and lock what the items are about; new accounts have their ids already.

    `lock_keys` comes first: it keeps two calls from making one account, or a cycle of parents, between them.
    """
    wanted = {item.external_id for item in items}
    wanted |= {item.parent for item in items if isinstance(item.parent, str)}
    lock_keys()
    ids = _ids(wanted, arrival)
    about = [ids[item.external_id] for item in items if item.external_id in ids]
    accounts = {
        account.id: account for account in Account.objects.filter(id__in=about).order_by("id").select_for_update()
    }
    named = {name for item in items for name in _appointments(item).values() if name}
    roles = AccountPerson.objects.filter(account__in=about).values_list("account_id", "role", "user_id")
    return Book(
        arrival=arrival,
        ids=ids,
        accounts=accounts,
        roles={(account, role): user for account, role, user in roles},
        people=find_people(named),
        new={item.external_id: uuid7() for item in items if item.external_id not in ids},
    )


def _ids(external_ids: Iterable[str], arrival: Arrival) -> dict[str, UUID]:
    refs: list[Ref] = [(arrival.namespace_id, KeyKind.EXTERNAL_ID.value, value) for value in external_ids]
    return {ref[2]: account for ref, account in find_accounts(refs).items()}


def _refusals(items: Sequence[AccountItem], book: Book) -> dict[int, tuple[Problem, ...]]:
    refused = {row: problems for row, item in enumerate(items) if (problems := tuple(_unknown_people(item, book)))}
    wishes = [
        Wish(row, child, book.id_of(item.parent))
        for row, item in enumerate(items)
        if isinstance(item.parent, str) and row not in refused and (child := book.id_of(item.external_id))
    ]
    if wishes:
        coming = {items[row].external_id for row in range(len(items)) if row not in refused}
        bad = refuse_parents(
            wishes,
            existing=set(book.ids.values()),
            coming={id for external_id, id in book.new.items() if external_id in coming},
            parents=dict(Account.objects.exclude(parent=None).values_list("id", "parent_id")),
        )
        refused |= {row: (problem,) for row, problem in bad.items()}
    return refused


def _unknown_people(item: AccountItem, book: Book) -> Iterable[Problem]:
    for role, name in _appointments(item).items():
        if name and name not in book.people:
            where = "csm" if role == AccountRole.CSM and isinstance(item.csm, str) else f"people.{role.value}"
            yield Problem(
                where, "unknown_person", _("Nobody active has the user name or e-mail '%(name)s'.") % {"name": name}
            )


def _appointments(item: AccountItem) -> dict[AccountRole, str | None]:
    """Role → user name or e-mail, None to leave the role empty; blanks say nothing."""
    said = dict(item.people) if item.people is not UNSET else {}
    if item.csm is not UNSET:
        said[AccountRole.CSM] = item.csm
    return {role: name for role, name in said.items() if given(name)}


def _take(item: AccountItem, record: UUID, book: Book) -> Result:
    """Put what one item says on its account in memory, and note what changed."""
    id = book.id_of(item.external_id)
    assert id is not None  # noqa: S101 - narrows the type
    account = book.accounts.get(id)
    made = account is None
    if account is None:
        account = Account(id=id, source_id=book.arrival.source_id, created_at=book.arrival.now)
        book.accounts[id] = account
    changed = {**_set_columns(account, item), **_set_fields(account, item), **_set_people(account, item, book)}
    changed |= _set_parent(account, item, book)
    book.changes += [(id, name, value, record) for name, value in changed.items()]
    book.restaged |= {id} if "stage" in changed else set()
    book.redomained |= {id} if "domain" in changed else set()
    if made or changed:
        book.touched[id] = account
    return Result(Landing.CREATED if made else Landing.UPDATED if changed else Landing.UNCHANGED, id=id)


def _set_columns(account: Account, item: AccountItem) -> dict[str, object]:
    said: dict[str, object] = {"name": item.name.strip()}
    if given(item.domain):
        said["domain"] = normalise_domain(item.domain or "")
    said |= {name: to_slug(getattr(item, name) or "") for name in SLUGS if given(getattr(item, name))}
    said |= {name: getattr(item, name) for name in DAYS if given(getattr(item, name))}
    changed = {name: value for name, value in said.items() if getattr(account, name) != value}
    for name, value in changed.items():
        setattr(account, name, value)
    return changed | _set_revenue(account, item.arr)


def _set_revenue(account: Account, arr: Money | object | None) -> dict[str, object]:
    if arr is UNSET:
        return {}
    amount = arr.amount.quantize(CENT) if isinstance(arr, Money) else None
    currency = arr.currency.upper() if isinstance(arr, Money) else ""
    if (account.arr_amount, account.arr_currency) == (amount, currency):
        return {}
    account.arr_amount, account.arr_currency = amount, currency
    return {"arr": None if amount is None else {"amount": str(amount), "currency": currency}}


def _set_fields(account: Account, item: AccountItem) -> dict[str, object]:
    said = {key: value for key, value in (item.fields or {}).items() if given(value)} if item.fields else {}
    changed = {key: value for key, value in said.items() if account.fields.get(key) != value}
    merged = {**account.fields, **changed}
    account.fields = {key: value for key, value in merged.items() if value is not None}
    return {f"fields.{key}": value for key, value in changed.items()}


def _set_people(account: Account, item: AccountItem, book: Book) -> dict[str, object]:
    changed: dict[str, object] = {}
    for role, name in _appointments(item).items():
        person = book.people[name] if name else None
        if book.roles.get((account.id, role.value)) == (person.pk if person else None):
            continue
        if person:
            book.roles[account.id, role.value] = person.pk
        else:
            del book.roles[account.id, role.value]
        book.appointed[account.id, role.value] = person.pk if person else None
        changed[f"people.{role.value}"] = person.username if person else None
        if role == AccountRole.CSM and person and person.team_id:
            account.team_id = person.team_id
    return changed


def _set_parent(account: Account, item: AccountItem, book: Book) -> dict[str, object]:
    if item.parent is UNSET:
        return {}
    parent = book.id_of(item.parent) if item.parent else None
    if account.parent_id == parent:
        return {}
    account.parent_id = parent
    return {"parent": parent}


def _write(book: Book) -> None:
    arrival = book.arrival
    created = {external_id: id for external_id, id in book.new.items() if id in book.touched}
    Account.objects.bulk_create(
        sorted(book.touched.values(), key=lambda account: account.id),
        batch_size=2000,
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=WRITTEN,
    )
    AccountKey.objects.bulk_create(
        [
            AccountKey(account_id=id, namespace_id=arrival.namespace_id, kind=KeyKind.EXTERNAL_ID, value=external_id)
            for external_id, id in created.items()
        ],
        batch_size=2000,
    )
    _write_stages(book)
    _write_people(book.appointed)
    remember_values(book.changes, source_id=arrival.source_id, observed_at=arrival.now)
    release_parked(_newly_known(book, created))
    made = set(created.values())
    announce(made, Happening.ACCOUNT_CREATED, now=arrival.now, origin=arrival.source_id)
    announce(book.touched.keys() - made, Happening.ACCOUNT_UPDATED, now=arrival.now, origin=arrival.source_id)


def _write_stages(book: Book) -> None:
    now = book.arrival.now
    StageEntry.objects.filter(account__in=book.restaged, active_to=None).update(active_to=now)
    entered = [book.accounts[id] for id in sorted(book.restaged) if book.accounts[id].stage]
    StageEntry.objects.bulk_create(
        [StageEntry(account=account, stage=account.stage, active_from=now) for account in entered], batch_size=2000
    )


def _write_people(appointed: dict[tuple[UUID, str], UUID | None]) -> None:
    for role in {role for (_account, role), user in appointed.items() if user is None}:
        left = [account for (account, of), user in appointed.items() if user is None and of == role]
        AccountPerson.objects.filter(role=role, account__in=left).delete()
    AccountPerson.objects.bulk_create(
        [
            AccountPerson(account_id=account, role=role, user_id=user)
            for (account, role), user in sorted(appointed.items(), key=lambda one: one[0])
            if user is not None
        ],
        batch_size=2000,
        update_conflicts=True,
        unique_fields=["account", "role"],
        update_fields=["user"],
    )


def _newly_known(book: Book, created: dict[str, UUID]) -> dict[Ref, UUID]:
    """Refs that identify an account since this call: new external ids, and domains that only one account holds."""
    external: dict[Ref, UUID] = {
        (book.arrival.namespace_id, KeyKind.EXTERNAL_ID.value, external_id): id for external_id, id in created.items()
    }
    domains = {identifying_domain(book.accounts[id].domain) for id in book.redomained} - {""}
    return external | find_accounts((None, KeyKind.DOMAIN.value, domain) for domain in domains)
