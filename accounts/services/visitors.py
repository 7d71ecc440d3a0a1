"""Who somebody is, as client libraries say it: `group` makes accounts, `identify` contacts, `alias` joins ids."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

import msgspec

from accounts.enums import EventKind, KeyKind
from accounts.models import Account, Contact, Visitor
from accounts.queries.identity import find_accounts
from accounts.queries.visitors import accounts_acted_for, find_by_email
from accounts.rules.events import email_in
from accounts.rules.identity import Ref, identifying_domain
from accounts.rules.messages import Said, account_of, contact_of, name_of
from accounts.rules.records import AccountRef
from accounts.services.awaiting import USER, VISITOR, await_refs
from accounts.services.customers import upsert_contacts
from accounts.services.rows import lock_source
from accounts.services.upsert import upsert_accounts
from intake.rules import Arrival

_encode = msgspec.json.Encoder(decimal_format="string").encode


def take_visitors(told: Sequence[Said], arrival: Arrival) -> None:
    """Take what messages say of groups and people, in their order and in the caller's transaction."""
    if not told:
        return
    _take_groups([one for one in told if one.kind == EventKind.GROUP], arrival)
    people = [one for one in told if one.user_id]
    if not people:
        return
    lock_source("visitors", arrival)
    book = _Book(arrival, {name for one in people for name in (one.user_id, one.previous_id) if name})
    for one in people:
        if one.previous_id:
            book.join(one.previous_id, one.user_id)
        if one.kind == EventKind.IDENTIFY:
            book.of(one.user_id).traits |= dict(one.traits)
        if one.group_id:
            book.of(one.user_id).group_id = one.group_id
    book.write()
    await_refs((arrival.source_id, USER, one.previous_id) for one in people if one.previous_id)
    make_contacts({book.of(one.user_id).user_id: book.of(one.user_id) for one in people}.values(), arrival)


class _Book:
    """The visitors of one call, as they stood and as they become."""

    def __init__(self, arrival: Arrival, names: set[str]) -> None:
        self.arrival = arrival
        self.visitors: dict[str, Visitor] = {}
        self._read(names)
        self._read({visitor.same_as for visitor in self.visitors.values() if visitor.same_as} - self.visitors.keys())

    def _read(self, names: Iterable[str]) -> None:
        rows = Visitor.objects.filter(source_id=self.arrival.source_id, user_id__in=sorted(names))
        self.visitors |= {row.user_id: row for row in rows}

    def of(self, name: str) -> Visitor:
        """The visitor who holds what is known of `name`."""
        found = self.visitors.get(name)
        if found is None:
            found = self.visitors[name] = Visitor(source_id=self.arrival.source_id, user_id=name)
        return self.visitors[found.same_as] if found.same_as else found

    def join(self, previous: str, name: str) -> None:
        """From now on `previous` is another id of `name`."""
        was, into = self.of(previous), self.of(name)
        if was is into:
            return
        into.traits = was.traits | into.traits
        into.group_id = into.group_id or was.group_id
        into.contact_id = into.contact_id or was.contact_id
        for visitor in self.visitors.values():
            if visitor.same_as == was.user_id:
                visitor.same_as = into.user_id
        rest = Visitor.objects.filter(source_id=self.arrival.source_id, same_as=was.user_id)
        rest.update(same_as=into.user_id)
        was.same_as = into.user_id

    def write(self) -> None:
        Visitor.objects.bulk_create(
            sorted(self.visitors.values(), key=lambda one: one.user_id),
            update_conflicts=True,
            unique_fields=["source_id", "user_id"],
            update_fields=["same_as", "group_id", "traits", "contact"],
        )


def make_contacts(visitors: Iterable[Visitor], arrival: Arrival) -> set[str]:
    """Make or change the contacts that these visitors are; the user ids of those who are one now.

    Somebody without a name or an address makes no contact; one whose account is not known waits for it. Where another
    source knows somebody of their address, they are of the same account: whether they are one person is then asked as
    of all contacts (`services.contacts`).
    """
    named = [visitor for visitor in visitors if name_of(visitor.traits)]
    if not named:
        return set()
    held = {one.user_id: one.contact_id for one in named}
    own = Contact.objects.filter(source_id=arrival.source_id, external_id__in=[one.user_id for one in named])
    accounts = dict(own.values_list("external_id", "account_id"))
    mails = find_by_email(email_in(one.traits) for one in named if one.user_id not in accounts)
    refs = {one.user_id: ref for one in named if (ref := _ref_of(one, arrival))}
    found = find_accounts(refs.values())
    acted = accounts_acted_for(
        arrival.source_id,
        [one.user_id for one in named if one.user_id not in accounts and refs.get(one.user_id) not in found],
    )
    becoming: dict[str, UUID] = {}
    for one in named:
        elsewhere = mails.get(email_in(one.traits))
        account = found.get(refs.get(one.user_id, _NO_REF)) or accounts.get(one.user_id) or acted.get(one.user_id)
        account = account or (elsewhere.account_id if elsewhere else None)
        if account:
            becoming[one.user_id] = account
    _upsert([one for one in named if one.user_id in becoming], becoming, arrival)
    Visitor.objects.bulk_update(named, ["contact"], batch_size=2000)
    waiting = {one.user_id for one in named if one.contact_id is None}
    await_refs(
        (arrival.source_id, VISITOR if one.user_id in waiting else USER, one.user_id)
        for one in named
        if one.contact_id != held[one.user_id] or one.user_id in waiting
    )
    return {one.user_id for one in named} - waiting


_NO_REF: Ref = (None, "", "")


def _ref_of(visitor: Visitor, arrival: Arrival) -> Ref | None:
    """Which account somebody is of: the group they were put in, else the domain of their address."""
    if visitor.group_id:
        return arrival.namespace_id, KeyKind.EXTERNAL_ID.value, visitor.group_id
    domain = identifying_domain(email_in(visitor.traits))
    return (None, KeyKind.DOMAIN.value, domain) if domain else None


def _upsert(visitors: Sequence[Visitor], accounts: Mapping[str, UUID], arrival: Arrival) -> None:
    items = [contact_of(one.user_id, one.traits, AccountRef(id=str(accounts[one.user_id]))) for one in visitors]
    results = upsert_contacts(items, [_encode(item) for item in items], arrival)
    for one, result in zip(visitors, results, strict=True):
        if result.id is not None:
            one.contact_id = UUID(str(result.id))


def _take_groups(groups: Sequence[Said], arrival: Arrival) -> None:
    """Make or change accounts as a file of them would; one that is not named keeps its name."""
    if not groups:
        return
    refs: dict[str, Ref] = {
        one.group_id: (arrival.namespace_id, KeyKind.EXTERNAL_ID.value, one.group_id) for one in groups
    }
    ids = find_accounts(refs.values())
    names = dict(Account.objects.filter(id__in=ids.values()).values_list("id", "name"))
    called = {group: names[ids[ref]] for group, ref in refs.items() if ref in ids}
    items = []
    for one in groups:
        item = account_of(one, called.get(one.group_id, one.group_id))
        called[one.group_id] = item.name
        items.append(item)
    upsert_accounts(items, [_encode(item) for item in items], arrival)
