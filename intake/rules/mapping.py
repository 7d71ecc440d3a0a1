"""Which column of a file is which field, guessed from presets and names, and what a mapping may not say. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any
from zoneinfo import ZoneInfoNotFoundError

import msgspec

from intake.rules.blanks import BLANKS
from intake.rules.cells import FACTORS, FORMS, Found, infer, zone_of
from intake.rules.kinds import Kind, Preset, Problem, key_of
from intake.rules.meanings import unclear_words
from intake.rules.sorts import Sort, currency_beside, needed_fields, sort_of

CLOSE = 0.87
# Words before a column's name that say which system it is from: “HubSpot company ID” is a company id.
SYSTEMS = frozenset({
    "hubspot", "salesforce", "sfdc", "crm", "erp", "stripe", "gainsight", "churnzero", "zendesk", "intercom", "sap",
})  # fmt: skip
# What a close name may not be taken for unless it says itself that it is an id: “Customer” is no customer id.
_IS_ID = re.compile(r"(?:id|key|number|no|code)$")
_WORD = re.compile(r"[a-z0-9]+")
_COMMON = frozenset(["id", "no", "number", "key", "code", "name", "date", "of", "the", "on", "at"])
_IN_BRACKETS = re.compile(r"\s*\(([^()]+)\)\s*$")


class Use(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is done with a column of a file: which of the kind's it is (`""`: none), and how its cells are read.

    values: a cell → the value of the field's list that it means; `""`: none of them, and its rows come back.
    """

    to: str = ""
    form: str = ""
    unit: str = ""
    zone: str = ""
    values: dict[str, str] = {}


class Guess(msgspec.Struct, frozen=True, omit_defaults=True):
    """One column of a file with what it seems to be.

    `why` is saved, preset, name, close, stand_in or `""`; `ask`: it can be read in two ways, and a person must say.
    unclear: cells that are not on the field's list → what they mostly mean; `asks_words`: a person must say that too.
    """

    name: str
    use: Use
    why: str = ""
    ask: bool = False
    samples: list[str] = []
    unclear: dict[str, str] = {}
    asks_words: bool = False


def split_zone(name: str) -> tuple[str, str]:
    """`Created (UTC)` → `Created`, `UTC`; a name without a zone in brackets at its end stays."""
    match = _IN_BRACKETS.search(name)
    if match is None:
        return name, ""
    try:
        zone_of(match[1].strip())
    except ZoneInfoNotFoundError:
        return name, ""
    return name[: match.start()], match[1].strip()


def preset_of(kind: Kind, header: Iterable[str]) -> Preset | None:
    """The preset of `kind` whose signature the header has; the one that asks for most, where several fit."""
    names = {key_of(split_zone(name)[0]) for name in header} | {key_of(name) for name in header}
    fits = [
        preset for preset in kind.presets
        if all(any(key_of(one) in names for one in group) for group in preset.signature)
    ]  # fmt: skip
    return max(fits, key=lambda preset: len(preset.signature), default=None)


def uses_by_preset(kind: Kind, preset: Preset, header: Iterable[str]) -> dict[str, Use]:
    """What a preset says of the columns of a file; of two that would be one field, the first is it."""
    uses: dict[str, Use] = {}
    taken: set[str] = set()
    for name in header:
        column = _by_preset(preset, name)
        if column and kind.field_of(column) not in taken:
            uses[name] = Use(column)
            taken.add(kind.field_of(column))
    return uses


def own_name(name: str) -> str:
    """A column's name as that of a field of its own: `Company owner` is `company_owner`."""
    plain = unicodedata.normalize("NFKD", name.lower()).encode("ascii", "ignore").decode()
    return "_".join(_WORD.findall(plain))[:50].strip("_")


def guess_kind(kinds: Iterable[Kind], header: Sequence[str]) -> Kind | None:
    """The kind that a file with this header seems to be of; None where nothing speaks for any, or as much for two."""
    scored: Counter[str] = Counter()
    by_name = {kind.name: kind for kind in kinds}
    for kind in by_name.values():
        preset = preset_of(kind, header)
        fields = _fields_in(kind, header)
        heads = {field.partition(".")[0] for field in (*fields, *kind.defaults)}
        lacking = [name for name in kind.required if kind.columns[name] not in fields]
        lacking += [name for name in needed_fields(kind.struct) if name not in heads]
        lacking = [name for name in lacking if kind.columns.get(kind.stand_ins.get(name, "")) not in fields]
        if preset:
            scored[kind.name] = 1000 + 10 * len(preset.signature) + len(fields)
        elif not lacking and fields:
            needed = {kind.columns[name].partition(".")[0] for name in kind.required} | {*needed_fields(kind.struct)}
            scored[kind.name] = 10 * len(needed) + len(fields)
    ranked = scored.most_common(2)
    if not ranked or (len(ranked) == 2 and ranked[0][1] == ranked[1][1]):
        return None
    return by_name[ranked[0][0]]


def likeliest_kind(kinds: Iterable[Kind], header: Sequence[str]) -> Kind | None:
    """The kind of which a header has most, enough or not, for a person to look at; None where it has nothing of any."""
    scored = Counter({kind.name: len(_fields_in(kind, header)) for kind in kinds})
    best, most = scored.most_common(1)[0]
    return next(kind for kind in kinds if kind.name == best) if most else None


def is_clearly(kind: Kind, kinds: Iterable[Kind], header: Sequence[str]) -> bool:
    """Whether a header has so much more of `kind` than of any other that nobody need be asked, enough or not."""
    most = max((len(_fields_in(one, header)) for one in kinds if one.name != kind.name), default=0)
    own = len(_fields_in(kind, header))
    return own > 2 and own >= 2 * most


def seems_like(kind: Kind, name: str) -> str:
    """The column that a name which is none of its names reminds of, such as `Planned renewal date`; `""`: none."""
    words = _words(name)
    names = [(column, column) for column in kind.columns]
    names += [(column, other) for column, others in kind.names.items() for other in others]
    near = [(len(own), column) for column, other in names if (own := _words(other)) and own <= words]
    return max(near, default=(0, ""))[1]


def guess_columns(
    kind: Kind,
    header: Sequence[str],
    samples: Sequence[Sequence[str]],
    *,
    said: Mapping[str, Use] | None = None,
    loosely: bool = True,
    semicolons: bool = False,
    currency: str = "",
) -> list[Guess]:
    """What each column of a file seems to be. `said` (a mapping given or saved) wins over preset and names.

    loosely: names that are only close count too. currency: of sums whose currency the file does not say. Two
    columns never get one field by a guess: the better wins.
    """
    said = said or {}
    preset = preset_of(kind, header)
    idle = {name for name in header if preset and preset.by_key.get(key_of(name)) == ""}
    found: dict[int, tuple[str, str]] = {}
    taken = {kind.field_of(use.to) for name, use in said.items() if use.to and name in header}
    ways: list[tuple[str, Callable[[str], str]]] = [
        ("preset", lambda name: _by_preset(preset, name)),
        ("name", lambda name: _named(kind, name)),
    ]
    if loosely:
        ways.append(("close", lambda name: _close(kind, name)))
    for why, look in ways:
        for index, name in enumerate(header):
            column = "" if name in said or name in idle or index in found or name[:1] in ("", "_") else look(name)
            if column and kind.field_of(column) not in taken:
                found[index] = (kind.first[kind.columns[column]] if column in kind.columns else column, why)
                taken.add(kind.field_of(column))
    if loosely:
        _stand_in(kind, found, taken)
    guesses = []
    for index, name in enumerate(header):
        cells = [row[index] for row in samples if index < len(row)]
        column, why = found.get(index, ("", ""))
        use = said.get(name)
        if use is not None:
            column, why = use.to, "saved"
        elif kind.field_of(column) in kind.logins and any(" " in cell.strip() for cell in cells):
            column = f"{kind.extra}.{own_name(name)}"  # what people are called is no log-in
        guesses.append(_guess(kind, name, use or Use(column), why, cells, semicolons=semicolons))
    return [_with_currency(kind, guess, guesses, currency) for guess in guesses] if currency else guesses


def problems_of(kind: Kind, header: Sequence[str], uses: Mapping[str, Use]) -> list[Problem]:
    """What is wrong with a mapping; `field` of a problem is the file's column, `""` for the mapping as a whole."""
    problems = []
    holders: dict[str, str] = {}
    for name in header:
        use = uses.get(name, Use())
        if not use.to:
            continue
        field = kind.field_of(use.to)
        if not field:
            problems.append(Problem(name, "unknown_column", f"{kind.label} have no column “{use.to}”."))
        elif field in holders:
            text = f"“{holders[field]}” and “{name}” are both read as {use.to}. Choose one of them."
            problems.append(Problem(name, "given_twice", text))
        else:
            holders[field] = name
        problems += _form_problems(kind, name, use)
    lacking = [name for name in kind.required if not {kind.columns[name]} & {*holders, *kind.defaults}]
    if lacking:
        text = f"{kind.label} need {', '.join(lacking)}: choose which column of the file that is."
        problems.append(Problem("", "required", text))
    return problems


def uses_from(found: Mapping[str, Any]) -> dict[str, Use]:
    """A mapping as it is kept or sent: a column's name, or an object with `to`, `form`, `unit`, `zone`, `values`.

    Raises `msgspec.ValidationError`.
    """
    return {
        name: Use(use) if isinstance(use, str) else msgspec.convert(use, Use, strict=True)
        for name, use in found.items()
    }  # fmt: skip


def unused_columns(header: Sequence[str], mapping: Mapping[str, object]) -> list[str]:
    """Columns that are read into no field."""
    uses = uses_from(mapping)
    return [name for name in header if name and not name.startswith("_") and not uses.get(name, Use()).to]


def _guess(kind: Kind, name: str, use: Use, why: str, cells: Sequence[str], *, semicolons: bool) -> Guess:
    # Accents first: by them one sees whether the encoding is right.
    shown = sorted(dict.fromkeys(cell.strip() for cell in cells if cell.strip()), key=str.isascii)[:3]
    if not use.to:
        return Guess(name, use, why, samples=shown)
    field = kind.field_of(use.to)
    sort = sort_of(kind.struct, field)
    if kind.has_options(field):
        unclear = unclear_words(kind, field, (cell for cell in cells if cell.strip() not in BLANKS), use.values)
        is_needed = use.to in kind.required or field in needed_fields(kind.struct)
        return Guess(name, use, why, samples=shown, unclear=unclear, asks_words=is_needed and bool(unclear))
    if sort is Sort.TEXT and not field.endswith(("external_id", "parent")):
        return Guess(name, use, why, samples=shown)
    found = infer(sort, cells, semicolons=semicolons) if not use.form else Found(use.form)
    zone = use.zone or (split_zone(name)[1] if sort is Sort.MOMENT else "")
    read = Use(use.to, found.form, use.unit or found.unit, zone)
    return Guess(name, read, why, ask=found.ask, samples=shown)


def _with_currency(kind: Kind, guess: Guess, guesses: Sequence[Guess], currency: str) -> Guess:
    beside = currency_beside(kind.struct, kind.field_of(guess.use.to)) if guess.use.to else ""
    if not beside or guess.use.unit or any(kind.field_of(one.use.to) == beside for one in guesses):
        return guess
    return msgspec.structs.replace(guess, use=msgspec.structs.replace(guess.use, unit=currency))


def _form_problems(kind: Kind, name: str, use: Use) -> Iterable[Problem]:
    field = kind.field_of(use.to)
    sort = sort_of(kind.struct, field) if field else Sort.OTHER
    if use.form and use.form not in FORMS.get(sort, ()):
        yield Problem(name, "unknown_form", f"“{use.form}” is no way to write {use.to}.")
    if use.unit and use.unit not in FACTORS and not (use.unit.isalpha() and len(use.unit) == 3):
        yield Problem(name, "unknown_unit", f"“{use.unit}” is no unit: {', '.join(FACTORS)} or a currency such as USD.")
    elif use.unit and use.unit not in FACTORS and field and not currency_beside(kind.struct, field):
        yield Problem(name, "no_currency", f"{use.to} has no currency.")
    if meant := {value for value in use.values.values() if value}:
        unknown = meant - set(kind.options(field) if field and kind.has_options(field) else ())
        if unknown:
            yield Problem(name, "unknown_value", f"{use.to} has no value “{min(unknown)}”.")
    try:
        zone_of(use.zone)
    except ZoneInfoNotFoundError:
        yield Problem(name, "unknown_zone", f"“{use.zone}” is no time zone such as Europe/Berlin.")


def _by_preset(preset: Preset | None, name: str) -> str:
    if preset is None:
        return ""
    return preset.by_key.get(key_of(name)) or preset.by_key.get(key_of(split_zone(name)[0])) or ""


def _named(kind: Kind, name: str) -> str:
    """The kind's column of that name, or that has this name among its others."""
    first, _, rest = name.strip().partition(" ")
    names = (name, split_zone(name)[0], rest if first.lower() in SYSTEMS else "")
    return next((kind.by_key[key] for other in names if (key := key_of(other)) in kind.by_key), "")


def _close(kind: Kind, name: str) -> str:
    near = get_close_matches(key_of(name), kind.by_key, n=1, cutoff=CLOSE)
    column = kind.by_key[near[0]] if near else ""
    is_id = column and kind.columns[column].endswith(("external_id", "parent"))
    return "" if is_id and not _IS_ID.search(key_of(name)) else column


def _stand_in(kind: Kind, found: dict[int, tuple[str, str]], taken: set[str]) -> None:
    """Where a needed column is not there, take the one that stands in for it, if that was found."""
    for needed, other in kind.stand_ins.items():
        at = next((at for at, (column, _why) in found.items() if column == other), None)
        if at is not None and kind.columns[needed] not in taken:
            found[at] = (needed, "stand_in")
            taken.add(kind.columns[needed])


def _fields_in(kind: Kind, header: Sequence[str]) -> set[str]:
    """The fields that a header has by their names."""
    return {kind.columns[column] for name in header if (column := _named(kind, name))}


def _words(name: str) -> frozenset[str]:
    """The words of a name that tell it from others."""
    return frozenset(_WORD.findall(name.lower())) - _COMMON
