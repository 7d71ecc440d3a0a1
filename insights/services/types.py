"""Insight types: kinds of claim that a manager adds, changes and switches off."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from core.models import User
from core.services import record_act
from insights.models import InsightType


@transaction.atomic
def add_type(type: InsightType, *, by: User, now: datetime) -> None:
    """Take insights of this type from now on."""
    type.save(force_insert=True)
    record_act("added", type, by=by, now=now)


@transaction.atomic
def change_type(type: InsightType, *, changed: Sequence[str], by: User, now: datetime) -> None:
    """Keep what was changed of a type, and which fields they were; nothing where none was."""
    if changed:
        type.save(update_fields=changed)
        switched = {name: value for name in changed if isinstance(value := getattr(type, name), bool)}
        record_act("changed", type, by=by, now=now, data={"changed": list(changed), **switched})
