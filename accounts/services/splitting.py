"""Taking some of an account's records off it, into an account of their own."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.enums import Evidence, Verdict
from accounts.models import Account, AccountKey, Link, Pair
from accounts.queries.said import account_identity
from accounts.services.contacts import settle_contacts
from accounts.services.merging import MergeRefused, project, said_by
from accounts.services.parking import lock_keys
from accounts.services.places import rows_on
from accounts.services.routing import send_home
from core.ids import uuid7
from core.models import User
from core.services import record_act


@dataclass(frozen=True)
class SplitEffect:
    """What a split would do: rows that go to the new account, what it would show, what the old one shows then.

    shown: field → value. changed: (field, before, after), the last two `""` for none.
    """

    name: str
    rows: list[tuple[int, str]]
    shown: list[tuple[str, str]]
    changed: list[tuple[str, str, str]]


@transaction.atomic
def preview_split(
    *, account: Account, link_ids: Collection[UUID], by: User, now: datetime, hidden: Collection[str]
) -> SplitEffect:
    """The split itself, undone at its end; without the values of `hidden` fields. Raises `MergeRefused`."""
    before = _held(account, now, hidden)
    new = split_account(account_id=account.pk, link_ids=link_ids, why=_("Tried"), by=by, now=now)
    after, shown = _held(account, now, hidden), _held(new, now, hidden)
    names = [*before, *(name for name in after if name not in before)]
    pairs = ((name, before.get(name, ""), after.get(name, "")) for name in names)
    effect = SplitEffect(
        new.name, rows_on(new.pk), list(shown.items()), [pair for pair in pairs if pair[1] != pair[2]]
    )  # fmt: skip
    transaction.set_rollback(True)
    return effect


def _held(account: Account, now: datetime, hidden: Collection[str]) -> dict[str, str]:
    """What an account shows, by the field's label."""
    fields = account_identity(account, now, hidden).fields
    return {field.label: field.holds.value for field in fields if field.holds}


@transaction.atomic
def split_account(*, account_id: UUID, link_ids: Collection[UUID], why: str, by: User, now: datetime) -> Account:
    """Make an account of these links, with the rows that came under them; the two are never taken for one again.

    Raises `MergeRefused`, `Account.DoesNotExist`.
    """
    if not why.strip():
        raise MergeRefused(_("Say why they are two accounts: whoever looks at it later will want to know."))
    lock_keys()
    account = Account.objects.visible_to(by).select_for_update(of=("self",), no_key=True).get(pk=account_id)
    links = Link.objects.filter(account=account, revoked_at=None, namespace_id__isnull=False)
    gone = list(links.filter(pk__in=link_ids))
    if not gone or len(gone) != len(set(link_ids)):
        raise MergeRefused(_("Choose records of this account."))
    if len(gone) == links.count():
        raise MergeRefused(_("Leave at least one record on the account that stays."))
    name = next((link.values["name"][0] for link in gone if link.values.get("name")), account.name)
    new = Account.objects.create(id=uuid7(), name=name, team=account.team, source_id=gone[0].source_id, created_at=now)
    said = said_by([str(link.pk) for link in gone])
    moving = Link.objects.filter(pk__in=[link.pk for link in gone])
    moving.update(account=new, rule=Evidence.PERSON, evidence={"why": why})
    for link in gone:
        if not links.filter(namespace_id=link.namespace_id, external_id=link.external_id).exists():
            keys = AccountKey.objects.filter(account=account, namespace_id=link.namespace_id, value=link.external_id)
            keys.update(account=new)
    send_home(start=account.pk, to=new.pk)
    project([account.pk, new.pk], now=now, also={account.pk: said})
    settle_contacts([account.pk, new.pk], now=now)
    first, second = sorted((account.pk, new.pk))
    Pair.objects.create(
        first_id=first, second_id=second, rule=Evidence.PERSON, evidence={"why": why}, pattern="split", found_at=now,
        verdict=Verdict.DIFFERENT, decided_by=by, decided_at=now,
    )  # fmt: skip
    data = {"new": str(new.pk), "name": name, "links": [str(link.pk) for link in gone]}
    record_act("split", account, by=by, now=now, why=why, data=data)
    new.refresh_from_db()
    return new
