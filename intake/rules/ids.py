"""What stands where an id should, and is none: what a spreadsheet made of one, a line of totals. Pure."""

from __future__ import annotations

import re

from intake.rules.cells import Unreadable

_SHORTENED = re.compile(r"\d(?:[.,]\d+)?[eE]\+\d{1,3}")
_TOTALS = frozenset(("total", "totals", "grand total", "subtotal", "sub total", "sum", "summe", "gesamt", "somme"))


def whole_id(cell: str) -> str:
    """An id as it is. Raises `Unreadable` for what a spreadsheet has made of one, and for a line of totals."""
    if "+" in cell and _SHORTENED.fullmatch(cell):
        words = "A spreadsheet has shortened this id, and its last digits are lost: export it again as text."
        raise Unreadable("shortened_id", words)
    if cell.rstrip(": ").lower() in _TOTALS:
        raise Unreadable("a_total", "This is a line of totals, not a row.")
    return cell
