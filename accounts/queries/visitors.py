"""Whose an event is: the account and the contact behind what a source calls somebody."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple
from uuid import UUID

from accounts.enums import KeyKind
from accounts.queries.identity import find_accounts
from accounts.rules.identity import Ref
from core.bulk import array_text, fetch_all
from core.written import fetch_planned

# An id that is an alias stands for the one it is an alias of; a contact of the source's own under the same id counts.
KNOWN = """
SELECT w.user_id, coalesce(c.id, o.id), coalesce(c.account_id, o.account_id),
       coalesce(nullif(s.group_id, ''), v.group_id, '')
FROM unnest(%s::text[]) AS w(user_id)
LEFT JOIN accounts_visitor AS v ON v.source_id = %s AND v.user_id = w.user_id
LEFT JOIN accounts_visitor AS s ON s.source_id = v.source_id AND s.user_id = v.same_as AND v.same_as <> ''
LEFT JOIN accounts_contact AS c ON c.id = coalesce(s.contact_id, v.contact_id)
LEFT JOIN accounts_contact AS o ON o.source_id = %s AND o.external_id = coalesce(nullif(v.same_as, ''), w.user_id)
WHERE v.id IS NOT NULL OR o.id IS NOT NULL
"""
BY_EMAIL = """
SELECT email, min(id::text)::uuid, min(account_id::text)::uuid FROM accounts_contact
WHERE email = ANY(%s) AND email <> '' GROUP BY email HAVING count(DISTINCT account_id) = 1
"""

# What somebody did last on behalf of an account, for those who are no contact yet.
ACTED_FOR = """
SELECT DISTINCT ON (user_id) user_id, account_id FROM accounts_event
WHERE contact_id IS NULL AND user_id <> '' AND user_id = ANY(%s) AND source_id = %s AND account_id IS NOT NULL
ORDER BY user_id, at DESC
"""


class Whose(NamedTuple):
    """Somebody's contact and account; `about`: the account that a source says they are of, where it is not known."""

    contact_id: UUID | None
    account_id: UUID | None
    about: Ref | None = None


def find_visitors(source_id: UUID, namespace_id: UUID, user_ids: Iterable[str]) -> dict[str, Whose]:
    """Whom a source means by each of its user ids; those of whom nothing is known are left out.

    The group that somebody was put in says which account they are of, else their contact does. An id that is an e-mail
    address may also be that of a contact of another source.
    """
    names = list(dict.fromkeys(user_ids))
    if not names:
        return {}
    rows = fetch_planned(KNOWN, [array_text(names), source_id, source_id])
    refs = {group: (namespace_id, KeyKind.EXTERNAL_ID.value, group) for *_rest, group in rows if group}
    accounts = find_accounts(refs.values()) if refs else {}
    found: dict[str, Whose] = {}
    for name, contact, account, group in rows:
        ref = refs.get(group)
        of_group = accounts.get(ref) if ref else None
        if contact or group:
            account = of_group or account
            found[name] = Whose(contact, account, None if account else ref)
    by_email = find_by_email(name.lower() for name in names if "@" in name and name not in found)
    return found | {name: by_email[name.lower()] for name in names if name.lower() in by_email and name not in found}


def accounts_acted_for(source_id: UUID, user_ids: Iterable[str]) -> dict[str, UUID]:
    """The account of the last event of each of a source's users who are no contacts yet."""
    names = list(user_ids)
    return dict(fetch_all(ACTED_FOR, [names, source_id])) if names else {}


def find_by_email(emails: Iterable[str]) -> dict[str, Whose]:
    """The contact with each address, in lower case; one that contacts of several accounts have says nothing."""
    wanted = sorted(set(emails) - {""})
    if not wanted:
        return {}
    return {email: Whose(contact, account) for email, contact, account in fetch_all(BY_EMAIL, [wanted])}
