"""Absences: periods in which somebody takes no new work."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from core.models import Absence, User
from core.services.acts import record_act


class AbsenceRefused(Exception):
    """The period cannot be set; says what to do. `field` is the input that is wrong."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


@transaction.atomic
def set_absence(
    *, user: User, active_from: datetime, active_to: datetime, note: str = "", by: User, now: datetime
) -> Absence:
    """From `active_from` until `active_to` (exclusive) `user` takes no new work. Raises `AbsenceRefused`.

    Whoever calls has made sure that `by` may say so.
    """
    User.objects.select_for_update().get(pk=user.pk)
    if active_to <= active_from:
        raise AbsenceRefused(_("The last day cannot be before the first."), "last_day")
    if active_to <= now:
        raise AbsenceRefused(_("This period is over: choose days that are still to come."), "last_day")
    if user.absences.filter(active_from__lt=active_to, active_to__gt=active_from).exists():
        raise AbsenceRefused(_("%(who)s is away on some of these days already.") % {"who": user}, "first_day")
    absence = Absence.objects.create(user=user, active_from=active_from, active_to=active_to, note=note.strip()[:200])
    record_act("away", user, by=by, now=now, why=absence.note, data=_period(absence))
    return absence


@transaction.atomic
def end_absence(*, absence: Absence, by: User, now: datetime) -> None:
    """Back early, or not away at all: one that has begun ends now, one that has not is taken back."""
    locked = Absence.objects.select_for_update().filter(pk=absence.pk, active_to__gt=now).first()
    if locked is None:
        return
    if locked.active_from < now:
        Absence.objects.filter(pk=locked.pk).update(active_to=now)
    else:
        locked.delete()
    record_act("back", locked.user, by=by, now=now, data=_period(locked))


def _period(absence: Absence) -> dict[str, str]:
    return {"from": absence.active_from.isoformat(), "to": absence.active_to.isoformat()}
