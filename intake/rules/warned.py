"""Rows that came back or were taken without one of their cells: how that is told and added up. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import msgspec

# What stands behind the original columns of a row that came back to be mended.
REASON = ("_row", "_column", "_code", "_message", "_value")
# And last, the import that they came back from: sent again, they are known to be its rows.
ROW, FILE = "_row", "_file"
OURS = (*REASON, FILE)
# The code of a cell that names somebody who has no log-in here.
UNKNOWN_PERSON = "unknown_person"
# The code of a row that takes the place of an earlier row of its file.
REPEATED = "repeated"
SHOWN_VALUES = 12


def is_mended(header: Iterable[str]) -> bool:
    """Whether a file is rows that came back, mended: it still has our columns."""
    return {ROW, "_code"} <= set(header)


class Warned(msgspec.Struct, frozen=True):
    """Cells of one column that were left out for one reason; `values` are the most frequent of them, with how often.

    `more`: how many other values there are. Of rows that take the place of others `values` are sentences, one a row.
    """

    column: str
    code: str
    message: str
    rows: int
    values: dict[str, int]
    more: int = 0

    @property
    def is_person(self) -> bool:
        return self.code == UNKNOWN_PERSON

    @property
    def is_repeat(self) -> bool:
        return self.code == REPEATED

    @property
    def different(self) -> int:
        """How many different values were left out."""
        return len(self.values) + self.more


def add_up_warnings(found: Iterable[tuple[str, str, str, str, int]]) -> list[Warned]:
    """(column, code, message, value, how often) as one line a column and reason, people first, then by rows."""
    messages: dict[tuple[str, str], str] = {}
    values: dict[tuple[str, str], Counter[str]] = {}
    for column, code, message, value, count in found:
        messages.setdefault((column, code), message)
        said = value.strip().lower() if code == UNKNOWN_PERSON else value  # as people are found
        values.setdefault((column, code), Counter())[said] += count
    lines = [
        Warned(
            column, code, messages[column, code], counted.total(), dict(counted.most_common(SHOWN_VALUES)),
            max(len(counted) - SHOWN_VALUES, 0),
        )
        for (column, code), counted in values.items()
    ]  # fmt: skip
    return sorted(lines, key=lambda line: (not line.is_person, -line.rows))
