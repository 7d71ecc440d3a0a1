"""The same record several times in one file: each row counts, the last one in the end, and each later one says so.

Within a chunk the names are compared in memory. Between the chunks of a longer file each name stands in a row of its
own until the file is through, so that a file of any size needs no more memory than a chunk.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from uuid import UUID

from django.utils.translation import gettext as _
from msgspec.structs import replace

from core.bulk import execute, fetch_all
from intake.enums import Landing
from intake.models import Import
from intake.queries import line_of
from intake.rules import Kind, Problem, Result
from intake.rules.warned import REPEATED

# Which row held each of these names before; kept for the rows that are still to come.
KEEP = """
WITH came AS (SELECT * FROM unnest(%(names)s::bigint[], %(rows)s::int[]) AS w(name, number)),
kept AS (
    INSERT INTO intake_rowname (import_id, name, number)
    SELECT %(import)s, name, number FROM came WHERE %(more)s
    ON CONFLICT (import_id, name) DO UPDATE SET number = excluded.number)
SELECT k.name, k.number FROM intake_rowname k JOIN came USING (name) WHERE k.import_id = %(import)s
"""


def tell_repeats(
    of: Import, kind: Kind, items: Sequence[bytes | Problem], results: Sequence[Result], *, more: bool
) -> list[Result]:
    """The results of the rows from `of.rows_done` on, with a warning for each that takes the place of an earlier row.

    Rows that are not taken replace nothing. more: rows come after these.
    """
    told = list(results)
    if kind.key is None:
        return told
    names = {
        at: kind.key(item)
        for at, (item, result) in enumerate(zip(items, results, strict=True))
        if isinstance(item, bytes) and result.status is not Landing.REJECTED
    }
    for at, earlier in _earlier(of, names, more=more).items():
        words = _("Line %(line)s takes the place of line %(earlier)s, which is called %(name)s too.")
        lines = {"line": line_of(of, of.rows_done + at + 1), "earlier": line_of(of, earlier), "name": names[at]}
        problem = Problem("external_id", REPEATED, words % lines)
        told[at] = replace(told[at], warnings=(*told[at].warnings, problem))
    return told


def _earlier(of: Import, names: Mapping[int, str], *, more: bool) -> dict[int, int]:
    """Place in the chunk → the number of the last row before it that is called the same."""
    found: dict[int, int] = {}
    first: dict[str, int] = {}
    last: dict[str, int] = {}
    for at, name in names.items():
        if name in last:
            found[at] = of.rows_done + last[name] + 1
        else:
            first[name] = at
        last[name] = at
    if of.rows_done or more:
        before = _kept(of.pk, {name: of.rows_done + at + 1 for name, at in last.items()}, more=more)
        found |= {first[name]: number for name, number in before.items()}
    return found


def _kept(import_id: UUID, rows: Mapping[str, int], *, more: bool) -> dict[str, int]:
    """Name → the row of an earlier chunk that was called so last; and these rows are kept for the next."""
    marks = {_mark(name): name for name in rows}
    names = {"names": list(marks), "rows": [rows[name] for name in marks.values()], "import": import_id, "more": more}
    return {marks[mark]: number for mark, number in fetch_all(KEEP, names)}


def _mark(name: str) -> int:
    """A name in eight bytes: among a million, two are alike in one file of some thirty million."""
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), signed=True)


def forget_names(import_id: UUID) -> None:
    """The file is through: no further row of it comes."""
    execute("DELETE FROM intake_rowname WHERE import_id = %s", [import_id])
