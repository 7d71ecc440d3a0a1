"""Files on their way in: stored, looked at, then landed chunk by chunk, each with its progress in one transaction."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import PurePath
from typing import Any
from uuid import UUID

import msgspec
from django.db import transaction
from django.utils.translation import gettext as _

from core.bulk import copy_rows, database_now, execute, fetch_all
from core.doorbell import IMPORT, ring_on_commit
from core.models import User
from core.services import record_act
from core.text import clean_text
from intake.enums import ImportStatus, Landing
from intake.models import Import, RejectedRow, RowWarning, Source
from intake.queries import namespace_of
from intake.rules import ERASED, Arrival, Kind, Result
from intake.rules.mapping import Use, unused_columns, uses_from
from intake.services.chunks import LONGEST_CELL, cell_under, take_rows, warnings_in
from intake.services.files import Dialect, FileRefused, chunked, count_rows, dialect_from, rows_of
from intake.services.kinds import find
from intake.services.mending import first_file_of, note_mended
from intake.services.profiling import FileProfile
from intake.services.repeats import forget_names
from intake.services.rows import Plan, plan_of
from intake.services.taking import counts_of
from intake.services.undoing import run_undo
from intake.services.uploads import (
    ImportRefused,
    Upload,
    check_guesses,
    given_uses,
    guesses_of,
    kind_of,
    kind_of_preset,
    mapping_json,
    saved_names,
    store_upload,
    stored_path,
)

CHUNK_ROWS = 5000
LEASE_SECONDS = 120
RUN_SECONDS = 40

# The lease is taken by one worker; who comes later finds it held, or the import done.
LEASE = """
UPDATE intake_import SET status = 'running', leased_until = clock_timestamp() + make_interval(secs => %s)
WHERE id = %s AND status IN ('waiting', 'running') AND (leased_until IS NULL OR leased_until < clock_timestamp())
"""
# What a worker is just writing is passed over.
WAITING = """
SELECT id, status = 'undoing' FROM intake_import
WHERE status IN ('waiting', 'running', 'undoing') AND (leased_until IS NULL OR leased_until < clock_timestamp())
ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
"""
# Only the worker that saw `rows_done` rows before may land the next chunk.
MOVE = """
UPDATE intake_import SET rows_done = %(done)s, counts = %(counts)s,
    leased_until = clock_timestamp() + make_interval(secs => %(lease)s)
WHERE id = %(id)s AND rows_done = %(before)s AND status = 'running'
"""


class _Overtaken(Exception):
    """Another worker has taken over."""


def start_import(
    *,
    file: Iterable[bytes],
    filename: str,
    kind: str,
    source: Source,
    by: User | None,
    now: datetime,
    mapping: Mapping[str, object] | None = None,
    actor: str = "",
    loosely: bool = False,
    preset: str = "",
) -> Import:
    """Store an upload and leave it for a worker. `file` gives its bytes in chunks; `kind` may be `""`: to be guessed.

    The columns are what `mapping` says, else the named `preset`, else the source's saved mapping, else what their names
    and the presets say (`loosely`: names that are only close too). Raises `UnknownKind`, and `ImportRefused` for what
    can be seen at once: empty, too large, columns missing, a date that can be read in two ways.
    """
    hoped_for = list(mapping or {}) + saved_names(source)
    kind = kind_of_preset(preset, kind) if preset else kind
    if kind:
        given_uses(file_kind(kind), mapping or {})  # refused before the file is read
    upload = store_upload(file, hoped_for=hoped_for)
    try:
        found = file_kind(kind) if kind else guessed_kind(upload, source)
        given = given_uses(found, mapping or {}, preset, upload.dialect.header)
        guesses = guesses_of(found, upload.dialect, upload.samples, source=source, given=given, loosely=loosely)
        check_guesses(found, guesses, source=source, given=given)
    except ImportRefused:
        upload.path.unlink()
        raise
    uses = {guess.name: guess.use for guess in guesses}
    return keep_import(
        upload, kind=found, source=source, uses=uses, filename=filename, status=ImportStatus.WAITING, by=by,
        actor=actor, now=now,
    )  # fmt: skip


def guessed_kind(upload: Upload, source: Source) -> Kind:
    found = kind_of(upload.dialect, source)
    if found is None:
        text = _("What this file holds cannot be seen from its columns (%s): choose the kind of its rows.")
        raise ImportRefused(text % ", ".join(upload.dialect.header[:8]), field="kind")
    return found


def file_kind(name: str) -> Kind:
    """The kind of that name, which can come as a file. Raises `UnknownKind`, `ImportRefused`."""
    found = find(name)
    if not found.columns:
        raise ImportRefused(_("%s cannot be sent as a file.") % name, field="kind")
    return found


def keep_import(
    upload: Upload, *, kind: Kind, source: Source, uses: Mapping[str, Use], filename: str, status: ImportStatus,
    by: User | None, now: datetime, actor: str = "",
) -> Import:  # fmt: skip
    """Put a stored upload on record, and ring for a worker where it need not wait for a person."""
    with transaction.atomic():
        made = Import.objects.create(
            id=upload.id, source=source, kind=kind.name, filename=clean_text(PurePath(filename).name)[:255],
            stored_as=upload.path.name, sha256=upload.digest, mapping=mapping_json(uses), created_by=by,
            created_at=now, dialect=upload.dialect.as_json(), status=status,
            mends=first_file_of(upload, kind.name, source),
        )  # fmt: skip
        record_act("uploaded", made, by=by, actor=actor or "system", now=now, data={"sha256": upload.digest})
        if status is ImportStatus.WAITING:
            ring_on_commit(IMPORT)
    return made


def stop_import(*, import_id: UUID, by: User | None, now: datetime, actor: str = "") -> Import:
    """Take no further rows of a file; those that are in stay, until it is undone. Raises `ImportRefused`."""
    with transaction.atomic():
        of = Import.objects.select_for_update().get(id=import_id)
        if of.status not in (ImportStatus.DRAFT, ImportStatus.WAITING, ImportStatus.RUNNING):
            raise ImportRefused(_("This import is over: there is nothing left to stop."), status=409)
        of.status, of.finished_at, of.leased_until = ImportStatus.STOPPED, now, None
        of.save(update_fields=["status", "finished_at", "leased_until"])
        transaction.on_commit(partial(forget_names, of.pk), robust=True)  # a worker may hold some of them now
        record_act("stopped", of, by=by, actor=actor, now=now, data={"rows": of.rows_done})
    return of


def run_waiting_imports(now: datetime) -> int:
    """Go on with the imports that wait, or wait to be undone, oldest first, for `RUN_SECONDS` in all.

    Returns how many were touched; the others are for the next job.
    """
    ends, touched = time.monotonic() + RUN_SECONDS, 0
    for id, is_undone in fetch_all(WAITING):
        left = ends - time.monotonic()
        if left <= 0:
            break
        (run_undo if is_undone else run_import)(id, now, seconds=left)
        touched += 1
    return touched


def run_import(import_id: UUID, now: datetime | None = None, *, seconds: float = float("inf")) -> Import:
    """Land the rows of a file, from where the last worker got to; the import as it then is.

    `now` is domain time, the database's clock unless somebody replays a day. Returns at once while another worker
    has it. After `seconds` it lets go, for the next worker to go on.
    """
    if not execute(LEASE, [LEASE_SECONDS, import_id]):
        return Import.objects.select_related("source").get(id=import_id)
    of = Import.objects.select_related("source", "mends").get(id=import_id)
    try:
        _run(of, now or database_now(), time.monotonic() + seconds)
    except _Overtaken:
        pass
    except FileRefused as refused:
        _finish(of, ImportStatus.FAILED, str(refused), now)
    except OSError:
        _finish(of, ImportStatus.FAILED, _("The stored file cannot be read. Send it again."), now)
    of.refresh_from_db()
    return of


def _run(of: Import, now: datetime, ends: float) -> None:
    path, kind = stored_path(of.stored_as), find(of.kind)
    dialect = dialect_from(of.dialect)
    if of.rows_total is None:
        of.rows_total = count_rows(path, dialect)
        Import.objects.filter(id=of.id).update(rows_total=of.rows_total, message=remarks(dialect, of.mapping))
    plan = plan_of(kind, dialect.header, uses_from(of.mapping))
    arrival = arrival_of(of, now)
    rows = rows_of(path, dialect)
    for _row in zip(range(of.rows_done), rows, strict=False):
        pass
    profile = FileProfile(of, dialect.header)
    for chunk in chunked(rows, CHUNK_ROWS):
        _land_chunk(of, kind, plan, chunk, arrival, profile)
        if time.monotonic() > ends:
            execute("UPDATE intake_import SET leased_until = NULL WHERE id = %s", [of.id])
            ring_on_commit(IMPORT)
            return
    _finish(of, ImportStatus.DONE, None, now)


def arrival_of(of: Import, now: datetime) -> Arrival:
    """Where the rows of a file come from."""
    return Arrival(of.source_id, of.source.slug, namespace_of(of.source), now, actor=f"import {of.id}", import_id=of.id)


def remarks(dialect: Dialect, mapping: Mapping[str, object]) -> str:
    """What a person should know about how a file is read."""
    said = list(dialect.notes)
    if unused := unused_columns(dialect.header, mapping):
        said.append(_("Columns that were not used: %s.") % ", ".join(unused))
    return clean_text(" ".join(said))


def _land_chunk(
    of: Import, kind: Kind, plan: Plan, chunk: Sequence[list[str]], arrival: Arrival, profile: FileProfile
) -> None:
    """Land some rows, and in the same transaction say so."""
    with transaction.atomic():
        more = of.rows_total is None or of.rows_done + len(chunk) < of.rows_total
        results = take_rows(of, kind, plan, chunk, arrival, more=more)
        fresh = counts_of(results)
        counts = {status: of.counts.get(status, 0) + fresh.get(status, 0) for status in {**of.counts, **fresh}}
        done = of.rows_done + len(chunk)
        names = {"done": done, "counts": msgspec.json.encode(counts).decode(), "lease": LEASE_SECONDS}
        if not execute(MOVE, names | {"id": of.id, "before": of.rows_done}):
            raise _Overtaken
        profile.add(chunk, counts)
        note_mended(of, chunk, results)
        if Landing.REJECTED in fresh:
            _keep_rejected(of, plan, chunk, results)
        if any(result.warnings for result in results):
            _keep_warnings(of, plan, chunk, results)
    of.rows_done, of.counts = done, counts


def _keep_rejected(of: Import, plan: Plan, chunk: Sequence[list[str]], results: Sequence[Result]) -> None:
    rejected = (
        _rejected(of, plan, row, of.rows_done + offset, result)
        for offset, (row, result) in enumerate(zip(chunk, results, strict=True), start=1)
        if result.status is Landing.REJECTED
    )
    columns = ["of_id", "row", "column", "code", "message", "value", "cells"]
    copy_rows(RejectedRow._meta.db_table, columns, rejected)


def _rejected(of: Import, plan: Plan, row: list[str], number: int, result: Result) -> tuple[Any, ...]:
    problem = result.errors[0]
    column = plan.column_of(problem)
    cells = [] if problem.code == ERASED else [clean_text(cell)[:LONGEST_CELL] for cell in row]
    value = cell_under(column, dialect_from(of.dialect).header, cells)
    return (of.id, number, column[:120], problem.code, problem.message, value, msgspec.json.encode(cells).decode())


def _keep_warnings(of: Import, plan: Plan, chunk: Sequence[list[str]], results: Sequence[Result]) -> None:
    header = dialect_from(of.dialect).header
    rows = (
        (of.id, of.rows_done + offset, column[:120], problem.code, problem.message, value)
        for offset, problem, column, value in warnings_in(plan, header, chunk, results)
    )
    copy_rows(RowWarning._meta.db_table, ["of_id", "row", "column", "code", "message", "value"], rows)


def _finish(of: Import, status: ImportStatus, message: str | None, now: datetime | None) -> None:
    with transaction.atomic():
        of.status, of.finished_at, of.leased_until = status, now or database_now(), None
        of.message = of.message if message is None else message
        changed = {"status": status, "finished_at": of.finished_at, "leased_until": None}
        if message is not None:
            changed["message"] = message
        Import.objects.filter(id=of.id).update(**changed)
        forget_names(of.id)
        if RejectedRow.objects.filter(of=of, code=ERASED).exists():  # the file names somebody who was erased
            transaction.on_commit(partial(stored_path(of.stored_as).unlink, missing_ok=True))
        record_act(
            "imported", of, by=of.created_by, actor=f"source {of.source.slug}", now=of.finished_at, why=of.message,
            data={"status": status.value, "counts": of.counts},
        )  # fmt: skip
