"""Accounts in hand: their links, what they show, and what becomes of them. Set-based: read once, settle, write once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec

from accounts.enums import AccountRole, KeyKind
from accounts.models import Account, AccountKey, AccountPerson, Merge, StageEntry
from accounts.queries.identity import find_accounts
from accounts.rules.identity import Ref, identifying_domain
from accounts.rules.projection import Policy, Said, Values, choose
from accounts.services.parking import release_parked
from accounts.services.values import Change, remember_shown
from core.bulk import copy_rows, fetch_all
from core.models import User

PEOPLE, LOOSE = "people.", "fields."
# Fields that name somebody or something else.
NAMING = (PEOPLE, "parent")
TEXTS = ("name", "domain", "segment", "tier", "region", "stage")
DAYS = ("renews_on", "customer_since")
WRITTEN = [
    "name", "domain", "segment", "tier", "region", "stage", "parent", "team", "arr_amount", "arr_currency",
    "renews_on", "customer_since", "fields",
]  # fmt: skip
LINKS = """
SELECT id, account_id, source_id, namespace_id, external_id, values FROM accounts_link
WHERE account_id = ANY(%s) AND revoked_at IS NULL ORDER BY account_id, id
"""


@dataclass(slots=True)
class Held:
    """A live link in hand, with what its record says."""

    id: UUID
    account_id: UUID
    source_id: UUID
    namespace_id: UUID | None
    external_id: str
    values: Values

    def said(self, field: str) -> Said | None:
        entry = self.values.get(field)
        if entry is None:
            return None
        value, at, id = entry
        return Said(value, at, id, self.source_id, self.namespace_id is None)


@dataclass
class Board:
    """The accounts of one call. `lock` order: keys first (the caller's `lock_keys`), then accounts by id."""

    now: datetime
    policy: Policy
    accounts: dict[UUID, Account]
    links: dict[UUID, list[Held]]
    roles: dict[tuple[UUID, str], UUID]
    people: dict[str, User]
    aliases: Mapping[str, str] = field(default_factory=dict)
    names: dict[UUID, str] = field(init=False)
    made: set[UUID] = field(default_factory=set)
    touched: set[UUID] = field(default_factory=set)
    restaged: set[UUID] = field(default_factory=set)
    redomained: set[UUID] = field(default_factory=set)
    appointed: dict[tuple[UUID, str], UUID | None] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.names = {person.pk: name for name, person in self.people.items()}

    def settle(self, account_id: UUID, fields: Iterable[str]) -> dict[str, Change]:
        """Let the account show what holds of `fields`; what changed, by field."""
        account, links = self.accounts[account_id], self.links.get(account_id, [])
        changed = {}
        for name in fields:
            sayings = [said for link in links if (said := link.said(name)) is not None and self._counts(name, said)]
            said = choose(sayings, self.policy.rule(name), self.now)
            after = self._resolved(name, said, account)
            before = self._shown(account, name)
            if after != before:
                self._show(account, name, after)
                changed[name] = Change(account_id, name, before, after, said)
        if changed:
            self.touched.add(account_id)
            self.restaged |= {account_id} if "stage" in changed else set()
            self.redomained |= {account_id} if "domain" in changed else set()
            self.changes += changed.values()
        return changed

    def fields_of(self, account_id: UUID) -> list[str]:
        """Every field that some source says something about."""
        return sorted({name for link in self.links.get(account_id, []) for name in link.values})

    def shown_fields(self, account_id: UUID) -> list[str]:
        """Every field that the account shows something of."""
        roles = [f"{PEOPLE}{role}" for account, role in self.roles if account == account_id]
        loose = [f"{LOOSE}{name}" for name in self.accounts[account_id].fields]
        columns = [name for name in (*TEXTS, *DAYS, "arr", "parent") if self.shown(account_id, name) is not None]
        return [*columns, *loose, *roles]

    def shown(self, account_id: UUID, field: str) -> Any:
        return self._shown(self.accounts[account_id], field)

    def _counts(self, name: str, said: Said) -> bool:
        """Somebody who is not active, or not known, cannot have a role."""
        return not name.startswith(PEOPLE) or said.value is None or said.value in self.people

    def _resolved(self, name: str, said: Said | None, account: Account) -> Any:
        value = said.value if said else None
        if name == "name":
            return value or account.name
        if name != "parent" or value is None:
            return value
        parent = self.aliases.get(value, value)
        return None if parent == str(account.id) else parent

    def _shown(self, account: Account, name: str) -> Any:
        if name in TEXTS:
            return getattr(account, name) or None
        if name in DAYS:
            day = getattr(account, name)
            return day.isoformat() if day else None
        if name == "arr":
            if account.arr_amount is None:
                return None
            return {"amount": str(account.arr_amount), "currency": account.arr_currency}
        if name == "parent":
            return str(account.parent_id) if account.parent_id else None
        if name.startswith(LOOSE):
            return account.fields.get(name.removeprefix(LOOSE))
        user = self.roles.get((account.id, name.removeprefix(PEOPLE)))
        return self.names.get(user) if user else None

    def _show(self, account: Account, name: str, value: Any) -> None:
        if name in TEXTS:
            setattr(account, name, value or "")
        elif name in DAYS:
            setattr(account, name, date.fromisoformat(value) if value else None)
        elif name == "arr":
            account.arr_amount = Decimal(value["amount"]) if value else None
            account.arr_currency = value["currency"] if value else ""
        elif name == "parent":
            account.parent_id = UUID(value) if value else None
        elif name.startswith(LOOSE):
            kept = {**account.fields, name.removeprefix(LOOSE): value}
            account.fields = {key: said for key, said in kept.items() if said is not None}
        else:
            self._appoint(account, name.removeprefix(PEOPLE), self.people[value] if value else None)

    def _appoint(self, account: Account, role: str, person: User | None) -> None:
        if person:
            self.roles[account.id, role] = person.pk
        else:
            self.roles.pop((account.id, role), None)
        self.appointed[account.id, role] = person.pk if person else None
        if role == AccountRole.CSM and person and person.team_id:
            account.team_id = person.team_id

    def write(self, *, keys: Mapping[Ref, UUID] | None = None) -> None:
        """Write the rest of what changed, after `write_accounts`.

        Records are released that waited for `keys`, or for a domain that is known now.
        """
        self._write_stages()
        self._write_people()
        remember_shown(self.changes, now=self.now)
        domains = {identifying_domain(self.accounts[id].domain) for id in self.redomained} - {""}
        known = find_accounts((None, KeyKind.DOMAIN.value, domain) for domain in domains)
        release_parked({**(keys or {}), **known})

    def write_accounts(self) -> None:
        """Write the accounts themselves: what refers to them comes after."""
        new = sorted(self.made)
        columns = [str(field.column) for field in Account._meta.concrete_fields]
        copy_rows(Account._meta.db_table, columns, (self._row(self.accounts[id], columns) for id in new))
        Account.objects.bulk_create(
            [self.accounts[id] for id in sorted(self.touched - self.made)],
            batch_size=2000,
            update_conflicts=True,
            unique_fields=["id"],
            update_fields=WRITTEN,
        )

    def _row(self, account: Account, columns: Sequence[str]) -> list[Any]:
        row = [getattr(account, column) for column in columns]
        row[columns.index("fields")] = msgspec.json.encode(account.fields).decode()
        return row

    def _write_stages(self) -> None:
        if not self.restaged:
            return
        old = self.restaged - self.made
        if old:
            StageEntry.objects.filter(account__in=old, active_to=None).update(active_to=self.now)
        entered = [id for id in sorted(self.restaged) if self.accounts[id].stage]
        rows = ((id, self.accounts[id].stage, self.now) for id in entered)
        copy_rows(StageEntry._meta.db_table, ["account_id", "stage", "active_from"], rows)

    def _write_people(self) -> None:
        for role in {role for (_account, role), user in self.appointed.items() if user is None}:
            left = [account for (account, of), user in self.appointed.items() if user is None and of == role]
            AccountPerson.objects.filter(role=role, account__in=left).delete()
        given = [(account, role, user) for (account, role), user in sorted(self.appointed.items()) if user]
        columns = ["account_id", "role", "user_id"]
        copy_rows(AccountPerson._meta.db_table, columns, (row for row in given if row[0] in self.made))
        AccountPerson.objects.bulk_create(
            [AccountPerson(account_id=a, role=role, user_id=user) for a, role, user in given if a not in self.made],
            batch_size=2000,
            update_conflicts=True,
            unique_fields=["account", "role"],
            update_fields=["user"],
        )


def open_board(ids: Iterable[UUID], *, now: datetime, policy: Policy, people: Mapping[str, User]) -> Board:
    """Lock these accounts in id order and read what is about them."""
    about = sorted(ids)
    locked = Account.objects.filter(id__in=about).order_by("id").select_for_update(no_key=True)
    accounts = {account.id: account for account in locked}
    links: dict[UUID, list[Held]] = {}
    for row in fetch_all(LINKS, [about]) if about else ():
        id, account, source, namespace, external_id, values = row
        held = Held(id, account, source, namespace, external_id, msgspec.json.decode(values))
        links.setdefault(held.account_id, []).append(held)
    held_roles = AccountPerson.objects.filter(account__in=about).values_list("account_id", "role", "user_id")
    roles = {(account, role): user for account, role, user in held_roles} if about else {}
    holders = User.objects.in_bulk(set(roles.values()) - {person.pk for person in people.values()}) if roles else {}
    known = {person.username: person for person in (*holders.values(), *people.values())}
    said = [
        (name, entry[0])
        for held in links.values()
        for link in held
        for name, entry in link.values.items()
        if name.startswith(NAMING) and entry[0]
    ]
    named = {value for name, value in said if name != "parent"} - known.keys()
    known |= people_of(named)
    return Board(
        now=now,
        policy=policy,
        accounts=accounts,
        links=links,
        roles=roles,
        people=known,
        aliases=survivors_of({value for name, value in said if name == "parent"}),
    )


def people_of(names: Collection[str]) -> dict[str, User]:
    """Active people by their user name."""
    found = User.objects.filter(username__in=names, is_active=True) if names else ()
    return {person.username: person for person in found}


def survivors_of(ids: set[str]) -> dict[str, str]:
    """Those of `ids` that were merged into another account, with the one that they are now."""
    found: dict[str, str] = {}
    asked = set(ids)
    while asked:
        merged = Account.objects.filter(id__in=asked)
        rows = Merge.objects.filter(merged__in=merged, undone_at=None).values_list("merged_id", "survivor_id")
        step = {str(merged): str(survivor) for merged, survivor in rows}
        found |= step
        asked = set(step.values()) - found.keys()
    return {id: end for id in ids & found.keys() if (end := _end_of(id, found))}


def _end_of(id: str, steps: Mapping[str, str]) -> str:
    while id in steps:
        id = steps[id]
    return id


def write_keys(keys: Mapping[Ref, UUID]) -> None:
    rows = ((account, namespace, kind, value) for (namespace, kind, value), account in keys.items())
    copy_rows(AccountKey._meta.db_table, ["account_id", "namespace_id", "kind", "value"], rows)
