"""Accounts in a list: by name, domain or a source's id, with what the list shows."""

from __future__ import annotations

from django.db.models import OuterRef, Prefetch, Q, Subquery

from accounts.enums import KeyKind
from accounts.models import Account, AccountKey
from accounts.models.account import AccountQuerySet
from accounts.rules.identity import normalise_domain
from intake.models import Source


def search_accounts(accounts: AccountQuerySet, text: str) -> AccountQuerySet:
    """Those of `accounts` whose name contains `text`, whose domain is or begins with it, or that a source calls so."""
    text = text.strip()
    if not text:
        return accounts
    called = Account.objects.called(text).values("id")
    domain = normalise_domain(text) or text.lower()
    return accounts.filter(Q(name__icontains=text) | Q(id__in=called) | Q(domain__startswith=domain))


def listed_accounts(accounts: AccountQuerySet) -> AccountQuerySet:
    """`accounts` with what a list shows: team, people, and `external_keys`, each with the slug of its `source`."""
    source = Source.objects.filter(id=OuterRef("namespace_id")).values("slug")
    keys = AccountKey.objects.filter(kind=KeyKind.EXTERNAL_ID).annotate(source=Subquery(source)).order_by("id")
    return accounts.select_related("team").prefetch_related(
        "people__user", Prefetch("keys", queryset=keys, to_attr="external_keys")
    )
