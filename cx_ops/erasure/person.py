"""Who is meant: every contact with one e-mail address, and the words by which they are found in texts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import or_
from uuid import UUID

from django.db.models import Q

from accounts.models import Contact, Visitor
from core.bulk import fetch_all
from core.models import User
from core.services.scrubbing import Word

# An id that a source gave is looked for in texts where it is long enough to mean nobody else.
LONG_ID = 12
# As they were called before: in the history of the row, which begins with its first change, and as they came.
FORMER = """
SELECT name, lower(email) FROM accounts_contactevent WHERE pgh_obj_id = ANY(%s)
UNION SELECT coalesce(r.payload->>'name', ''), lower(coalesce(r.payload->>'email', ''))
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
    """One person: their contacts, what sources call them, their addresses, and the names that only they bear."""

    contacts: list[UUID]
    accounts: list[UUID]
    keys: list[tuple[UUID, str]]
    emails: list[str]
    names: list[str]
    shared_names: list[str]
    user_ids: list[tuple[UUID, str]]

    def words(self, mark: str) -> list[Word]:
        """What is taken out of texts, the longest first; `mark` makes the tokens this person's."""
        ids = (id for _source, id in (*self.keys, *self.user_ids) if len(id) >= LONG_ID)
        texts = {*self.emails, *self.names, *ids}
        longest = sorted(texts, key=lambda text: (-len(text), text))
        return [Word(text, f"erased-{mark}-{place}") for place, text in enumerate(longest)]


def identify(contact: Contact) -> Person:
    """Everybody who is the same person as `contact`: whoever has one of their present or former addresses."""
    known = fetch_all(FORMER, [[contact.pk]] * 2)
    emails = {contact.email.lower()} | {email for _name, email in known} - {""}
    emails.discard("")
    same = reduce(or_, (Q(email__iexact=email) for email in emails), Q(pk=contact.pk))
    contacts = sorted(Contact.objects.filter(same), key=lambda one: (one.pk != contact.pk, one.pk))
    ids = [one.pk for one in contacts]
    former = fetch_all(FORMER, [ids] * 2) if ids != [contact.pk] else known
    names = {name.strip() for name in (*(one.name for one in contacts), *(name for name, _email in former))}
    names = {name for name in names if " " in name}
    shared = {name for (name,) in fetch_all(SHARED, [list(names), ids])} if names else set()
    return Person(
        contacts=ids,
        accounts=sorted({one.account_id for one in contacts}),
        keys=sorted({(one.source_id, one.external_id) for one in contacts}),
        emails=sorted(emails | {email for _name, email in former} - {""}),
        names=sorted(names - shared),
        shared_names=sorted(shared),
        user_ids=list(Visitor.objects.filter(contact__in=ids).values_list("source_id", "user_id")),
    )


def is_colleague(person: Person) -> bool:
    """Whether one of the addresses is of somebody who works here: they are no contact to be erased."""
    return any(User.objects.filter(email__iexact=email).exists() for email in person.emails)
