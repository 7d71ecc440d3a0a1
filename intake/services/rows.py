"""From a row's cells to the JSON of an item of its kind, and from a problem back to its column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from django.utils.translation import gettext as _

from core.export import read_cell
from intake.rules import Kind, Problem
from intake.services.files import FileRefused

_json = msgspec.json.Decoder(msgspec.Raw)
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True)
class Plan:
    """Which cell goes where: (index of the cell, path in the item, whether the cell is JSON)."""

    cells: tuple[tuple[int, tuple[str, ...], bool], ...]
    columns: Mapping[str, str]
    defaults: Mapping[str, Any]
    width: int

    def item_of(self, row: Sequence[str]) -> bytes:
        """The row as JSON; a blank cell says nothing."""
        item: dict[str, Any] = {}
        for name, value in self.defaults.items():
            _put(item, tuple(name.split(".")), value)
        for index, path, is_json in self.cells:
            cell = row[index].strip() if index < len(row) else ""
            if cell:
                _put(item, path, _parsed(cell) if is_json else read_cell(cell))
        return _encode(item)

    def column_of(self, problem: Problem) -> str:
        """The column that a problem is about; `""` when it is about none in particular."""
        for field, column in self.columns.items():
            if field == problem.field or (field.startswith(f"{problem.field}.") and problem.field):
                return column
        head = problem.field.partition(".")[0]
        return self.columns.get(head, "")


def plan_of(kind: Kind, header: Sequence[str], mapping: Mapping[str, str]) -> Plan:
    """How rows under `header` become items. `mapping`: the file's column → the kind's column.

    Raises `FileRefused` where a column that the kind needs is not there.
    """
    cells = []
    columns: dict[str, str] = {}
    found = set()
    for index, name in enumerate(header):
        column = mapping.get(name, name)
        field = kind.columns.get(column)
        if field is None:
            continue
        found.add(column)
        columns.setdefault(field, name)
        cells.append((index, tuple(field.split(".")), column in kind.json_columns))
    missing = [name for name in kind.required if name not in found and kind.columns[name] not in columns]
    missing = [name for name in missing if kind.columns[name] not in kind.defaults]
    if missing or not found:
        text = _("The columns %(missing)s are missing. A file of %(kind)s has the columns %(columns)s.")
        names = {"kind": kind.name, "missing": ", ".join(missing or kind.required), "columns": ", ".join(kind.columns)}
        raise FileRefused(text % names)
    return Plan(tuple(cells), columns, kind.defaults, len(header))


def _put(item: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    for name in path[:-1]:
        item = item.setdefault(name, {})
    item[path[-1]] = value


def _parsed(cell: str) -> Any:
    """The cell's JSON; where it is none, the text, which the kind then refuses by the field's name."""
    try:
        return _json.decode(cell.encode())
    except (msgspec.MsgspecError, RecursionError):
        return cell
