"""Cells for spreadsheets: a text that a spreadsheet would run as a formula is quoted (TRUST.md)."""

from __future__ import annotations

import re

_FORMULA = re.compile(r"[\s\x00]*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n]")
_NUMBER = re.compile(r"[+-]?[0-9][0-9., ]*(?:[eE][+-]?[0-9]+)?%?")


def safe_cell(text: str) -> str:
    """`text` as a cell that is shown, not run: `=1+1` becomes `'=1+1`; numbers stay as they are."""
    if _FORMULA.match(text) and not _NUMBER.fullmatch(text.strip(" ")):
        return f"'{text}"
    return text


def read_cell(cell: str) -> str:
    """The text that `safe_cell` made `cell` of, so that an exported file can be sent again."""
    if cell.startswith("'") and safe_cell(cell[1:]) == cell:
        return cell[1:]
    return cell
