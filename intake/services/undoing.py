"""Taking a whole import back, through the room that knows what it did.

Somebody asks for it, and a worker does it, step by step: each step is a transaction of its own, in which what it put
back and how far it came are written together. So a worker that dies is followed by another that goes on.
"""

from __future__ import annotations

import time
from datetime import datetime
from uuid import UUID

import msgspec
from django.db import transaction
from django.utils.translation import gettext as _
from msgspec.structs import replace

from core.bulk import execute
from core.doorbell import IMPORT, ring_on_commit
from core.models import User
from core.services import record_act
from intake.enums import ImportStatus
from intake.models import Held, Import
from intake.rules import Undone
from intake.services.kinds import find
from intake.services.mending import forget_mended
from intake.services.uploads import ImportRefused

OVER = (ImportStatus.DONE, ImportStatus.FAILED, ImportStatus.STOPPED)
LEASE_SECONDS = 300
# As many of what stays are listed; all are counted.
MOST_KEPT = 1000
LEASE = """
UPDATE intake_import SET leased_until = clock_timestamp() + make_interval(secs => %s)
WHERE id = %s AND status = 'undoing' AND (leased_until IS NULL OR leased_until < clock_timestamp())
"""
GO_ON = "UPDATE intake_import SET leased_until = clock_timestamp() + make_interval(secs => %s) WHERE id = %s"
LET_GO = "UPDATE intake_import SET leased_until = NULL WHERE id = %s"


class UndoRefused(Exception):
    """A room cannot take the import back now; says why, and what to do."""


def ask_undo(*, import_id: UUID, by: User | None, now: datetime, actor: str = "") -> Import:
    """Have an import taken back by a worker; how far it is stands in `undone`.

    Raises `ImportRefused` while it runs, where it was undone before, and where its kind cannot be undone.
    """
    with transaction.atomic():
        of = Import.objects.select_for_update().get(id=import_id)
        check_undo(of)
        of.status, of.undo_by, of.undone, of.leased_until = ImportStatus.UNDOING, by, {}, None
        of.save(update_fields=["status", "undo_by", "undone", "leased_until"])
        record_act("undo_asked", of, by=by, actor=actor, now=now)
        ring_on_commit(IMPORT)
    return of


def run_undo(import_id: UUID, now: datetime, *, seconds: float = float("inf")) -> None:
    """Take an import back from where the last worker got to; returns at once while another worker has it.

    After `seconds` it lets go, for the next worker to go on. Where rows of the file are still on their way it says so,
    and the next sweep tries again.
    """
    if not execute(LEASE, [LEASE_SECONDS, import_id]):
        return
    ends = time.monotonic() + seconds
    while _step(import_id, now):
        if time.monotonic() > ends:
            execute(LET_GO, [import_id])
            ring_on_commit(IMPORT)
            return


def _step(import_id: UUID, now: datetime) -> bool:
    """Take some of an import back; whether there is more to do now."""
    with transaction.atomic():
        of = Import.objects.select_for_update(of=("self",)).select_related("source", "undo_by").get(id=import_id)
        if of.status != ImportStatus.UNDOING:
            return False
        by, actor = of.undo_by, f"source {of.source.slug}"
        try:
            with transaction.atomic():
                done = _take_back(of, by, now, actor)
        except UndoRefused as refused:
            of.undone |= {"waits": str(refused)}
            of.leased_until = None
            of.save(update_fields=["undone", "leased_until"])
            return False
        undone = add_up(msgspec.convert(of.undone, Undone), done)
        if not undone.rest:
            _finish(of, undone, by, now, actor)
            return False
        of.undone = msgspec.to_builtins(undone, str_keys=True)
        of.save(update_fields=["undone"])
        execute(GO_ON, [LEASE_SECONDS, of.id])
        return True


def undo_import(*, import_id: UUID, by: User | None, now: datetime, actor: str = "") -> Undone:
    """Take an import back here and now, in one transaction, as a part of something larger. Raises as `ask_undo`."""
    with transaction.atomic():
        of = Import.objects.select_for_update().get(id=import_id)
        check_undo(of)
        undone = Undone(rest=True)
        try:
            while undone.rest:
                undone = add_up(undone, _take_back(of, by, now, actor))
        except UndoRefused as refused:
            raise ImportRefused(str(refused), status=409) from None
        _finish(of, undone, by, now, actor)
    return undone


def _take_back(of: Import, by: User | None, now: datetime, actor: str) -> Undone:
    undo = find(of.kind).undo
    assert undo is not None  # noqa: S101 - check_undo refuses it
    return undo(import_id=of.id, by=by, now=now, actor="" if by else actor)


def add_up(so_far: Undone, step: Undone) -> Undone:
    """What all steps did together."""
    kept = [*so_far.kept, *step.kept]
    return Undone(
        restored=so_far.restored + step.restored, removed=so_far.removed + step.removed, kept=kept[:MOST_KEPT],
        more=so_far.more + step.more + max(len(kept) - MOST_KEPT, 0), rows=so_far.rows + step.rows, rest=step.rest,
    )  # fmt: skip


def _finish(of: Import, undone: Undone, by: User | None, now: datetime, actor: str) -> None:
    """It is undone: put that on record."""
    forget_mended(of)
    of.status, of.leased_until = ImportStatus.UNDONE, None
    of.undone = msgspec.to_builtins(replace(undone, rest=False), str_keys=True)
    of.save(update_fields=["status", "undone", "leased_until"])
    data = {"restored": undone.restored, "removed": undone.removed, "kept": undone.all_kept}
    record_act("undone", of, by=by, actor=actor, now=now, data=data)


def check_undo(of: Import) -> None:
    """Raises `ImportRefused` where an import cannot be undone."""
    if of.status == ImportStatus.UNDONE:
        raise ImportRefused(_("This import was undone before."), status=409)
    if of.status == ImportStatus.UNDOING:
        raise ImportRefused(_("This import is being undone already."), status=409)
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
