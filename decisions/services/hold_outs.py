"""A hold-out from the day a leader signs it to the day it ends, and who may not be held out any more."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from core.enums import Role
from core.models import User
from core.services import record_act
from decisions.enums import Release
from decisions.models import Allocation, HoldOut
from decisions.models.holdout import LEAST, MOST_AUTOMATED, MOST_HUMAN
from decisions.queries.arms import held_now, running_hold_outs
from decisions.queries.facts import lock_accounts
from decisions.rules.allotting import why_released
from decisions.services.arms import Freed, release
from insights.models import InsightType

LONGEST = timedelta(days=366)


class HoldOutRefused(Exception):
    """A hold-out cannot begin or be stopped like this; says why. `field`: what of it is wrong."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


@transaction.atomic
def begin_hold_out(
    *, by: User, type: str, human_share: Decimal, automated_share: Decimal, ends_at: datetime, why: str, now: datetime,
    spared: Collection[str] = (),
) -> HoldOut:  # fmt: skip
    """Hold out, from `now` on and until `ends_at`, these shares of what a person would act on and what is automated.

    spared: tiers that are left out beside strategic. Raises `HoldOutRefused`.
    """
    _check(by=by, shares=(human_share, automated_share), ends_at=ends_at, why=why, now=now)
    # Held, so that of two leaders who sign at the same moment the second is told.
    kind = InsightType.objects.select_for_update(no_key=True).filter(slug=type, is_active=True).first()
    if kind is None:
        raise HoldOutRefused(_("There is no such type of insight, or it is not used any more."), "type")
    _end_due(now)
    if HoldOut.objects.filter(type=kind, ended_at=None).exists():
        raise HoldOutRefused(
            _("A hold-out of this type is running. Stop that one first, or wait until it ends."), "type"
        )
    hold_out = HoldOut.objects.create(
        type=kind, human_share=human_share, automated_share=automated_share, salt=secrets.token_hex(16),
        spared=sorted(set(spared)), begins_at=now, ends_at=ends_at, why=why.strip(), signed_by=by, signed_at=now,
    )  # fmt: skip
    data = {"human": str(human_share), "automated": str(automated_share), "until": ends_at.isoformat()}
    record_act("began", hold_out, by=by, now=now, why=hold_out.why, data=data)
    return hold_out


@transaction.atomic
def stop_hold_out(*, by: User, hold_out_id: UUID, why: str, now: datetime) -> HoldOut:
    """End it before its day: everybody is released. Raises `HoldOutRefused`, `HoldOut.DoesNotExist`."""
    if not may_sign(by):
        raise HoldOutRefused(_("Only a leader can stop a hold-out."))
    if not why.strip():
        raise HoldOutRefused(_("Say why it is stopped: whoever reads the numbers will want to know."), "why")
    hold_out = HoldOut.objects.select_for_update(no_key=True).get(pk=hold_out_id)
    if hold_out.ended_at is not None or hold_out.ends_at <= now:
        raise HoldOutRefused(_("It is over already."))
    hold_out.stopped_by, hold_out.stopped_why = by, why.strip()
    _end(hold_out, now=now, why=Release.STOPPED)
    record_act("stopped", hold_out, by=by, now=now, why=hold_out.stopped_why)
    return hold_out


def tend_hold_outs(now: datetime) -> None:
    """End hold-outs whose day has come, and release whoever may not be held out any more."""
    with transaction.atomic():
        _end_due(now)
    terms = {each.id: each for each in running_hold_outs(now).values()}
    if not terms:
        return
    with transaction.atomic():
        held = [(one, why_released(one.standing, terms[one.hold_out_id])) for one in held_now(list(terms), now)]
        freed = [(one.account_id, Freed(one.id, *found)) for one, found in held if found]
        lock_accounts([account for account, _freed in freed])
        release([one for _account, one in freed], now=now, actor="tick")


def may_sign(user: User) -> bool:
    """Whether `user` may begin and stop hold-outs."""
    return user.is_active and user.role == Role.LEADER


def _check(*, by: User, shares: tuple[Decimal, Decimal], ends_at: datetime, why: str, now: datetime) -> None:
    human, automated = shares
    if not may_sign(by):
        raise HoldOutRefused(_("Only a leader can begin a hold-out."))
    for share, most, field in ((human, MOST_HUMAN, "human"), (automated, MOST_AUTOMATED, "automated")):
        if share != 0 and not (LEAST <= share <= most and share == share.quantize(LEAST)):
            words = {"least": f"{LEAST:.0%}", "most": f"{most:.0%}"}
            raise HoldOutRefused(_("Say 0, or a whole number from %(least)s to %(most)s.") % words, field)
    if not any(shares):
        raise HoldOutRefused(_("Say of what a share is to be held out: both are 0."), "automated")
    if not now < ends_at <= now + LONGEST:
        raise HoldOutRefused(_("Choose a last day that is to come, within a year."), "last_day")
    if not why.strip():
        raise HoldOutRefused(_("Say what you want to find out: it stands in the register under your name."), "why")


def _end_due(now: datetime) -> None:
    """End all whose day has come."""
    for over in HoldOut.objects.select_for_update(no_key=True).filter(ended_at=None, ends_at__lte=now).order_by("id"):
        _end(over, now=over.ends_at, why=Release.ENDED)
        record_act("ended", over, actor="tick", now=over.ends_at)


def _end(hold_out: HoldOut, *, now: datetime, why: Release) -> None:
    """Over at `now`: whoever is still held out is released."""
    hold_out.ended_at = now
    hold_out.save(update_fields=["ended_at", "stopped_by", "stopped_why"])
    held = Allocation.objects.filter(hold_out=hold_out).held_now().values_list("id", flat=True)
    release([Freed(str(id), why) for id in held], now=now, by=hold_out.stopped_by, actor="tick")
