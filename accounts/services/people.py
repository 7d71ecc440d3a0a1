"""What people do to an account by hand."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.enums import TOUCHES, AccountRole, ActivityKind, RedLine
from accounts.models import Account, AccountPerson, Activity, Contact, RedLineFlag
from accounts.services.values import say_by_hand
from core.ids import uuid7
from core.models import User
from core.services import record_act
from intake.enums import Happening
from intake.models import Source
from intake.services import announce

SUMMARY_LENGTH = 300


def split_summary(text: str) -> tuple[str, str]:
    """The first line, and what follows; a first line that is too long is cut and stays whole in what follows."""
    text = text.strip()
    first, _newline, rest = text.partition("\n")
    if len(first) > SUMMARY_LENGTH:
        return f"{first[: SUMMARY_LENGTH - 2].rstrip()} …", text
    return first.strip(), rest.strip()


class AccountRefused(Exception):
    """The change cannot be made; says what to do. `field` is the input that is wrong, if one is."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


def set_account_person(
    *, account: Account, role: AccountRole, user: User | None, by: User, now: datetime, why: str = ""
) -> None:
    """Give a role on the account to somebody, or to nobody. The account's team follows a new CSM's.

    Raises `AccountRefused` for somebody who has left.
    """
    if user is not None and not user.is_active:
        raise AccountRefused(_("%s has left. Choose somebody who is active.") % user, "user")
    with transaction.atomic():
        locked = Account.objects.select_for_update().get(id=account.id)
        before = AccountPerson.objects.filter(account=locked, role=role).select_related("user").first()
        if (before.user_id if before else None) == (user.pk if user else None):
            return
        if user is None:
            AccountPerson.objects.filter(account=locked, role=role).delete()
        else:
            AccountPerson.objects.update_or_create(account=locked, role=role, defaults={"user": user})
        if role == AccountRole.CSM and user is not None and user.team_id and user.team_id != locked.team_id:
            Account.objects.filter(id=locked.id).update(team=user.team_id)
        data = {"role": role.value, "from": before.user.username if before else None, "to": user and user.username}
        record_act("appointed", locked, by=by, now=now, why=why, data=data)
        edit = (locked.id, f"people.{role.value}", data["to"])
        say_by_hand([edit], source_id=source_of(by).id, actor=by.username, now=now)
        announce([locked.id], Happening.ACCOUNT_UPDATED, now=now)


def log_activity(
    *,
    account: Account,
    kind: ActivityKind,
    summary: str,
    by: User,
    now: datetime,
    body: str = "",
    happened_at: datetime | None = None,
    contact_id: UUID | None = None,
) -> Activity:
    """Put a note, call or meeting of `by` on the account's timeline. Raises `AccountRefused`."""
    happened_at = happened_at or now
    if kind not in TOUCHES:
        raise AccountRefused(_("Log a note, a call or a meeting; other activities come from their systems."), "kind")
    if not summary.strip():
        raise AccountRefused(_("Say in a few words what it was about."), "summary")
    if happened_at > now:
        raise AccountRefused(_("It cannot have happened in the future."), "happened_at")
    if contact_id is not None and not Contact.objects.filter(id=contact_id, account=account).exists():
        raise AccountRefused(_("This contact is not one of the account's."), "contact")
    with transaction.atomic():
        id = uuid7()
        activity = Activity.objects.create(
            id=id,
            account=account,
            source_id=source_of(by).id,
            external_id=str(id),
            kind=kind,
            happened_at=happened_at,
            summary=summary.strip()[:SUMMARY_LENGTH],
            body=body,
            contact_id=contact_id,
            by=by,
        )
        record_act("logged", activity, by=by, now=now, data={"account": str(account.id), "kind": kind.value})
    return activity


def flag_red_line(*, account: Account, kind: RedLine, why: str, by: User, now: datetime) -> RedLineFlag:
    """Put a red line on the account until somebody lifts it; one that stands already stays as it is.

    Raises `AccountRefused` without a reason.
    """
    if not why.strip():
        raise AccountRefused(_("Say why, for those who must act on it."), "why")
    with transaction.atomic():
        Account.objects.select_for_update().get(id=account.id)
        flag, made = RedLineFlag.objects.get_or_create(
            account=account, kind=kind, until=None, defaults={"since": now, "why": why.strip()}
        )
        if made:
            record_act("red_line_flagged", account, by=by, now=now, why=why, data={"kind": kind.value})
    return flag


def lift_red_line(*, account: Account, kind: RedLine, by: User, now: datetime, why: str = "") -> None:
    """End the red line of this kind that stands. Raises `AccountRefused` when none does."""
    with transaction.atomic():
        if not RedLineFlag.objects.filter(account=account, kind=kind, until=None).update(until=now):
            raise AccountRefused(_("This red line was lifted already."))
        record_act("red_line_lifted", account, by=by, now=now, why=why, data={"kind": kind.value})


def archive_account(*, account: Account, by: User, now: datetime, why: str) -> None:
    """Take the account out of lists and searches; nothing is deleted, and records about it still find it.

    A second time changes nothing. Raises `AccountRefused` without a reason.
    """
    if not why.strip():
        raise AccountRefused(_("Say why the account is archived."), "why")
    with transaction.atomic():
        if Account.objects.filter(id=account.id, archived_at=None).update(archived_at=now):
            record_act("archived", account, by=by, now=now, why=why)


def restore_account(*, account: Account, by: User, now: datetime, why: str = "") -> None:
    """Bring an archived account back; one that is not archived stays as it is."""
    with transaction.atomic():
        if Account.objects.filter(id=account.id).exclude(archived_at=None).update(archived_at=None):
            record_act("restored", account, by=by, now=now, why=why)


def source_of(person: User) -> Source:
    """The source that stands for a person, made the first time they say something."""
    source, _made = Source.objects.get_or_create(
        person=person, defaults={"slug": f"person-{person.pk}", "name": str(person), "owner": person}
    )
    return source
