"""A chunk of a file's rows: taken, with what was left out of each, and which earlier row each takes the place of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.utils.translation import gettext as _
from msgspec.structs import replace

from core.text import clean_text
from intake.enums import Landing
from intake.models import Import
from intake.rules import Arrival, Kind, Problem, Result
from intake.services.repeats import tell_repeats
from intake.services.rows import Plan, in_words, read_row
from intake.services.taking import take, what_was_wrong

LONGEST_CELL = 4000


def _too_wide() -> Problem:
    text = _("This row has more cells than the header. Put quotes around a cell that holds the delimiter.")
    return Problem("", "too_many_cells", text)


def warnings_in(
    plan: Plan, header: Sequence[str], rows: Sequence[list[str]], results: Sequence[Result]
) -> Iterator[tuple[int, Problem, str, str]]:
    """What was left out of rows that were taken: number of the row, why, column, cell."""
    for number, (row, result) in enumerate(zip(rows, results, strict=True), start=1):
        for problem in result.warnings:
            column = plan.column_of(problem)
            yield number, problem, column, clean_text(cell_under(column, header, row)).strip()[:LONGEST_CELL]


def cell_under(column: str, header: Sequence[str], cells: Sequence[str]) -> str:
    """A row's cell in the column of that name; `""` where it has none."""
    at = header.index(column) if column in header else len(cells)
    return cells[at] if at < len(cells) else ""


def take_rows(
    of: Import, kind: Kind, plan: Plan, chunk: Sequence[list[str]], arrival: Arrival, *, more: bool = False
) -> list[Result]:
    """The result of each row from `of.rows_done` on; one with more cells than the header has is not guessed at.

    A row whose bad cells are of fields that no record needs is taken without them, with a warning for each; so is one
    that takes the place of an earlier row. more: rows come after these.
    """
    read = [read_row(plan, row) if not any(row[plan.width :]) else (_too_wide(), ()) for row in chunk]
    sent = [at for at, (item, _left) in enumerate(read) if isinstance(item, bytes)]

    def mend(index: int, problems: tuple[Problem, ...]) -> bytes | None:
        at = sent[index]
        fields = plan.left_out((*read[at][1], *problems))
        item = plan.item_of(chunk[at], fields) if fields else None
        return item if isinstance(item, bytes) else None

    items = [item for item, _left in read if isinstance(item, bytes)]
    taken = iter(take(kind, items, arrival, from_text=True, mend=mend))
    results = [_result(kind, plan, item, left, taken) for item, left in read]
    return tell_repeats(of, kind, [item for item, _left in read], results, more=more)


def _result(
    kind: Kind, plan: Plan, item: bytes | Problem, left: tuple[Problem, ...], taken: Iterator[Result]
) -> Result:
    """What became of a row, in words for whoever sent the file."""
    result = next(taken) if isinstance(item, bytes) else Result(Landing.REJECTED, errors=(item,))
    if result.status is Landing.REJECTED:
        errors = what_was_wrong(result.errors, left)
        return replace(result, errors=tuple(in_words(kind, plan, problem) for problem in errors))
    return replace(result, warnings=(*left, *result.warnings)) if left else result
