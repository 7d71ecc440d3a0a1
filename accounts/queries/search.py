"""Finding accounts in the list: by name, domain or a source's id, a page at a time."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Exists, OuterRef, Q

from accounts.models import Account, AccountKey
from accounts.models.account import AccountQuerySet
from accounts.rules.identity import normalise_domain
from core.models import User

PAGE_ROWS = 50


class CursorRefused(ValueError):
    """The cursor is not one of ours."""


@dataclass(frozen=True)
class AccountPage:
    """Accounts in order of name, and where the next page begins (`""`: there is none)."""

    accounts: list[Account]
    next: str


def search_accounts(accounts: AccountQuerySet, text: str) -> AccountQuerySet:
    """Those of `accounts` whose name contains `text`, whose domain is or begins with it, or that a source calls so."""
    text = text.strip()
    if not text:
        return accounts
    called = AccountKey.objects.filter(account=OuterRef("pk"), value=text)
    wanted = Q(name__icontains=text) | Exists(called)
    domain = normalise_domain(text) or text.lower()
    return accounts.filter(wanted | Q(domain__startswith=domain))


def list_accounts(
    user: User, *, text: str = "", cursor: str = "", archived: bool = False, rows: int = PAGE_ROWS
) -> AccountPage:
    """One page of the accounts that `user` may see. Raises `CursorRefused`."""
    found = search_accounts(Account.objects.visible_to(user).filter(archived_at__isnull=not archived), text)
    if cursor:
        name, id = _read_cursor(cursor)
        found = found.filter(Q(name__gt=name) | Q(name=name, id__gt=id))
    page = list(found.select_related("team").prefetch_related("people__user").order_by("name", "id")[: rows + 1])
    more = len(page) > rows
    return AccountPage(page[:rows], _cursor(page[rows - 1]) if more else "")


def _cursor(account: Account) -> str:
    return base64.urlsafe_b64encode(json.dumps([account.name, str(account.id)]).encode()).decode()


def _read_cursor(cursor: str) -> tuple[str, UUID]:
    try:
        name, id = json.loads(base64.urlsafe_b64decode(cursor.encode()))
        return str(name), UUID(id)
    except (binascii.Error, ValueError, TypeError, AttributeError):
        raise CursorRefused(cursor) from None
