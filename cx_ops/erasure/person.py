"""Who is meant: every contact that is held to be one person, or has one of their addresses; and words to find them.

Where the customers are people, an account is somebody: with the accounts that were merged into it, and its contacts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from django.db.models.expressions import RawSQL

from accounts.enums import KeyKind
from accounts.models import Account, Contact
from accounts.queries.people import as_shown
from accounts.rules.identity import Ref
from accounts.rules.keys import phone_key
from core.bulk import fetch_all
from core.models import User
from core.services.scrubbing import Word

# An id that a source gave is looked for in texts where it is long enough to mean nobody else.
LONG_ID = 12
# Whoever is held to be one with somebody, or has one of their present or former addresses, and so on.
SAME = """
WITH RECURSIVE person(id) AS (
    SELECT id FROM accounts_contact WHERE id = %s OR account_id = ANY(%s) OR (email <> '' AND lower(email) = ANY(%s))
    UNION
    SELECT o.id FROM person p JOIN accounts_contact c ON c.id = p.id
    CROSS JOIN LATERAL (
        SELECT lower(c.email) AS email
        UNION SELECT lower(e.email) FROM accounts_contactevent e WHERE e.pgh_obj_id = c.id
        UNION SELECT lower(r.payload->>'email') FROM intake_record r
            WHERE r.kind = 'contacts' AND r.source_id = c.source_id AND r.external_id = c.external_id) AS said
    JOIN accounts_contact o ON o.id = c.same_as_id OR o.same_as_id IN (c.id, c.same_as_id)
        OR (said.email <> '' AND lower(o.email) = said.email))
SELECT id FROM person
"""
# As they were called before, in the history of the row, which begins with its first change, and as they came; and what
# clients call them by, or whoever acted for an account that they are (`user`: the id, and its source).
FORMER = """
SELECT '' AS what, name, lower(email), phone FROM accounts_contactevent WHERE pgh_obj_id = ANY(%s)
UNION SELECT '', coalesce(r.payload->>'name', ''), lower(coalesce(r.payload->>'email', '')),
    coalesce(r.payload->>'phone', '')
FROM accounts_contact c JOIN intake_record r
  ON r.kind = 'contacts' AND r.source_id = c.source_id AND r.external_id = c.external_id
WHERE c.id = ANY(%s)
UNION SELECT 'user', user_id, source_id::text, '' FROM accounts_visitor WHERE contact_id = ANY(%s)
UNION SELECT 'user', user_id, source_id::text, '' FROM accounts_event WHERE account_id = ANY(%s) AND user_id <> ''
ORDER BY 1, 2
"""
# An account that is somebody, with those that are held to be the same (`id`), what names them (`key`), and what they
# say, or said, of who they are: the field and the value.
SAID = """
WITH RECURSIVE own(id) AS (
    SELECT %s::uuid
    UNION
    SELECT CASE WHEN m.merged_id = o.id THEN m.survivor_id ELSE m.merged_id END
    FROM own o JOIN accounts_merge m ON o.id IN (m.merged_id, m.survivor_id) AND m.undone_at IS NULL
), asked AS (SELECT unnest(%s::text[]) AS field)
SELECT 'id', own.id::text, NULL::uuid, '' FROM own
UNION SELECT 'key', k.value, k.namespace_id, k.kind FROM accounts_accountkey k JOIN own ON own.id = k.account_id
UNION SELECT 'name', name, NULL, '' FROM accounts_account JOIN own USING (id)
UNION SELECT 'name', e.name, NULL, '' FROM accounts_accountevent e JOIN own ON own.id = e.pgh_obj_id
UNION SELECT v.field, v.value #>> '{}', NULL, '' FROM accounts_fieldvalue v
    JOIN own ON own.id = v.account_id JOIN asked USING (field)
UNION SELECT asked.field, l.values->asked.field->>0, NULL, ''
    FROM accounts_link l JOIN own ON own.id = l.account_id CROSS JOIN asked
UNION SELECT asked.field, r.payload->>replace(asked.field, 'fields.', ''), NULL, ''
    FROM accounts_link l JOIN own ON own.id = l.account_id CROSS JOIN asked
    JOIN intake_record r ON r.kind = 'accounts' AND r.source_id = l.source_id AND r.external_id = l.external_id
"""
WORDS = ("name", "fields.email", "fields.phone", "fields.street", "fields.tax_id", "fields.subscription_id")
# Of some names those that somebody else bears too: a text with such a name may be about them.
SHARED = """
SELECT borne.name FROM unnest(%s::text[]) AS borne (name)
WHERE EXISTS (SELECT FROM accounts_contact c WHERE upper(c.name) = upper(borne.name) AND NOT c.id = ANY(%s::uuid[]))
   OR EXISTS (SELECT FROM accounts_account a WHERE upper(a.name) = upper(borne.name) AND NOT a.id = ANY(%s::uuid[]))
   OR EXISTS (SELECT FROM core_user u WHERE upper(u.first_name || ' ' || u.last_name) = upper(borne.name))
"""


@dataclass(frozen=True)
class Person:
    """One person: their contacts, what sources call them, their addresses, phones, and names that only they bear.

    accounts: where they are contacts. own: the accounts that they are; own_keys: what names those.
    own_words: their names and addresses; at_own: people known at them, by name and address.
    ids: what else tells them, where it is long.
    """

    contacts: list[UUID]
    accounts: list[UUID]
    keys: list[tuple[UUID, str]]
    emails: list[str]
    names: list[str]
    shared_names: list[str]
    user_ids: list[tuple[UUID, str]]
    phones: list[str] = field(default_factory=list)
    own: list[UUID] = field(default_factory=list)
    own_keys: list[Ref] = field(default_factory=list)
    own_words: list[str] = field(default_factory=list)
    at_own: list[tuple[str, str]] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)

    def words(self, mark: str) -> list[Word]:
        """What is taken out of texts, the longest first; `mark` makes the tokens this person's."""
        keys = (value for _space, kind, value in self.own_keys if kind == KeyKind.EXTERNAL_ID)
        ids = (
            id for id in (*(id for _source, id in (*self.keys, *self.user_ids)), *keys, *self.ids) if len(id) >= LONG_ID
        )
        texts = {*self.emails, *self.names, *self.phones, *ids}
        longest = sorted(texts, key=lambda text: (-len(text), text))
        return [Word(text, f"erased-{mark}-{place}") for place, text in enumerate(longest)]


def identify(subject: Contact | Account) -> Person:
    """Everybody who is the same person: by what is said of their records, and by their addresses.

    Whoever has one of their present or former addresses is them, and so is every other record of those. Somebody who
    is an account is also each contact at it.
    """
    own, keys, said = _said_of(subject)
    mails = [email.lower() for email in said["fields.email"]]
    same = RawSQL(SAME, [subject.pk, own, mails])  # noqa: S611 - a constant  # nosec B611
    contacts = sorted(Contact.objects.filter(pk__in=same), key=lambda one: (one.pk != subject.pk, one.pk))
    ids = [one.pk for one in contacts]
    rows = fetch_all(FORMER, [ids, ids, ids, own])
    former = [row for what, *row in rows if not what]
    emails = {*(one.email.lower() for one in contacts), *(email for _name, email, _phone in former)}
    emails |= {email.lower() for email in said["fields.email"]}
    names = {*(one.name for one in contacts), *(name for name, *_rest in former), *said["name"]}
    names = {name.strip() for name in names if " " in name.strip()}
    phones = {*(one.phone for one in contacts), *(phone for *_rest, phone in former), *said["fields.phone"]}
    shared = {name for (name,) in fetch_all(SHARED, [list(names), ids, own])} if names else set()
    return Person(
        contacts=ids,
        accounts=sorted({*own, *(one.account_id for one in contacts)}),
        keys=sorted({(one.source_id, one.external_id) for one in contacts}),
        emails=sorted(emails - {""}),
        names=sorted(names - shared),
        shared_names=sorted(shared),
        user_ids=[(UUID(source), name) for what, name, source, _none in rows if what],
        phones=sorted(phone for phone in (phone.strip() for phone in phones) if phone_key(phone)),
        own=own,
        own_keys=keys,
        own_words=sorted(said["name"] | said["fields.email"]),
        at_own=[(one.name, one.email) for one in map(as_shown, contacts) if one.account_id in own and _is_there(one)],
        ids=sorted({value for field in WORDS[3:] for value in said[field]}),
    )


def _said_of(subject: Contact | Account) -> tuple[list[UUID], list[Ref], dict[str, set[str]]]:
    """The accounts that somebody is, what names those, and what they say of who they are."""
    said: dict[str, set[str]] = {name: set() for name in ("id", *WORDS)}
    keys: list[Ref] = []
    for name, value, space, kind in fetch_all(SAID, [subject.pk, list(WORDS)]) if isinstance(subject, Account) else ():
        if name == "key":
            keys.append((space, kind, value))
        elif value and value.strip():
            said[name].add(value.strip())
    keys += [(None, KeyKind.ID.value, id) for id in sorted(said["id"])]
    return sorted(map(UUID, said["id"])), keys, said


def _is_there(contact: Contact) -> bool:
    """Whether a row stands for somebody, who was not erased."""
    return contact.same_as_id is None and contact.external_id != f"erased-{contact.pk}"


def names_of_accounts(person: Person) -> list[str]:
    """Where texts with their name are looked for, where others bear it too."""
    return [*Account.objects.filter(pk__in=person.accounts).order_by("name").values_list("name", flat=True)]


def is_colleague(person: Person) -> bool:
    """Whether one of the addresses is of somebody who works here: they are no contact to be erased."""
    return any(User.objects.filter(email__iexact=email).exists() for email in person.emails)
