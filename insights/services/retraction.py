"""Taking an insight, or a whole file of them, back."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.services import take_back_parked
from core.bulk import fetch_all
from core.doorbell import ring_on_commit
from core.models import User
from core.services import record_act
from core.stages import leave
from insights.models import Insight, Retraction, Withdrawn
from intake.enums import Happening
from intake.models import Import, Record
from intake.rules import Undone
from intake.services import announce
from intake.services.landing import free_keys
from intake.services.undoing import UndoRefused

RETRACT_ALL = """
INSERT INTO insights_retraction (insight_id, why, by_id, actor, retracted_at)
SELECT i.id, %(why)s, %(by)s, %(actor)s, %(now)s FROM insights_insight i WHERE i.import_id = %(import)s
ON CONFLICT (insight_id) DO NOTHING RETURNING insight_id
"""
UNDER_WAY = """
SELECT EXISTS (SELECT FROM (SELECT id FROM intake_landed UNION ALL SELECT id FROM insights_believed) w
               JOIN intake_record r ON r.id = w.id WHERE r.import_id = %s)
"""
STAGE = "withdraw"


class AlreadyRetracted(Exception):
    """The insight was taken back before."""


class NotBelievedYet(Exception):
    """The insight has landed, but is still on its way, or waits for its account."""


def retract_insight(
    *, insight_id: UUID, why: str, now: datetime, by: User | None = None, actor: str = ""
) -> Retraction:
    """Take one insight back, and leave it for the withdraw stage, which looks after its item.

    Its key stays taken: sent again it is a duplicate (ADR 0008).

    Raises `Insight.DoesNotExist`, `NotBelievedYet`, `AlreadyRetracted`.
    """
    with transaction.atomic():
        insight = Insight.objects.filter(id=insight_id).first()
        if insight is None:
            if Record.objects.filter(id=insight_id).exists():
                raise NotBelievedYet(_("This insight is still being worked on. Try again in a moment."))
            raise Insight.DoesNotExist
        retraction, made = Retraction.objects.get_or_create(
            insight=insight, defaults={"why": why, "by": by, "actor": actor or str(by), "retracted_at": now}
        )
        if not made:
            raise AlreadyRetracted(_("This insight was taken back before."))
        _leave_for_withdrawal([insight.id], now)
        record_act("retracted", insight, by=by, actor=actor, now=now, why=why)
    return retraction


def retract_import(*, import_id: UUID, why: str, now: datetime, by: User | None = None, actor: str = "") -> int:
    """Take all insights of a file back; how many were not before. Raises `Import.DoesNotExist`."""
    with transaction.atomic():
        of = Import.objects.select_for_update().get(id=import_id)
        names = {"why": why, "by": by.pk if by else None, "actor": actor or str(by), "now": now, "import": of.id}
        retracted = [id for (id,) in fetch_all(RETRACT_ALL, names)]
        _leave_for_withdrawal(retracted, now)
        record_act("retracted", of, by=by, actor=actor, now=now, why=why, data={"insights": len(retracted)})
    return len(retracted)


def undo_scores(*, import_id: UUID, by: User | None, now: datetime, actor: str = "") -> Undone:
    """Take back what a file of scores made us believe, in the caller's transaction; their keys are free again.

    Scores that wait for their account wait no longer. Raises `UndoRefused` while some are on their way.
    """
    parked = take_back_parked(import_id)
    [(coming,)] = fetch_all(UNDER_WAY, [import_id])
    if coming:
        raise UndoRefused(_("Scores of this file are still being worked on. Try again in a moment."))
    believed = list(Insight.objects.filter(import_id=import_id).values_list("id", flat=True))
    removed = retract_import(import_id=import_id, why=_("The import was undone."), by=by, actor=actor, now=now)
    free_keys([*parked, *believed])
    return Undone(removed=removed + len(parked))


def _leave_for_withdrawal(ids: list[UUID], now: datetime) -> None:
    leave(Withdrawn, [], [(id,) for id in ids], stage=STAGE)
    announce(ids, Happening.INSIGHT_RETRACTED, now=now)
    ring_on_commit()
