"""Tables as CSV files. A text that a spreadsheet would run as a formula is quoted (TRUST.md).

A list view exports what it shows: `if wants_csv(request): return csv_file("tasks", COLUMNS, rows)`, and its page
includes `_components/export.html`.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Generic, NamedTuple, TypeVar

from django.http import HttpRequest, StreamingHttpResponse
from django.utils.functional import Promise

Row = TypeVar("Row")
Label = str | Promise
_FORMULA = re.compile(r"[\s\x00]*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n]")
# Nothing that a spreadsheet could run: what people write into a cell that holds nothing.
_DASHES = re.compile(r"-{1,3}")
_NUMBER = re.compile(r"[+-]?[0-9][0-9., ]*(?:[eE][+-]?[0-9]+)?%?")


def safe_cell(text: str) -> str:
    """`text` as a cell that is shown, not run: `=1+1` becomes `'=1+1`; numbers and dashes stay as they are."""
    if _FORMULA.match(text) and not _NUMBER.fullmatch(text.strip(" ")) and not _DASHES.fullmatch(text):
        return f"'{text}"
    return text


def read_cell(cell: str) -> str:
    """The text that `safe_cell` made `cell` of, so that an exported file can be sent again."""
    if cell.startswith("'") and safe_cell(cell[1:]) == cell:
        return cell[1:]
    return cell


class Column(NamedTuple, Generic[Row]):
    """One column of a file: its heading, how a row's cell is read, and the field it shows, if that may be kept here."""

    label: Label
    cell: Callable[[Row], object]
    field: str = ""


def wants_csv(request: HttpRequest) -> bool:
    """Whether the address asks for the list as a file: `?format=csv`."""
    return request.GET.get("format") == "csv"


def csv_file(
    name: str, columns: Sequence[Column[Row]], rows: Iterable[Row], kept: Collection[str] = ()
) -> StreamingHttpResponse:
    """`rows` as the download `<name>.csv`, written while it is read; without columns whose field is in `kept`."""
    columns = [column for column in columns if column.field not in kept]
    response = StreamingHttpResponse(csv_lines(columns, rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


def csv_lines(columns: Sequence[Column[Row]], rows: Iterable[Row]) -> Iterator[str]:
    """The heading, then a line a row."""
    yield csv_line([column.label for column in columns])
    for row in rows:
        yield csv_line([column.cell(row) for column in columns])


def csv_line(cells: Iterable[object], delimiter: str = ",") -> str:
    """One line; nothing is an empty cell, a time is RFC 3339."""
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerow([safe_cell(_text(cell)) for cell in cells])
    return text.getvalue()


def _text(cell: object) -> str:
    if cell is None:
        return ""
    return cell.isoformat() if isinstance(cell, datetime) else str(cell)
