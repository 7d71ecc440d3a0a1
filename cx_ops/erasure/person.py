"""Who is meant: every contact that is held to be one person, or has one of their addresses; and words to find them."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from accounts.models import Contact, Visitor
from accounts.rules.keys import phone_key
from core.bulk import fetch_all
from core.models import User
from core.services.scrubbing import Word

# An id that a source gave is looked for in texts where it is long enough to mean nobody else.
LONG_ID = 12
# Whoever is held to be one with somebody, or has one of their present or former addresses, and so on.
SAME = """
WITH RECURSIVE person(id) AS (
    SELECT %s::uuid
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
# As they were called before: in the history of the row, which begins with its first change, and as they came.
FORMER = """
SELECT name, lower(email), phone FROM accounts_contactevent WHERE pgh_obj_id = ANY(%s)
UNION SELECT coalesce(r.payload->>'name', ''), lower(coalesce(r.payload->>'email', '')),
    coalesce(r.payload->>'phone', '')
FROM accounts_contact c JOIN intake_record r
  ON r.kind = 'contacts' AND r.source_id = c.source_id AND r.external_id = c.external_id
WHERE c.id = ANY(%s)
"""
# Of some names those that somebody else bears too: a text with such a name may be about them.
SHARED = """
SELECT borne.name FROM unnest(%s::text[]) AS borne (name)
WHERE EXISTS (SELECT FROM accounts_contact c WHERE upper(c.name) = upper(borne.name) AND NOT c.id = ANY(%s::uuid[]))
   OR EXISTS (SELECT FROM core_user u WHERE upper(u.first_name || ' ' || u.last_name) = upper(borne.name))
"""


@dataclass(frozen=True)
class Person:
    """One person: their contacts, what sources call them, their addresses, phones, and names that only they bear."""

    contacts: list[UUID]
    accounts: list[UUID]
    keys: list[tuple[UUID, str]]
    emails: list[str]
    names: list[str]
    shared_names: list[str]
    user_ids: list[tuple[UUID, str]]
    phones: list[str] = field(default_factory=list)

    def words(self, mark: str) -> list[Word]:
        """What is taken out of texts, the longest first; `mark` makes the tokens this person's."""
        ids = (id for _source, id in (*self.keys, *self.user_ids) if len(id) >= LONG_ID)
        texts = {*self.emails, *self.names, *self.phones, *ids}
        longest = sorted(texts, key=lambda text: (-len(text), text))
        return [Word(text, f"erased-{mark}-{place}") for place, text in enumerate(longest)]


def identify(contact: Contact) -> Person:
    """Everybody who is the same person as `contact`: by what is said of their records, and by their addresses.

    Whoever has one of their present or former addresses is them, and so is every other record of those.
    """
    same = [id for (id,) in fetch_all(SAME, [contact.pk])]
    contacts = sorted(Contact.objects.filter(pk__in=same), key=lambda one: (one.pk != contact.pk, one.pk))
    ids = [one.pk for one in contacts]
    former = fetch_all(FORMER, [ids] * 2)
    emails = {
        email for email in (*(one.email.lower() for one in contacts), *(email for _n, email, _p in former)) if email
    }
    names = {name.strip() for name in (*(one.name for one in contacts), *(name for name, *_rest in former))}
    names = {name for name in names if " " in name}
    phones = {phone.strip() for phone in (*(one.phone for one in contacts), *(phone for *_rest, phone in former))}
    shared = {name for (name,) in fetch_all(SHARED, [list(names), ids])} if names else set()
    return Person(
        contacts=ids,
        accounts=sorted({one.account_id for one in contacts}),
        keys=sorted({(one.source_id, one.external_id) for one in contacts}),
        emails=sorted(emails),
        names=sorted(names - shared),
        shared_names=sorted(shared),
        user_ids=list(Visitor.objects.filter(contact__in=ids).values_list("source_id", "user_id")),
        phones=sorted(phone for phone in phones if phone_key(phone)),
    )


def is_colleague(person: Person) -> bool:
    """Whether one of the addresses is of somebody who works here: they are no contact to be erased."""
    return any(User.objects.filter(email__iexact=email).exists() for email in person.emails)
