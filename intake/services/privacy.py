"""Classing fields: who may see one, and whether it may leave."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from core.enums import Role
from core.models import User
from core.services import record_act
from intake.enums import PrivacyClass
from intake.models import FieldPrivacy


class PrivacyRefused(Exception):
    """A field cannot be classed so; the message says what can be done."""


@transaction.atomic
def class_field(
    *, field: str, privacy: PrivacyClass, roles: Collection[Role], may_leave: bool, by: User, now: datetime
) -> FieldPrivacy:
    """Settle how far a field may be shown; a restricted one never leaves. Raises `PrivacyRefused`."""
    if privacy is PrivacyClass.RESTRICTED and not roles:
        raise PrivacyRefused(_("Choose at least one role that may see it."))
    wanted = {
        "privacy": privacy,
        "roles": sorted(roles) if privacy is PrivacyClass.RESTRICTED else [],
        "may_leave": privacy is PrivacyClass.PUBLIC or (privacy is PrivacyClass.INTERNAL and may_leave),
    }
    before = FieldPrivacy.objects.select_for_update().filter(pk=field).first()
    was = {name: getattr(before, name) for name in wanted} if before else None
    row, _made = FieldPrivacy.objects.update_or_create(field=field, defaults=wanted)
    if was != wanted:
        record_act("classed", row, by=by, now=now, data={"was": was, "is": wanted})
    return row
