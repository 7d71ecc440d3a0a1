"""Running a new feed beside the one it is to replace: begun, and ended without a change.

The switch itself is `accounts.services.switching`: it needs to know what accounts show.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from core.bulk import execute
from core.models import User
from core.services import record_act
from intake.enums import RunStatus, ScoreMeaning, SourceMode
from intake.models import Held, ParallelRun, Pull, Shipment, Source, SourceMapping
from intake.queries.parallel import KindLine
from intake.rules.parallel import UNDO_WITHIN
from intake.services.kinds import UnknownKind, find
from intake.services.sources import SourceTerms, create_source, settle_source

FORGET = """
DELETE FROM intake_held WHERE run_id IN (SELECT id FROM intake_parallelrun WHERE status = 'switched' AND ended_at < %s)
"""


class RunRefused(Exception):
    """It cannot be run, switched or stopped; says why and what to do. `field`: of the form that asked."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class RunOver(RunRefused):
    """Somebody ended the run, or changed what it depends on, meanwhile; says who and how."""


@transaction.atomic
def start_run(
    *, old: Source, by: User, now: datetime, new: Source | None = None, name: str = "", same_ids: bool = False
) -> ParallelRun:
    """Let `new` run beside `old` from now on; without it a source of that name is made, settled as `old` is.

    same_ids: a source that is made calls accounts as `old` does. Raises `RunRefused`, `SourceRefused`.
    """
    ids = sorted({old.pk, new.pk} if new else {old.pk})
    locked = {one.pk: one for one in Source.objects.systems().filter(pk__in=ids).order_by("pk").select_for_update()}
    old = locked[old.pk]
    if new is not None and new.pk == old.pk:
        raise RunRefused(_("A source cannot run beside itself: choose another, or make a new one."), "new")
    if not old.is_active:
        raise RunRefused(_("%s is switched off: nothing can run beside it.") % old, "new")
    _check_free(old, new)
    if new is not None:
        _check_kinds(old, locked[new.pk])
        new = settle_source(source_id=new.pk, wanted={"is_active": True}, by=by, now=now)
    else:
        new = _make(old, name.strip(), same_ids=same_ids, by=by, now=now)
    run = ParallelRun.objects.create(old=old, new=new, started_at=now, started_by=by)
    record_act("run_started", run, by=by, now=now)
    return run


@transaction.atomic
def stop_run(*, run_id: UUID, by: User, now: datetime) -> ParallelRun:
    """End a run as if it had never been: what was held is dropped, and the new source is switched off.

    Otherwise what it sends next would be believed. Raises `RunOver`.
    """
    run = lock_run(run_id)
    dropped, _rows = Held.objects.filter(run=run).delete()
    end_run(run, RunStatus.STOPPED, by=by, now=now)
    settle_source(source_id=run.new_id, wanted={"is_active": False}, by=by, now=now)
    record_act("run_stopped", run, by=by, now=now, data={"records": dropped})
    return run


def lock_run(run_id: UUID, status: RunStatus = RunStatus.RUNNING) -> ParallelRun:
    """The run, of that status, locked until the caller's transaction ends. Raises `RunOver`."""
    runs = ParallelRun.objects.select_for_update(of=("self",)).select_related("old", "new", "ended_by")
    run = runs.get(pk=run_id)
    if run.status != status:
        raise RunOver(what_became(run))
    return run


def end_run(run: ParallelRun, status: RunStatus, *, by: User, now: datetime) -> None:
    run.compared.all().delete()
    run.status, run.ended_by, run.ended_at = status, by, now
    run.save(update_fields=["status", "ended_by", "ended_at", "switched"])


def what_became(run: ParallelRun) -> str:
    """Who did what to it, for somebody who had seen it otherwise."""
    if run.status == RunStatus.RUNNING:
        return _("The switch was undone meanwhile: %(new)s runs beside %(old)s again.") % {
            "new": run.new,
            "old": run.old,
        }
    words = {
        RunStatus.SWITCHED: _("%(who)s switched from %(old)s to %(new)s meanwhile. Nothing was done twice."),
        RunStatus.STOPPED: _("%(who)s stopped this run meanwhile: what %(new)s had brought is dropped."),
    }
    return words[RunStatus(run.status)] % {"who": run.ended_by, "new": run.new, "old": run.old}


def ending_kinds(lines: Iterable[KindLine]) -> list[str]:
    """Kinds that the old source has sent and the new one never: nothing more of them comes after a switch."""
    lines = list(lines)
    known = {_what(line.kind) for line in lines if line.new.last_at or line.held}
    return [line.kind for line in lines if line.old.last_at and _what(line.kind) not in known]


def forget_held(now: datetime) -> int:
    """Drop what was held for switches that are too old to be undone; how many records."""
    return execute(FORGET, [now - UNDO_WITHIN])


def _check_free(old: Source, new: Source | None) -> None:
    """Raises `RunRefused` where one of the two is in a run already."""
    running = ParallelRun.objects.running().select_related("old", "new")
    for run in running.filter(old=old):
        raise RunRefused(_("%(new)s runs beside %(old)s already: switch to it or stop it first.")
                         % {"new": run.new, "old": run.old}, "new")  # fmt: skip
    for run in running.filter(new=old):
        raise RunRefused(_("%(old)s itself runs beside %(other)s, and nothing of it is shown: end that run first.")
                         % {"old": old, "other": run.old}, "new")  # fmt: skip
    if new is None:
        return
    for run in running.filter(new=new) | running.filter(old=new):
        raise RunRefused(_("%(new)s is in another run: %(run)s. End that first.") % {"new": new, "run": run}, "new")


def _check_kinds(old: Source, new: Source) -> None:
    """Raises `RunRefused` where the new source sends what the old one does not."""
    theirs, ours = _kinds_of(new), _kinds_of(old)
    known = {_what(kind) for kind in ours}
    others = sorted(kind for kind in theirs if _what(kind) not in known)
    if ours and others:
        raise RunRefused(_("%(new)s sends %(others)s, and %(old)s does not (it sends %(ours)s): choose a source of the "
                           "same kinds.") % {"new": new, "others": ", ".join(others), "old": old,
                                             "ours": ", ".join(sorted(ours))}, "new")  # fmt: skip


def _kinds_of(source: Source) -> set[str]:
    """What a source has sent, or is set up to send."""
    tables = (Shipment, SourceMapping, Pull)
    rows = (model._default_manager.filter(source=source).order_by().values_list("kind", flat=True) for model in tables)
    return {kind for kinds in rows for kind in kinds.distinct()}


def _what(kind: str) -> object:
    """What is done with a kind: insights by API and scores by file are one."""
    try:
        return find(kind).apply
    except UnknownKind:
        return kind


def _make(old: Source, name: str, *, same_ids: bool, by: User, now: datetime) -> Source:
    """A source that is looked after as `old` is, and reads its files as `old` does."""
    if not name:
        raise RunRefused(_("Choose a source, or give the new one a name."), "name")
    slug = slugify(name)[:60]
    if not slug:
        raise RunRefused(_("Give a name with letters: programs need a short one made of it."), "name")
    namespace = (old.account_namespace or old) if same_ids else None
    terms = SourceTerms(
        name=name[:120], owner=old.owner or by, backup=old.backup if old.owner else None, runbook=old.runbook,
        cadence_hours=old.cadence_hours, mode=SourceMode(old.mode), score_meaning=ScoreMeaning(old.score_meaning),
        account_namespace=namespace,
    )  # fmt: skip
    made = create_source(slug=slug, terms=terms, by=by, now=now)
    SourceMapping.objects.bulk_create(
        SourceMapping(source=made, kind=kept.kind, columns=kept.columns, saved_by=by, saved_at=now)
        for kept in SourceMapping.objects.filter(source=old)
    )
    return made
