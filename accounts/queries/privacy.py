"""May somebody be written to, and were they erased: asked before anything goes out or comes in."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from accounts.enums import Channel, Refusal
from accounts.models import Contact, ErasedKey
from accounts.queries.people import Person, people_of, records_of
from accounts.rules.permission import Permission, why_not
from core.written import fetch_planned


def permission_of(person: Person) -> Permission:
    """What is known of somebody, by all records of theirs: the strictest of what is said."""
    left = min((one.left_on for one in person.records if one.left_on), default=None)
    return Permission(any(one.do_not_contact for one in person.records), left, person.consents)


def refusal_for_address(address: str, now: datetime) -> Refusal | None:
    """Why nothing may be sent by itself to this e-mail address of a contact; None: it may, or it is nobody's there.

    Where several people have it, each of them has to agree.
    """
    people = people_of(records_of(Contact.objects.filter(email__iexact=address).values_list("pk", flat=True)))
    refusals = (why_not(permission_of(person), Channel.EMAIL, now.date()) for person in people)
    return next((refusal for refusal in refusals if refusal), None)


def anybody_erased() -> bool:
    """Whether there was ever an erasure; asked with every call, so not put together anew each time."""
    [(found,)] = fetch_planned("SELECT EXISTS (SELECT FROM accounts_erasedkey)")
    return bool(found)


def erased_among(digests: Iterable[bytes]) -> set[bytes]:
    """Which of these hashes are of people who were erased."""
    wanted = list(digests)
    if not wanted:
        return set()
    return {bytes(digest) for digest in ErasedKey.objects.filter(digest__in=wanted).values_list("digest", flat=True)}
