"""Finding a few accounts and contacts while somebody types: each way of naming one by an index of its own."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Case, Exists, F, IntegerField, OuterRef, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce

from accounts.enums import KeyKind
from accounts.models import Account, AccountKey, AccountPerson, Contact
from accounts.models.account import AccountQuerySet
from accounts.rules.identity import normalise_domain
from core.models import User
from intake.queries.privacy import fields_hidden_from

# Fewer letters than this are found only where a name begins with them: the index of contained letters holds threes.
TRIGRAM = 3
# What is shown of a contact that was found.
SHOWN = ("name", "left_on", "stakeholder", "do_not_contact")


def find_by_words(user: User, text: str, rows: int = 8) -> list[Account]:
    """The best accounts that `user` may see for what they typed: a source's id, then names that begin so, then others.

    Reads at most `rows` of each way, whatever the number of accounts.
    """
    text = text.strip()
    if not text:
        return []
    seen = Account.objects.visible_to(user).filter(archived_at=None)
    ways = [way.order_by("name").values_list("pk", flat=True)[:rows] for way in _ways(seen, text)]
    ids = {pk for way in ways for pk in way}
    place = Case(
        When(keys__value=text, then=Value(0)),
        When(name__istartswith=text, then=Value(1)),
        default=Value(2),
        output_field=IntegerField(),
    )
    best = Account.objects.filter(pk__in=ids).annotate(place=place).order_by("place", "name", "pk")
    unique = {account.pk: account for account in reversed(list(best))}
    return list(reversed(unique.values()))[:rows]


def _ways(seen: AccountQuerySet, text: str) -> list[QuerySet[Account]]:
    ways: list[QuerySet[Account]] = [seen.filter(name__istartswith=text)]
    if len(text) >= TRIGRAM:
        ways.append(seen.filter(name__icontains=text))
    domain = normalise_domain(text) or text.lower()
    if domain.isascii() and " " not in domain:
        ways.append(seen.filter(~Q(domain=""), domain__startswith=domain))
    called = AccountKey.objects.filter(kind=KeyKind.EXTERNAL_ID, value__in={text, text.upper(), text.lower()})
    ways.append(seen.filter(pk__in=called.values("account_id")))
    return ways


def find_contacts(user: User, text: str, rows: int = 8) -> list[Contact]:
    """The first people at accounts that `user` may see, by name or how an address begins, their own first; one query.

    Each with its account, and what all their records say as `shows_name` and so on; None where it is hidden from
    `user`, who finds nobody by what is. Who was erased is not among them.
    """
    text = text.strip()
    if not text:
        return []
    hidden = fields_hidden_from(user)
    named = Q(name__icontains=text) if len(text) >= TRIGRAM else Q(name__istartswith=text)
    called = named | Q(~Exists(hidden.filter(field="contacts.email")), email__istartswith=text)
    records = Contact.objects.known().filter(called, account__archived_at=None)
    records = records.exclude(Exists(hidden.filter(field="contacts.name")))
    heads = records.visible_to(user).values(head=Coalesce("same_as", "pk"))
    own = Exists(AccountPerson.objects.filter(account=OuterRef("account"), user=user))
    people: QuerySet[Any] = Contact.objects.people(*SHOWN).filter(pk__in=heads).select_related("account")
    found = list(people.annotate(hidden=ArraySubquery(hidden)).order_by(own.desc(), F("shows_name"), "pk")[:rows])
    for contact in found:
        for name in SHOWN:
            if f"contacts.{name}" in contact.hidden:
                setattr(contact, f"shows_{name}", None)
    return found
