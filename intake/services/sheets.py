"""A workbook as a CSV file: its first visible sheet, read as a stream, with limits on what it unpacks to; and back."""

from __future__ import annotations

import csv
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any
from xml.etree.ElementTree import ParseError

import openpyxl
from defusedxml.common import DefusedXmlException
from django.utils.translation import gettext as _
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.utils.exceptions import InvalidFileException

from intake.services.files import MOST_COLUMNS, FileRefused

WORKBOOKS = (".xlsx", ".xlsm")
ZIP, OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
MOST_PARTS = 2000
MOST_UNPACKED = 512 << 20
MOST_TEXTS = 64 << 20  # the texts of all cells are held in memory
MOST_RATIO = 250
MOST_ROWS = 200_000
MOST_BLANK_ROWS = 1000
COVER_ROWS = 20
_BROKEN = (zipfile.BadZipFile, InvalidFileException, DefusedXmlException, ParseError, KeyError, ValueError, TypeError,
           IndexError, AttributeError, EOFError, NotImplementedError, RuntimeError, OverflowError)  # fmt: skip
_TEXTS = re.compile(r"(?:^|/)sharedStrings\.xml$", re.IGNORECASE)


def is_workbook(path: Path) -> bool:
    """Whether the file is an Excel workbook. Raises `FileRefused` for the old binary form, which nobody should open."""
    with path.open("rb") as stream:
        start = stream.read(4)
    if start == OLE:
        text = _("This is an old or encrypted Excel file. Save it as .xlsx without a password, or as CSV.")
        raise FileRefused(text)
    return start == ZIP


def unpack_workbook(path: Path) -> list[str]:
    """Write the first visible sheet over the workbook, as CSV in UTF-8; what a person should know about it.

    Raises `FileRefused`. Macros are never run: only the cells are read.
    """
    made = path.with_name(f"{path.name}.csv")
    try:
        notes = _check_parts(path)
        with path.open("rb") as packed, made.open("x", encoding="utf-8", newline="") as stream:
            book = openpyxl.load_workbook(packed, read_only=True, data_only=True, keep_links=False)
            sheet, said = _first_visible(book)
            csv.writer(stream).writerows(_rows(sheet))
    except _BROKEN:
        made.unlink(missing_ok=True)
        text = _("This workbook cannot be read. Open it in Excel, save it anew as .xlsx, or as CSV.")
        raise FileRefused(text) from None
    except BaseException:
        made.unlink(missing_ok=True)
        raise
    made.chmod(0o600)
    made.replace(path)
    return [*said, *notes]


def pack_workbook(rows: Iterable[Sequence[str]]) -> IO[bytes]:
    """Rows of texts as a workbook; every cell is shown, none is run."""
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    for row in rows:
        cells = [WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("", text)) for text in row]
        for cell in cells:
            cell.data_type = "s"
        sheet.append(cells)
    packed = TemporaryFile()  # noqa: SIM115 - whoever sends it closes it
    book.save(packed)
    packed.seek(0)
    return packed


def _check_parts(path: Path) -> list[str]:
    """What the archive holds, before any of it is unpacked."""
    size = path.stat().st_size
    with zipfile.ZipFile(path) as archive:
        parts = archive.infolist()
    names = [part.filename for part in parts]
    if not any(name.lower().startswith("xl/") for name in names):
        raise FileRefused(_("This is an archive, not a workbook. Unpack it, and send its CSV files one by one."))
    whole = sum(part.file_size for part in parts)
    texts = sum(part.file_size for part in parts if _TEXTS.search(part.filename))
    if len(parts) > MOST_PARTS or whole > MOST_UNPACKED or texts > MOST_TEXTS or whole > MOST_RATIO * max(size, 4096):
        raise FileRefused(_("This workbook is too large when it is unpacked. Save the sheet as CSV, and send that."))
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        return [_("The workbook has macros: they were left alone, and only the cells were read.")]
    return []


def _first_visible(book: Any) -> tuple[Any, list[str]]:
    visible = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
    if not visible:
        raise FileRefused(_("All sheets of this workbook are hidden. Show the one that is meant, and save it again."))
    if len(book.worksheets) == 1:
        return visible[0], []
    chosen = next(filter(_is_table, visible), visible[0])
    text = _("Only one sheet was read, “%(name)s”, the first with a table; the workbook has %(count)d.")
    return chosen, [text % {"name": chosen.title, "count": len(book.worksheets)}]


def _is_table(sheet: Any) -> bool:
    """Whether one of the first rows has several cells: a cover has not."""
    sheet.reset_dimensions()
    first = sheet.iter_rows(values_only=True, max_row=COVER_ROWS, max_col=MOST_COLUMNS)
    return any(sum(cell is not None for cell in row) > 1 for row in first)


def _rows(sheet: Any) -> Iterator[list[str]]:
    """The sheet's rows as texts, as wide as the header's row or narrower."""
    sheet.reset_dimensions()  # what a sheet says of its own size is not to be believed
    rows, blank = 0, 0
    for cells in sheet.iter_rows(values_only=True, max_col=MOST_COLUMNS + 1):
        row = [_text(cell) for cell in cells]
        while row and not row[-1]:
            row.pop()
        blank = 0 if row else blank + 1
        if blank > MOST_BLANK_ROWS:
            return
        rows += 1 if row else 0
        if rows > MOST_ROWS:
            text = _("The sheet has more than %d rows. Save it as CSV, and send that: it may have a million.")
            raise FileRefused(text % MOST_ROWS)
        if row:
            yield row


def _text(cell: object) -> str:
    """A cell as it would stand in a CSV file: numbers without a useless .0, dates in ISO form."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat(" ", "seconds")
    return cell.isoformat() if isinstance(cell, (date, time)) else str(cell)
