"""From a row's cells to the JSON of an item of its kind, and from a problem back to its column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from core.export import read_cell
from intake.rules import Kind, Problem
from intake.rules.cells import FACTORS, Read, Unreadable, reader
from intake.rules.mapping import Use, problems_of
from intake.rules.sorts import Sort, choices_of, currency_beside, sort_of
from intake.services.files import FileRefused

_json = msgspec.json.Decoder(msgspec.Raw)
_encode = msgspec.json.Encoder().encode


def _spelt(words: str) -> frozenset[str]:
    """Words apart by |, in small letters, capitals, and as a word begins a sentence."""
    return frozenset(way for word in words.split("|") for way in (word, word.upper(), word.capitalize()))


# What people and systems write into a cell that holds nothing (INTAKE.md, Identity).
BLANKS = _spelt(
    "-|--|–|—|?|n/a|n.a.|#n/a|null|nil|none|unknown|undefined|not set|tbd|tba|(no value)|(none)|(blank)|#ref!|#value!"
) | {"(No value)", "(No Value)", "(None)", "(Blank)", "Not Set"}
# Nothing only where no text is meant: NA may be North America.
NO_NUMBERS = BLANKS | _spelt("na|nan|pending|#div/0!|#num!|#name?|#null!") | {"NaN"}


@dataclass(frozen=True)
class Plan:
    """Which cell goes where: (index, path in the item, what reads it if it is not just its text, what is a blank).

    sums: paths of objects of a sum and its currency, which say nothing without the sum.
    """

    cells: tuple[tuple[int, tuple[str, ...], Read | None, frozenset[str]], ...]
    columns: Mapping[str, str]
    defaults: Mapping[str, Any]
    sums: tuple[tuple[str, ...], ...]
    one_of: Mapping[str, tuple[str, ...]]
    width: int

    def item_of(self, row: Sequence[str]) -> bytes | Problem:
        """The row as JSON, or why a cell cannot be read; a blank cell says nothing."""
        item: dict[str, Any] = {}
        for name, value in self.defaults.items():
            _put(item, tuple(name.split(".")), value)
        for index, path, read, blanks in self.cells:
            cell = row[index].strip() if index < len(row) else ""
            if not cell or cell in blanks:
                continue
            try:
                value = read(cell) if read else read_cell(cell)
            except Unreadable as unreadable:
                return Problem(".".join(path), unreadable.code, str(unreadable))
            if value == "":
                continue
            if len(path) == 1:
                item[path[0]] = value
            else:
                _put(item, path, value)
        for path in self.sums:
            _drop_bare_currency(item, path)
        for name, fields in self.one_of.items():
            if len(item.get(name, ())) > 1:
                _keep_first(item[name], fields)
        return _encode(item)

    def column_of(self, problem: Problem) -> str:
        """The column that a problem is about; `""` when it is about none in particular."""
        for field, column in self.columns.items():
            if field == problem.field or (field.startswith(f"{problem.field}.") and problem.field):
                return column
        head = problem.field.partition(".")[0]
        return self.columns.get(head, "")


def plan_of(kind: Kind, header: Sequence[str], uses: Mapping[str, Use]) -> Plan:
    """How rows under `header` become items, each of its columns used as `uses` says.

    Raises `FileRefused` where a column that the kind needs is not there, or the mapping contradicts itself.
    """
    problems = problems_of(kind, header, uses)
    if problems:
        raise FileRefused(problems[0].message)
    cells = []
    columns: dict[str, str] = {}
    defaults = dict(kind.defaults)
    sums: list[tuple[str, ...]] = []
    for index, name in enumerate(header):
        use = uses.get(name, Use())
        field = kind.field_of(use.to) if use.to else ""
        if not field:
            continue
        columns[field] = name
        cells.append((index, tuple(field.split(".")), _read(kind, field, use), blanks_of(kind, field)))
        currency = currency_beside(kind.struct, field)
        if currency and use.unit and use.unit not in FACTORS:
            defaults[currency] = use.unit.upper()
        if "." in currency:
            sums.append(tuple(currency.split(".")[:-1]))
    defaults = {name: value for name, value in defaults.items() if name not in columns}
    return Plan(tuple(cells), columns, defaults, tuple(sums), kind.one_of, len(header))


def blanks_of(kind: Kind, field: str) -> frozenset[str]:
    """What a cell of a field may hold that is nothing; a choice that is called so is one."""
    sort = sort_of(kind.struct, field)
    if sort in (Sort.TEXT, Sort.OTHER):
        return BLANKS
    return NO_NUMBERS - _spelt("|".join(choices_of(kind.struct, field))) if sort is Sort.CHOICE else NO_NUMBERS


def _read(kind: Kind, field: str, use: Use) -> Read | None:
    if use.to in kind.json_columns:
        return _parsed
    unit = use.unit if use.unit in FACTORS else ""
    return reader(sort_of(kind.struct, field), form=use.form, unit=unit, zone=use.zone)


def _put(item: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    for name in path[:-1]:
        item = item.setdefault(name, {})
    item[path[-1]] = value


def _drop_bare_currency(item: dict[str, Any], path: tuple[str, ...]) -> None:
    for name in path[:-1]:
        item = item.get(name, {})
    if "amount" not in item.get(path[-1], {"amount": None}):
        del item[path[-1]]


def _keep_first(part: dict[str, Any], fields: tuple[str, ...]) -> None:
    first = next((name for name in fields if name in part), None)
    for name in fields:
        if name != first:
            part.pop(name, None)


def _parsed(cell: str) -> Any:
    """The cell's JSON; where it is none, the text, which the kind then refuses by the field's name."""
    try:
        return _json.decode(cell.encode())
    except (msgspec.MsgspecError, RecursionError):
        return cell
