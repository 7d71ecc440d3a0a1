"""Rows that came back, mended and sent again: which file they were of, and which of its rows are taken since."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from uuid import UUID

from core.bulk import execute
from intake.enums import Landing
from intake.models import Import, RejectedRow, Source
from intake.queries import line_of
from intake.rules import Result
from intake.rules.warned import FILE, ROW, is_mended
from intake.services.uploads import Upload

NOTE = """
UPDATE intake_rejectedrow AS r SET mended_by_id = %s
FROM (SELECT id FROM intake_rejectedrow WHERE of_id = %s AND row = ANY(%s) AND mended_by_id IS NULL
      ORDER BY id FOR UPDATE) AS locked
WHERE r.id = locked.id
"""


def first_file_of(upload: Upload, kind: str, source: Source) -> Import | None:
    """The import whose rejected rows a file says that it holds; None where it holds no such rows of this source."""
    header = upload.dialect.header
    if FILE not in header or not is_mended(header):
        return None
    at, ids = header.index(FILE), set[UUID]()
    for row in upload.samples:
        with suppress(ValueError):
            ids.add(UUID(row[at].strip() if at < len(row) else ""))
    return Import.objects.filter(id__in=ids, kind=kind, source=source, mends=None).order_by("id").last()


def note_mended(of: Import, chunk: Sequence[Sequence[str]], results: Sequence[Result]) -> None:
    """Put on record which rejected rows of the first file these were, as far as they are taken now."""
    if of.mends is None:
        return
    header = of.dialect["header"]
    at_row, at_file, first = header.index(ROW), header.index(FILE), str(of.mends_id)
    shift = line_of(of.mends, 0)
    taken = [
        int(row[at_row]) - shift
        for row, result in zip(chunk, results, strict=True)
        if result.status is not Landing.REJECTED and max(at_row, at_file) < len(row)
        and row[at_file].strip() == first and row[at_row].strip().isascii() and row[at_row].strip().isdigit()
        and len(row[at_row]) < 10
    ]  # fmt: skip
    if taken:
        execute(NOTE, [of.id, of.mends_id, taken])


def forget_mended(of: Import) -> None:
    """The file was taken back, and with it the rows that it had mended."""
    if of.mends_id:
        RejectedRow.objects.filter(of=of.mends_id, mended_by=of).update(mended_by=None)
