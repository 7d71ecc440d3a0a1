"""Files on their way in: stored, looked at, then landed chunk by chunk, each with its progress in one transaction."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path, PurePath
from typing import Any
from uuid import UUID

import msgspec
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from core.bulk import copy_rows, database_now, execute, fetch_all
from core.doorbell import IMPORT, ring_on_commit
from core.ids import uuid7
from core.models import User
from core.services import record_act
from core.text import clean_text
from intake.enums import ImportStatus, Landing
from intake.models import Import, RejectedRow, Source
from intake.queries import namespace_of
from intake.rules import Arrival, Kind, Problem, Result
from intake.services.files import (
    Dialect,
    FileRefused,
    chunked,
    count_rows,
    dialect_from,
    look_at,
    rows_of,
)
from intake.services.kinds import find
from intake.services.rows import Plan, plan_of
from intake.services.taking import counts_of, take

CHUNK_ROWS = 5000
LEASE_SECONDS = 120
RUN_SECONDS = 50
LONGEST_CELL = 4000

# The lease is taken by one worker; who comes later finds it held, or the import done.
LEASE = """
UPDATE intake_import SET status = 'running', leased_until = clock_timestamp() + make_interval(secs => %s)
WHERE id = %s AND status IN ('waiting', 'running') AND (leased_until IS NULL OR leased_until < clock_timestamp())
"""
WAITING = """
SELECT id FROM intake_import
WHERE status IN ('waiting', 'running') AND (leased_until IS NULL OR leased_until < clock_timestamp()) ORDER BY id
"""
# Only the worker that saw `rows_done` rows before may land the next chunk.
MOVE = """
UPDATE intake_import SET rows_done = %(done)s, counts = %(counts)s,
    leased_until = clock_timestamp() + make_interval(secs => %(lease)s)
WHERE id = %(id)s AND rows_done = %(before)s AND status = 'running'
"""


class ImportRefused(Exception):
    """The upload was not taken; `.status` is the HTTP status that fits, `.field` what to mend."""

    def __init__(self, message: str, *, field: str = "file", status: int = 422) -> None:
        super().__init__(message)
        self.field, self.status = field, status


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
    mapping: Mapping[str, str] | None = None,
    actor: str = "",
) -> Import:
    """Store an upload and leave it for a worker. `file` gives its bytes in chunks.

    Raises `UnknownKind`, and `ImportRefused` for what can be seen at once: empty, too large, columns missing.
    """
    found = find(kind)
    if not found.columns:
        raise ImportRefused(_("%s cannot be sent as a file.") % kind, field="kind")
    _check_mapping(found, mapping or {})
    import_id = uuid7()
    path = stored_path(str(import_id))
    digest = _store(file, path)
    try:
        dialect = look_at(path, _names(found, mapping or {}))
        plan_of(found, dialect.header, mapping or {})
    except FileRefused as refused:
        path.unlink()
        raise ImportRefused(str(refused)) from None
    with transaction.atomic():
        made = Import.objects.create(
            id=import_id, source=source, kind=kind, filename=clean_text(PurePath(filename).name)[:255],
            stored_as=path.name, sha256=digest, mapping=dict(mapping or {}), created_by=by, created_at=now,
            dialect=dialect.as_json(),
        )  # fmt: skip
        record_act("uploaded", made, by=by, actor=actor or "system", now=now, data={"sha256": digest})
        ring_on_commit(IMPORT)
    return made


def run_waiting_imports(now: datetime) -> int:
    """Go on with every import that waits, oldest first, for at most `RUN_SECONDS` each; how many were touched."""
    waiting = [id for (id,) in fetch_all(WAITING)]
    for id in waiting:
        run_import(id, now, seconds=RUN_SECONDS)
    return len(waiting)


def run_import(import_id: UUID, now: datetime | None = None, *, seconds: float = float("inf")) -> Import:
    """Land the rows of a file, from where the last worker got to; the import as it then is.

    `now` is domain time, the database's clock unless somebody replays a day. Returns at once while another worker
    has it. After `seconds` it lets go, for the next worker to go on.
    """
    if not execute(LEASE, [LEASE_SECONDS, import_id]):
        return Import.objects.select_related("source").get(id=import_id)
    of = Import.objects.select_related("source").get(id=import_id)
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


def stored_path(name: str) -> Path:
    """Where an upload lies. Nobody but us reads it."""
    folder = Path(settings.CX_DATA_DIR) / "imports"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder / name


def _names(kind: Kind, mapping: Mapping[str, str]) -> set[str]:
    return set(kind.columns) | set(mapping)


def _check_mapping(kind: Kind, mapping: Mapping[str, str]) -> None:
    for column in mapping.values():
        if column not in kind.columns:
            text = _("mapping names the column “%(column)s”; %(kind)s have: %(columns)s.")
            names = {"column": column, "kind": kind.name, "columns": ", ".join(kind.columns)}
            raise ImportRefused(text % names, field="mapping")


def _check_size(size: int, *, whole: bool = False) -> None:
    if size > settings.CX_IMPORT_MAX_BYTES:
        raise ImportRefused(_("The file is too large. Split it into several files."), status=413)
    if whole and size == 0:
        raise ImportRefused(_("The file is empty."))


def _store(file: Iterable[bytes], path: Path) -> str:
    """Write the upload; its SHA-256. Leaves nothing behind when it is refused."""
    digest, size = hashlib.sha256(), 0
    try:
        with path.open("xb") as stored:
            for block in file:
                size += len(block)
                _check_size(size)
                digest.update(block)
                stored.write(block)
        _check_size(size, whole=True)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    path.chmod(0o600)
    return digest.hexdigest()


def _run(of: Import, now: datetime, ends: float) -> None:
    path, kind = stored_path(of.stored_as), find(of.kind)
    dialect = dialect_from(of.dialect)
    if of.rows_total is None:
        of.rows_total = count_rows(path, dialect)
        Import.objects.filter(id=of.id).update(rows_total=of.rows_total, message=_remarks(dialect))
    plan = plan_of(kind, dialect.header, of.mapping)
    arrival = Arrival(
        of.source_id, of.source.slug, namespace_of(of.source), now, actor=f"import {of.id}", import_id=of.id
    )
    rows = rows_of(path, dialect)
    for _row in zip(range(of.rows_done), rows, strict=False):
        pass
    for chunk in chunked(rows, CHUNK_ROWS):
        _land_chunk(of, kind, plan, chunk, arrival)
        if time.monotonic() > ends:
            execute("UPDATE intake_import SET leased_until = NULL WHERE id = %s", [of.id])
            ring_on_commit(IMPORT)
            return
    _finish(of, ImportStatus.DONE, None, now)


def _remarks(dialect: Dialect) -> str:
    """What a person should know about how the file was read."""
    remarks = []
    if dialect.encoding == "cp1252":
        remarks.append(_("Read as Windows-1252, since it is not UTF-8: look whether accents came out right."))
    if dialect.ignored:
        remarks.append(_("Columns that were not used: %s.") % ", ".join(dialect.ignored))
    return clean_text(" ".join(remarks))


def _land_chunk(of: Import, kind: Kind, plan: Plan, chunk: Sequence[list[str]], arrival: Arrival) -> None:
    """Land some rows, and in the same transaction say so."""
    with transaction.atomic():
        results = _take_rows(kind, plan, chunk, arrival)
        counts = dict(of.counts)
        for status, count in counts_of(results).items():
            counts[status] = counts.get(status, 0) + count
        done = of.rows_done + len(chunk)
        names = {"done": done, "counts": msgspec.json.encode(counts).decode(), "lease": LEASE_SECONDS}
        if not execute(MOVE, names | {"id": of.id, "before": of.rows_done}):
            raise _Overtaken
        _keep_rejected(of, plan, chunk, results)
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
    cells = [clean_text(cell)[:LONGEST_CELL] for cell in row]
    header = dialect_from(of.dialect).header
    value = cells[header.index(column)] if column and header.index(column) < len(cells) else ""
    return (of.id, number, column[:120], problem.code, problem.message, value, msgspec.json.encode(cells).decode())


def _take_rows(kind: Kind, plan: Plan, chunk: Sequence[list[str]], arrival: Arrival) -> list[Result]:
    """The result of each row; one with more cells than the header has is not guessed at."""
    fits = [len(row) <= plan.width for row in chunk]
    items = [plan.item_of(row) for row, fit in zip(chunk, fits, strict=True) if fit]
    taken = iter(take(kind, items, arrival, from_text=True))
    text = _("This row has more cells than the header. Put quotes around a cell that holds the delimiter.")
    wide = Result(Landing.REJECTED, errors=(Problem("", "too_many_cells", text),))
    return [next(taken) if fit else wide for fit in fits]


def _finish(of: Import, status: ImportStatus, message: str | None, now: datetime | None) -> None:
    with transaction.atomic():
        of.status, of.finished_at, of.leased_until = status, now or database_now(), None
        of.message = of.message if message is None else message
        changed = {"status": status, "finished_at": of.finished_at, "leased_until": None}
        if message is not None:
            changed["message"] = message
        Import.objects.filter(id=of.id).update(**changed)
        record_act(
            "imported", of, actor=f"source {of.source.slug}", now=of.finished_at, why=of.message,
            data={"status": status.value, "counts": of.counts},
        )  # fmt: skip
