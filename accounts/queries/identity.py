"""Which account, person or contact somebody means."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from django.db.models import Count
from django.db.models.functions import Lower

from accounts.enums import KeyKind
from accounts.models import Account, AccountKey
from accounts.rules.identity import Ref, normalise_ref
from core.bulk import fetch_all
from core.models import User

# Told by their number in the call: reading an id that is known already costs more than finding its account.
BY_KEY = """
SELECT w.number - 1, k.account_id
FROM unnest(%s::uuid[], %s::text[]) WITH ORDINALITY AS w(namespace_id, value, number)
JOIN accounts_accountkey k ON k.value = w.value AND k.kind = 'external_id' AND k.namespace_id = w.namespace_id
"""
UNKNOWN = """
SELECT w.number - 1 FROM unnest(%s::uuid[], %s::text[]) WITH ORDINALITY AS w(namespace_id, value, number)
WHERE NOT EXISTS (SELECT FROM accounts_accountkey k
    WHERE k.value = w.value AND k.kind = 'external_id' AND k.namespace_id = w.namespace_id)
"""


def unknown_among(refs: Sequence[Ref]) -> set[Ref]:
    """Those that name no account; much the quicker where nearly all are external ids that are known."""
    plain = [ref for ref in refs if ref[1] == KeyKind.EXTERNAL_ID]
    numbers = fetch_all(UNKNOWN, [[space for space, _, _ in plain], [value for _, _, value in plain]])
    doubtful = {plain[number] for (number,) in numbers}
    if len(plain) < len(refs):
        doubtful |= {ref for ref in refs if ref[1] != KeyKind.EXTERNAL_ID}
    return doubtful - set(find_accounts(doubtful)) if doubtful else doubtful


def find_accounts(refs: Iterable[Ref]) -> dict[Ref, UUID]:
    """The account of each ref (namespace or None, kind of key, value); unknown ones are left out.

    A domain that more than one account holds, a free-mail domain and a placeholder identify nobody. At most three
    queries, however many refs.
    """
    meant = {ref: normal for ref in refs if (normal := normalise_ref(ref)) is not None}
    wanted = list(meant.values())
    found = {**_by_key(wanted), **_by_domain(wanted), **_by_id(wanted)}
    return {ref: account for ref, normal in meant.items() if (account := found.get(normal))}


def find_people(names: Iterable[str]) -> dict[str, User]:
    """Active people by user name or e-mail, whatever the case; unknown and inactive ones are left out.

    The keys are `names` as they were given.
    """
    wanted = {name: name.strip().lower() for name in names}
    if not wanted:
        return {}
    people = User.objects.filter(is_active=True).annotate(login=Lower("username"), mail=Lower("email"))
    lower = list(wanted.values())
    known = {person.mail: person for person in people.filter(mail__in=lower)}
    known |= {person.login: person for person in people.filter(login__in=lower)}
    return {name: known[low] for name, low in wanted.items() if low in known}


def _by_key(refs: Iterable[Ref]) -> dict[Ref, UUID]:
    keys = [ref for ref in refs if ref[1] == KeyKind.EXTERNAL_ID]
    if not keys:
        return {}
    rows = fetch_all(BY_KEY, [[space for space, _, _ in keys], [value for _, _, value in keys]])
    return {keys[number]: account for number, account in rows}


def _by_domain(refs: Iterable[Ref]) -> dict[Ref, UUID]:
    """Domains of exactly one account that is not archived: a shared one stops identifying."""
    domains = [value for _, kind, value in refs if kind == KeyKind.DOMAIN]
    if not domains:
        return {}
    live = Account.objects.filter(domain__in=domains, archived_at=None)
    alone = live.order_by().values("domain").annotate(holders=Count("id")).filter(holders=1).values("domain")
    rows = live.filter(domain__in=alone).values_list("domain", "id")
    return {(None, KeyKind.DOMAIN.value, domain): account for domain, account in rows}


def _by_id(refs: Iterable[Ref]) -> dict[Ref, UUID]:
    """Our own ids, and those of accounts that were merged into another (kept as keys)."""
    ids = [value for _, kind, value in refs if kind == KeyKind.ID]
    if not ids:
        return {}
    aliases = AccountKey.objects.filter(kind=KeyKind.ID, value__in=ids).values_list("value", "account_id")
    found = {**{str(id): id for id in Account.objects.filter(id__in=ids).values_list("id", flat=True)}, **dict(aliases)}
    return {(None, KeyKind.ID.value, value): account for value, account in found.items()}
