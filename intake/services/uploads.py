"""A file as it was sent: stored, looked at, and its columns understood, before any row of it is taken."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from uuid import UUID

import msgspec
from django.conf import settings
from django.utils.translation import gettext as _

from core.ids import uuid7
from core.models import Organisation
from intake.models import ParallelRun, Source, SourceMapping
from intake.rules import Kind
from intake.rules.kinds import key_of
from intake.rules.mapping import (
    Guess,
    Use,
    guess_columns,
    guess_kind,
    preset_of,
    problems_of,
    uses_by_preset,
    uses_from,
)
from intake.services.files import Dialect, FileRefused, look_at, rows_of
from intake.services.kinds import all_kinds
from intake.services.sheets import is_workbook, unpack_workbook

SAMPLE_ROWS = 500
# A saved mapping of which the file has less than this share of columns is not that of the file.
ENOUGH = 0.5
_AGAIN = re.compile(r"(.+) \(\d+\)")


class ImportRefused(Exception):
    """The upload was not taken; `.status` is the HTTP status that fits, `.field` what to mend."""

    def __init__(self, message: str, *, field: str = "file", status: int = 422) -> None:
        super().__init__(message)
        self.field, self.status = field, status


@dataclass(frozen=True)
class Upload:
    """A stored file and how it is written."""

    id: UUID
    path: Path
    digest: str
    dialect: Dialect

    @property
    def samples(self) -> list[list[str]]:
        """The first rows, as far as they can be read."""
        return samples_of(self.path, self.dialect)


def stored_path(name: str) -> Path:
    """Where an upload lies. Nobody but us reads it."""
    folder = Path(settings.CX_DATA_DIR) / "imports"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder / name


def store_upload(file: Iterable[bytes], *, hoped_for: Iterable[str] = ()) -> Upload:
    """Store and look at a file; a workbook becomes CSV. Leaves nothing behind when it is refused.

    hoped_for: names of columns that a mapping knows. Raises `ImportRefused`.
    """
    id = uuid7()
    path = stored_path(str(id))
    digest = _store(file, path)
    try:
        notes = unpack_workbook(path) if is_workbook(path) else []
        dialect = look_at(path, _known_names(hoped_for), notes)
    except FileRefused as refused:
        path.unlink(missing_ok=True)
        raise ImportRefused(str(refused)) from None
    return Upload(id, path, digest, dialect)


def samples_of(path: Path, dialect: Dialect) -> list[list[str]]:
    """The first rows of a stored file, as far as they can be read."""
    rows: list[list[str]] = []
    with suppress(FileRefused):
        rows.extend(islice(rows_of(path, dialect), SAMPLE_ROWS))
    return rows


def kind_of(dialect: Dialect, source: Source) -> Kind | None:
    """The kind that a file of a source is: by a mapping that fits, by a preset, by its columns; None: by none."""
    kinds = {kind.name: kind for kind in all_kinds() if kind.columns}
    saved = SourceMapping.objects.filter(source=source, kind__in=kinds)
    fits = {row.kind: _share(uses_from(row.columns), dialect.header) for row in saved}
    best = max(fits, key=lambda name: fits[name], default="")
    if best and fits[best] > 0.8:
        return kinds[best]
    return guess_kind(kinds.values(), dialect.header)


def guesses_of(
    kind: Kind,
    dialect: Dialect,
    samples: Sequence[Sequence[str]],
    *,
    source: Source,
    given: Mapping[str, Use] | None = None,
    loosely: bool = False,
) -> list[Guess]:
    """What each column of a file is: as given, as saved, else guessed."""
    said = saved_uses(source, kind) | dict(given or {})
    currency = Organisation.objects.values_list("reporting_currency", flat=True).first() if loosely else ""
    return guess_columns(
        kind, dialect.header, samples, said=said, loosely=loosely, semicolons=dialect.delimiter == ";",
        currency=currency or "",
    )  # fmt: skip


def saved_uses(source: Source, kind: Kind) -> dict[str, Use]:
    """The mapping that somebody confirmed for files of this kind from this source."""
    row = SourceMapping.objects.filter(source=source, kind=kind.name).first()
    return uses_from(row.columns) if row else {}


def saved_names(source: Source) -> list[str]:
    """The names of all columns that a source's saved mappings know."""
    return [name for row in SourceMapping.objects.filter(source=source) for name in row.columns]


def check_guesses(kind: Kind, guesses: Sequence[Guess], *, source: Source, given: Mapping[str, Use]) -> None:
    """Refuse what nobody is there to be asked about. Raises `ImportRefused`: what is lacking or left open."""
    header = [guess.name for guess in guesses]
    uses = {guess.name: guess.use for guess in guesses}
    if problems := problems_of(kind, header, uses):
        unlike = "" if given else unlike_saved(kind, source, header)
        raise ImportRefused(unlike or problems[0].message, field="mapping" if given else "file")
    if words := owned_elsewhere(kind, source, uses):
        raise ImportRefused(words, field="mapping")
    names = {name for guess in guesses if (name := doubled(guess.name, header)) and uses[name].to}
    if unsaid := sorted(names - set(given)):
        raise ImportRefused(_("The column “%s” occurs twice. Keep one of them.") % unsaid[0])
    for guess in guesses:
        if guess.ask:
            text = _("“%(name)s” can be read in two ways (%(cells)s): say in the mapping which form it has.")
            raise ImportRefused(text % {"name": guess.name, "cells": ", ".join(guess.samples)}, field="mapping")


def owned_elsewhere(kind: Kind, source: Source, uses: Mapping[str, Use]) -> str:
    """Words for columns that are read as fields which others own, and what to do; `""` where it may fill them all."""
    text = _("Leave that out, or name %(source)s in the rule of the field under Policies › Who is believed.")
    return " ".join(f"{words} {text % {'source': source.name}}" for words in owned_columns(kind, source, uses))


def owned_columns(kind: Kind, source: Source, uses: Mapping[str, Use]) -> list[str]:
    """By owner a sentence about the columns that are read as fields of theirs, which the source may not fill.

    What no record can be without is said by every source: there the rule only settles whom to believe.
    """
    used = {name: use for name, use in uses.items() if use.to and use.to not in kind.required}
    columns = {kind.field_of(use.to): name for name, use in used.items()}
    owned: dict[str, list[str]] = {}
    for field, owners in _owned(kind, source, columns).items():
        owned.setdefault(owners, []).append(f"“{columns[field]}” ({uses[columns[field]].to})")
    text = _("%(source)s may not fill what is read from %(columns)s: it is filled by %(owners)s.")
    return [
        text % {"source": source.name, "columns": ", ".join(named), "owners": owners} for owners, named in owned.items()
    ]


def _owned(kind: Kind, source: Source, fields: Collection[str]) -> Mapping[str, str]:
    """A feed that runs beside another may fill what that one may: it is to take its place."""
    owned = kind.owned(source.pk, fields)
    old = ParallelRun.objects.running().filter(new=source).values_list("old", flat=True).first() if owned else None
    return kind.owned(old, owned) if old else owned


def doubled(name: str, header: Sequence[str]) -> str:
    """The name that a column shares with an earlier one; `""` where it has it alone."""
    match = _AGAIN.fullmatch(name)
    return match[1] if match and match[1] in header else ""


def preset_name(kind: Kind, dialect: Dialect) -> str:
    """The system whose export this seems to be."""
    preset = preset_of(kind, dialect.header)
    return preset.name if preset else ""


def mapping_json(uses: Mapping[str, Use]) -> dict[str, object]:
    """A mapping as it is kept: a plain name where there is no more to say."""
    return {name: use.to if use == Use(use.to) else msgspec.to_builtins(use) for name, use in uses.items()}


def read_mapping(text: str) -> dict[str, object]:
    """A mapping written as JSON. Raises `ImportRefused`."""
    try:
        return dict(msgspec.json.decode(text, type=dict[str, str | dict[str, object]]))
    except msgspec.MsgspecError:
        words = _("mapping must be a JSON object: your column → our column.")
        raise ImportRefused(words, field="mapping") from None


def kind_of_preset(name: str, kind: str = "") -> str:
    """The kind that a preset's files are. Raises `ImportRefused` for one that is not known, or is not of `kind`."""
    known = {preset.name.lower(): one.name for one in all_kinds() for preset in one.presets}
    found = known.get(name.strip().lower(), "")
    if not found:
        names = sorted(preset.name for one in all_kinds() for preset in one.presets)
        text = _("There is no preset “%(name)s”. There are: %(names)s.")
        raise ImportRefused(text % {"name": name, "names": ", ".join(names)}, field="preset")
    if kind and kind != found:
        text = _("The preset “%(name)s” is of %(found)s, not of %(kind)s. Leave one of them out.")
        raise ImportRefused(text % {"name": name, "found": found, "kind": kind}, field="preset")
    return found


def given_uses(
    kind: Kind, mapping: Mapping[str, object], preset: str = "", header: Sequence[str] = ()
) -> dict[str, Use]:
    """What a caller said of the columns of a file: by the mapping sent, else by the preset. Raises `ImportRefused`."""
    chosen = next((one for one in kind.presets if one.name.lower() == preset.strip().lower()), None)
    return (uses_by_preset(kind, chosen, header) if chosen else {}) | _mapped(kind, mapping)


def _mapped(kind: Kind, mapping: Mapping[str, object]) -> dict[str, Use]:
    try:
        uses = uses_from(mapping)
    except msgspec.ValidationError as error:
        raise ImportRefused(_("mapping cannot be read: %s") % error, field="mapping") from None
    for use in uses.values():
        if use.to and not kind.field_of(use.to):
            text = _("mapping names the column “%(column)s”; %(kind)s have: %(columns)s.")
            names = {"column": use.to, "kind": kind.name, "columns": ", ".join(kind.columns)}
            raise ImportRefused(text % names, field="mapping")
    return uses


def unlike_saved(kind: Kind, source: Source, header: Sequence[str]) -> str:
    """Words for a file that is not what the source sent before under this kind; `""` where it is."""
    saved = saved_uses(source, kind)
    if not saved or _share(saved, header) >= ENOUGH:
        return ""
    other = guess_kind([one for one in all_kinds() if one.columns], header)
    lacking = [name for name, use in saved.items() if use.to and name not in header]
    text = _("This is not like the %(kind)s that %(source)s sent before: it lacks %(columns)s.")
    words = text % {"kind": kind.name, "source": source.name, "columns": ", ".join(lacking[:5])}
    hint = _("It looks like %s.") % other.name if other and other.name != kind.name else ""
    return f"{words} {hint}".strip()


def _share(uses: Mapping[str, Use], header: Sequence[str]) -> float:
    wanted = {name for name, use in uses.items() if use.to}
    return len(wanted & set(header)) / len(wanted) if wanted else 0.0


def _known_names(hoped_for: Iterable[str]) -> set[str]:
    names = {key_of(name) for name in hoped_for}
    for kind in all_kinds():
        names |= set(kind.by_key)
        for preset in kind.presets:
            names |= set(preset.by_key)
    return names


def _check_size(size: int, *, whole: bool = False) -> None:
    if size > settings.CX_IMPORT_MAX_BYTES:
        raise ImportRefused(_("The file is too large. Split it into several files."), status=413)
    if whole and size == 0:
        raise ImportRefused(_("The file is empty."))


def _store(file: Iterable[bytes], path: Path) -> str:
    """Write the upload; its SHA-256. Leaves nothing behind when it is refused."""
    digest, size = hashlib.sha256(), 0
    try:
        with path.open("xb") as stored:
            for block in file:
                size += len(block)
                _check_size(size)
                digest.update(block)
                stored.write(block)
        _check_size(size, whole=True)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    path.chmod(0o600)
    return digest.hexdigest()
