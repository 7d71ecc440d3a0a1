"""A file that waits for a person: its columns, what its first rows would do, and the word to go on.

The preview is the real thing rolled back: the rows go through the same validator and the same resolution as those that
count, in a transaction that ends without a trace. What is confirmed is not believed for it: every row is checked anew.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import islice
from uuid import UUID

import msgspec
from django.db import transaction
from django.utils.translation import gettext as _

from core.doorbell import IMPORT, ring_on_commit
from core.models import User
from core.services import record_act
from core.text import clean_text
from intake.enums import ImportStatus, Landing
from intake.models import Import, Source, SourceMapping
from intake.queries.arrivals import as_counted
from intake.queries.sight import WHOLE, FileSight
from intake.rules import FieldChange, Result, Told, Unheard
from intake.rules.mapping import Guess, Use, problems_of, uses_from
from intake.rules.warned import Warned, add_up_warnings
from intake.services.chunks import cell_under, take_rows, warnings_in
from intake.services.files import Dialect, FileRefused, count_rows, dialect_from, rows_of
from intake.services.imports import (
    arrival_of,
    file_kind,
    guessed_kind,
    keep_import,
)
from intake.services.kinds import find
from intake.services.namespaces import UNKNOWN_ACCOUNT, Strangers, find_strangers
from intake.services.reading import check_answered, read_as, seen_kind
from intake.services.rows import Plan, plan_of
from intake.services.sources import change_source, terms_of
from intake.services.uploads import (
    ImportRefused,
    given_uses,
    guesses_of,
    kind_of_preset,
    mapping_json,
    samples_of,
    saved_names,
    store_upload,
    stored_path,
    unlike_saved,
)

# A person waits for it: as many rows as show what is what.
PREVIEW_ROWS = 2000
MOST_CHANGES = 20_000
SHOWN = 30


class Trouble(msgspec.Struct, frozen=True):
    """Rows that would not be taken for one reason: how many, and one of them. `row`: its line in a spreadsheet."""

    code: str
    column: str
    message: str
    value: str
    row: int
    count: int = 1


class FieldCount(msgspec.Struct, frozen=True):
    """How many records get a value for the first time, and how many another one."""

    field: str
    new: int = 0
    changed: int = 0


class Preview(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the first rows of a file would do. `refused`: why nothing of it can be taken."""

    rows: int = 0
    is_whole: bool = False
    counts: dict[str, int] = {}
    troubles: list[Trouble] = []
    warnings: list[Warned] = []
    strangers: Strangers | None = None
    fields: list[FieldCount] = []
    changes: list[FieldChange] = []
    rules: dict[str, int] = {}
    reviews: int = 0
    unheard: list[Unheard] = []
    is_told: bool = False
    refused: str = ""

    @property
    def values(self) -> int:
        """How many values get another, of which `changes` are the first."""
        return sum(field.new + field.changed for field in self.fields)

    @property
    def unknown_accounts(self) -> int:
        """Rows that would be rejected because nobody knows their account."""
        return sum(trouble.count for trouble in self.troubles if trouble.code == UNKNOWN_ACCOUNT)


def draft_import(
    *,
    file: Iterable[bytes],
    filename: str,
    kind: str,
    source: Source,
    by: User | None,
    now: datetime,
    mapping: Mapping[str, object] | None = None,
    actor: str = "",
    preset: str = "",
) -> Import:
    """Store a file, understand its columns, and try its first rows; a person confirms it. `kind` may be `""`.

    Raises `UnknownKind`, and `ImportRefused` where nothing can be made of the file.
    """
    kind = kind_of_preset(preset, kind) if preset else kind
    upload = store_upload(file, hoped_for=[*saved_names(source), *(mapping or {})])
    try:
        found = file_kind(kind) if kind else seen_kind(upload.dialect, source) or guessed_kind(upload, source)
        given = given_uses(found, mapping or {}, preset, upload.dialect.header)
    except ImportRefused:
        upload.path.unlink()
        raise
    guesses = guesses_of(found, upload.dialect, upload.samples, source=source, given=given, loosely=True)
    made = keep_import(
        upload, kind=found, source=source, uses=_settled(guesses), filename=filename, status=ImportStatus.DRAFT, by=by,
        actor=actor, now=now,
    )  # fmt: skip
    return _keep_preview(made, now)


def change_draft(*, import_id: UUID, kind: str, uses: Mapping[str, Use], now: datetime) -> Import:
    """Read a draft's columns otherwise, and try its first rows again; another kind begins with new guesses.

    A use without a form gets the one that its cells show. Raises `UnknownKind`, and `ImportRefused` where it is no
    draft, or the mapping says what it may not (then nothing is changed).
    """
    with transaction.atomic():
        of = _lock_draft(import_id)
        found, dialect = file_kind(kind), dialect_from(of.dialect)
        samples = samples_of(stored_path(of.stored_as), dialect)
        if kind != of.kind:
            guesses = guesses_of(found, dialect, samples, source=of.source, loosely=True)
        elif problems := [one for one in problems_of(found, dialect.header, uses) if one.code != "required"]:
            raise ImportRefused(problems[0].message, field="mapping")
        else:
            guesses = read_as(found, dialect, samples, {name: uses.get(name, Use()) for name in dialect.header})
        of.kind, of.mapping = kind, mapping_json(_settled(guesses))
        of.save(update_fields=["kind", "mapping"])
    return _keep_preview(of, now)


def confirm_import(*, import_id: UUID, by: User | None, now: datetime, actor: str = "") -> Import:
    """Let a draft go its way, and keep its mapping for the next file of this source and kind.

    Raises `ImportRefused` where it is no draft any more, or lacks a column.
    """
    with transaction.atomic():
        of = _lock_draft(import_id)
        if not of.source.is_active:
            raise ImportRefused(_("%s is switched off: nothing of it is taken any more.") % of.source, status=409)
        try:
            plan_of(find(of.kind), dialect_from(of.dialect).header, uses_from(of.mapping))
            check_answered(of)
        except FileRefused as refused:
            raise ImportRefused(str(refused), field="mapping") from None
        _save_mapping(of, by, now)
        of.status = ImportStatus.WAITING
        of.save(update_fields=["status"])
        record_act("confirmed", of, by=by, actor=actor or "system", now=now)
        ring_on_commit(IMPORT)
    return of


def preview_of(of: Import, sight: FileSight = WHOLE) -> Preview:
    """The preview that was kept with a draft, as far as its reader may see it."""
    kept = msgspec.convert(of.preview, Preview)
    return msgspec.structs.replace(
        kept, changes=sight.changes(kept.changes), warnings=sight.warnings(kept.warnings),
        unheard=[one for one in kept.unheard if not sight.hides(one.field)],
        troubles=[msgspec.structs.replace(one, value=sight.value(one)) for one in kept.troubles],
    )  # fmt: skip


def try_rows(of: Import, now: datetime) -> Preview:
    """Take the first rows, look at what that did, and take it all back."""
    kind, dialect = find(of.kind), dialect_from(of.dialect)
    path = stored_path(of.stored_as)
    try:
        plan = plan_of(kind, dialect.header, uses_from(of.mapping))
        check_answered(of)
        rows = list(islice(rows_of(path, dialect), PREVIEW_ROWS + 1))
        if len(rows) <= PREVIEW_ROWS:
            count_rows(path, dialect)
    except FileRefused as refused:
        return Preview(refused=f"{unlike_saved(kind, of.source, dialect.header)} {refused}".strip())
    chunk, told = rows[:PREVIEW_ROWS], None
    with transaction.atomic():
        results = take_rows(of, kind, plan, chunk, arrival_of(of, now))
        told = kind.tell(of.id, MOST_CHANGES) if kind.tell else None
        transaction.set_rollback(True)
    counts = dict(Counter(result.status.value for result in results))
    preview = Preview(
        rows=len(chunk), is_whole=len(rows) <= PREVIEW_ROWS, counts=counts,
        troubles=_troubles(plan, dialect, chunk, results),
        warnings=add_up_warnings(
            as_counted(column, problem.code, problem.message, value[:80], 1)
            for _number, problem, column, value in warnings_in(plan, dialect.header, chunk, results)
        ),
    )  # fmt: skip
    return _told(preview, told)


def _told(preview: Preview, told: Told | None) -> Preview:
    """With what the room of the kind tells of it."""
    changes = told.changes if told else []
    new = Counter(change.field for change in changes if change.before in (None, ""))
    changed = Counter(change.field for change in changes if change.before not in (None, ""))
    shown = sorted(changes, key=lambda change: change.before in (None, ""))[:SHOWN]
    return msgspec.structs.replace(
        preview, changes=shown,
        fields=[FieldCount(name, new[name], changed[name]) for name in dict.fromkeys([*changed, *new])],
        rules=told.rules if told else {}, reviews=told.reviews if told else 0,
        unheard=told.unheard if told else [], is_told=told is not None,
    )  # fmt: skip


def _troubles(plan: Plan, dialect: Dialect, rows: Sequence[list[str]], results: Sequence[Result]) -> list[Trouble]:
    """The rows that would not be taken, by reason, the most frequent first."""
    found: dict[tuple[str, str], Trouble] = {}
    counts: Counter[tuple[str, str]] = Counter()
    for number, (row, result) in enumerate(zip(rows, results, strict=True), start=1):
        if result.status is not Landing.REJECTED:
            continue
        problem = result.errors[0]
        column = plan.column_of(problem)
        key = (problem.code, column)
        counts[key] += 1
        if key not in found:
            value = clean_text(cell_under(column, dialect.header, row))[:80]
            found[key] = Trouble(problem.code, column, problem.message, value, number + dialect.title + 1)
    return [msgspec.structs.replace(found[key], count=count) for key, count in counts.most_common(SHOWN)]


def _settled(guesses: Iterable[Guess]) -> dict[str, Use]:
    """What is kept of guesses: a form that is in doubt stays open, so that a person is asked."""
    return {
        guess.name: msgspec.structs.replace(guess.use, form="") if guess.ask else guess.use for guess in guesses
    }  # fmt: skip


def use_ids_of(*, import_id: UUID, source_id: UUID, by: User, now: datetime) -> Import:
    """Let a draft's source use the account ids of another from now on, and try the first rows again.

    Raises `SourceRefused`, `ImportRefused` where it is no draft, `Source.DoesNotExist`.
    """
    with transaction.atomic():
        of = _lock_draft(import_id)
        terms = replace(terms_of(of.source), account_namespace=Source.objects.systems().get(pk=source_id))
        of.source = change_source(source_id=of.source_id, terms=terms, by=by, now=now)
    return _keep_preview(of, now)


def _keep_preview(of: Import, now: datetime) -> Import:
    preview = try_rows(of, now)
    unknown = preview.counts.get(Landing.PARKED, 0) + preview.unknown_accounts
    others = preview.counts.get(Landing.REJECTED, 0) - preview.unknown_accounts  # are rejected for what they hold
    strangers = find_strangers(of, preview.rows - others, unknown, now) if unknown else None
    of.preview = msgspec.to_builtins(msgspec.structs.replace(preview, strangers=strangers))
    Import.objects.filter(id=of.id).update(preview=of.preview)
    return of


def _lock_draft(import_id: UUID) -> Import:
    of = Import.objects.select_for_update(of=("self",)).select_related("source").get(id=import_id)
    if of.status != ImportStatus.DRAFT:
        raise ImportRefused(_("This file was confirmed or stopped meanwhile."), status=409)
    return of


def _save_mapping(of: Import, by: User | None, now: datetime) -> None:
    held = SourceMapping.objects.select_for_update().filter(source=of.source, kind=of.kind).first()
    columns = {name: use for name, use in of.mapping.items() if name and not name.startswith("_")}
    if held is None:
        SourceMapping.objects.create(source=of.source, kind=of.kind, columns=columns, saved_by=by, saved_at=now)
    elif any(held.columns.get(name) != use for name, use in columns.items()):
        held.columns, held.saved_by, held.saved_at = held.columns | columns, by, now
        held.save(update_fields=["columns", "saved_by", "saved_at"])
