"""Taking a whole import back, through the room that knows what it did."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec
from django.db import transaction
from django.utils.translation import gettext as _

from core.models import User
from core.services import record_act
from intake.enums import ImportStatus
from intake.models import Held, Import
from intake.rules import Undone
from intake.services.kinds import find
from intake.services.mending import forget_mended
from intake.services.uploads import ImportRefused

OVER = (ImportStatus.DONE, ImportStatus.FAILED, ImportStatus.STOPPED)


class UndoRefused(Exception):
    """A room cannot take the import back now; says why, and what to do."""


def undo_import(*, import_id: UUID, by: User | None, now: datetime, actor: str = "") -> Undone:
    """Put back what an import changed, but for what something later has written; that is listed.

    Raises `ImportRefused` while it runs, where it was undone before, and where its kind cannot be undone.
    """
    with transaction.atomic():
        of = Import.objects.select_for_update().get(id=import_id)
        check_undo(of)
        undo = find(of.kind).undo
        assert undo is not None  # noqa: S101 - check_undo refuses it
        try:
            done = undo(import_id=of.id, by=by, now=now, actor=actor)
        except UndoRefused as refused:
            raise ImportRefused(str(refused), status=409) from None
        forget_mended(of)
        of.status, of.undone = ImportStatus.UNDONE, msgspec.to_builtins(done, str_keys=True)
        of.save(update_fields=["status", "undone"])
        data = {"restored": done.restored, "removed": done.removed, "kept": len(done.kept)}
        record_act("undone", of, by=by, actor=actor, now=now, data=data)
    return done


def check_undo(of: Import) -> None:
    """Raises `ImportRefused` where an import cannot be undone."""
    if of.status == ImportStatus.UNDONE:
        raise ImportRefused(_("This import was undone before."), status=409)
    if of.status not in OVER:
        raise ImportRefused(_("This import is still under way: stop it first."), status=409)
    if find(of.kind).undo is None:
        raise ImportRefused(_("An import of %s cannot be undone.") % of.kind, status=409)
    if Held.objects.filter(import_id=of.id).exists():
        words = _("This file came beside another feed and is only kept: nobody has believed it. End the parallel run.")
        raise ImportRefused(words, status=409)
    if not of.rows_done:
        raise ImportRefused(_("Nothing of this file was taken: there is nothing to undo."), status=409)


def may_undo(of: Import) -> bool:
    try:
        check_undo(of)
    except ImportRefused:
        return False
    return True
