"""From a row's cells to the JSON of an item of its kind, and from a problem back to its column."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec
from django.utils.translation import gettext as _
from msgspec.structs import replace

from core.export import read_cell
from intake.rules import Kind, Problem
from intake.rules.blanks import blanks_of
from intake.rules.cells import FACTORS, Read, Unreadable, reader
from intake.rules.ids import whole_id
from intake.rules.mapping import Use, problems_of
from intake.rules.meanings import word_reader
from intake.rules.sorts import currency_beside, needed_fields, sort_of
from intake.services.files import FileRefused

_encode = msgspec.json.Encoder().encode


# Most columns say the same few things in row after row: so many of their cells are read once.
MOST_KNOWN, LONGEST_KNOWN = 1000, 60
_UNREAD = object()
# What is wrong with a cell that is not written as its column is: a row can be taken without it, if it is not needed.
MISWRITTEN = frozenset({
    "invalid", "not_a_date", "not_a_number", "not_a_time", "no_time_zone", "not_an_id", "not_json", "not_listed",
    "other_currency", "out_of_range", "too_many_decimals", "wrong_form",
})  # fmt: skip


class Cell(NamedTuple):
    """A column and the place of its cells in the item. `read`: what reads one that is not just its text.

    known: texts that came before, and what they say.
    """

    at: int
    path: tuple[str, ...]
    read: Read | None
    blanks: frozenset[str]
    known: dict[str, Any]

    def value_of(self, text: str) -> Any:
        """What a cell says; `""` for a blank. Raises `Unreadable`."""
        cell = read_cell(text.strip())
        value = "" if cell in self.blanks else self.read(cell) if self.read and cell else cell
        if len(self.known) < MOST_KNOWN and len(text) <= LONGEST_KNOWN and isinstance(value, (str, int, float)):
            self.known[text] = value  # a list could be changed later on
        return value


@dataclass(frozen=True)
class Plan:
    """Which cell goes where.

    sums: paths of objects of a sum and its currency, which say nothing without the sum.
    optional: fields without which a record is one all the same.
    """

    cells: tuple[Cell, ...]
    columns: Mapping[str, str]
    defaults: Mapping[str, Any]
    sums: tuple[tuple[str, ...], ...]
    one_of: Mapping[str, tuple[str, ...]]
    width: int
    optional: frozenset[str]

    def item_of(self, row: Sequence[str], without: Collection[str] = ()) -> bytes | Problem:
        """The row as JSON, or why a cell cannot be read; a blank cell says nothing, nor do those of some fields."""
        item: dict[str, Any] = {}
        for name, value in self.defaults.items():
            _put(item, tuple(name.split(".")), value)
        cells = [cell for cell in self.cells if ".".join(cell.path) not in without] if without else self.cells
        for cell in cells:
            at, path, _read, _blanks, known = cell
            text = row[at] if at < len(row) else ""
            value = known.get(text, _UNREAD)
            if value is _UNREAD:
                try:
                    value = cell.value_of(text)
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

    def left_out(self, problems: Iterable[Problem]) -> set[str] | None:
        """The fields that a row can be taken without, so that these are no problems; None where it cannot."""
        left: set[str] = set()
        for problem in problems:
            named = {name for name in self.columns if f"{name}.".startswith(f"{problem.field}.")}
            if problem.code not in MISWRITTEN or not named or not named <= self.optional:
                return None
            left |= named
        return left

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
    currencies = {currency_beside(kind.struct, path) for path in kind.first} - {""}
    for index, name in enumerate(header):
        use = uses.get(name, Use())
        field = kind.field_of(use.to) if use.to else ""
        if not field:
            continue
        columns[field] = name
        cells.append(Cell(index, tuple(field.split(".")), _read(kind, field, use), blanks_of(kind, field), {}))
        currency = currency_beside(kind.struct, field)
        if currency and use.unit and use.unit not in FACTORS:
            defaults[currency] = use.unit.upper()
        if "." in (told := currency or (field if field in currencies else "")):
            sums.append(tuple(told.split(".")[:-1]))
    defaults = {name: value for name, value in defaults.items() if name not in columns}
    needed = {kind.columns[name] for name in kind.required} | {*needed_fields(kind.struct)}
    optional = frozenset(field for field in columns if not {field, field.partition(".")[0]} & needed)
    return Plan(tuple(cells), columns, defaults, tuple(sums), kind.one_of, len(header), optional)


def read_row(plan: Plan, row: Sequence[str]) -> tuple[bytes | Problem, tuple[Problem, ...]]:
    """A row as JSON without the cells that it can be taken without and that cannot be read; and why those cannot."""
    left: tuple[Problem, ...] = ()
    item = plan.item_of(row)
    while isinstance(item, Problem) and (fields := plan.left_out((*left, item))):
        left = (*left, item)
        item = plan.item_of(row, fields)
    return item, left


def in_words(kind: Kind, plan: Plan, problem: Problem) -> Problem:
    """A problem of a row, told to somebody who sees columns: what is lacking by the name that the screens have."""
    if problem.code == "required" and problem.field.rpartition(".")[2] in problem.message:
        column = plan.column_of(problem)
        text = _("“%(name)s” is blank: every row needs it.") if column else _("%(name)s is needed: no column is that.")
        return replace(problem, message=text % {"name": column or kind.spoken(problem.field)})
    if problem.code == "one_of":
        names = [column for field, column in plan.columns.items() if field.startswith(f"{problem.field}.")]
        text = _("This row names no account: fill in “%s”.")
        return replace(problem, message=text % "”, “".join(names)) if problem.field == "account" and names else problem
    return problem


def _read(kind: Kind, field: str, use: Use) -> Read | None:
    if field in kind.readers:
        return kind.readers[field]
    unit, currency = (use.unit, "") if use.unit in FACTORS else ("", use.unit.upper())
    read = reader(sort_of(kind.struct, field), form=use.form, unit=unit, zone=use.zone, currency=currency)
    if field.rpartition(".")[2] == "external_id":
        return _id_reader(read)
    return word_reader(kind, field, use.values, read)


def _id_reader(read: Read | None) -> Read:
    return (lambda cell: read(whole_id(cell))) if read else whole_id


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
