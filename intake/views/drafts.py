"""A file that waits for a person: what it would do, how its columns are read, and the word to go on or back."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST
from msgspec.structs import replace

from core.enums import Role
from core.guards import PersonRequest, for_roles
from intake.enums import ImportStatus, Landing
from intake.models import Import, Source
from intake.queries import visible_imports
from intake.queries.sight import sight_for
from intake.rules import Kind
from intake.rules.cells import CENTS, FORMS, LOOKS, MILLIONS, PERCENT, THOUSANDS
from intake.rules.kinds import key_of
from intake.rules.mapping import Guess, Use, own_name, seems_like, uses_from
from intake.rules.sorts import Sort, currency_beside, sort_of
from intake.services.drafts import (
    Preview,
    change_draft,
    confirm_import,
    preview_of,
    use_ids_of,
)
from intake.services.files import dialect_from
from intake.services.imports import stop_import
from intake.services.kinds import UnknownKind, file_kinds, find
from intake.services.reading import columns_of, is_unsure
from intake.services.sources import SourceRefused
from intake.services.undoing import ask_undo
from intake.services.uploads import ImportRefused, owned_elsewhere, preset_name

SENDERS = (Role.MANAGER, Role.OPS)
WHYS = {
    "saved": gettext_lazy("as last time"),
    "preset": gettext_lazy("known export"),
    "name": gettext_lazy("by its name"),
    "close": gettext_lazy("a similar name"),
    "stand_in": gettext_lazy("the nearest that the file has"),
}
UNITS = {
    PERCENT: gettext_lazy("percent (93 is 0.93)"),
    THOUSANDS: gettext_lazy("thousands"),
    MILLIONS: gettext_lazy("millions"),
    CENTS: gettext_lazy("hundredths"),
}
CURRENCIES = ("USD", "EUR", "GBP", "CHF", "CAD", "AUD", "SEK", "NOK", "DKK", "PLN", "JPY", "INR", "BRL")
Choice = tuple[str, object]
# What the form sends for a word that means none of the values; a blank is one that nobody has decided.
NONE = "-"
NEW = "new"  # what matched nothing was created, which is counted already


@dataclass(frozen=True)
class ColumnRow:
    """One line of the mapping: a column of the file, and the choices that a person has about it."""

    number: int
    guess: Guess
    why: object
    targets: list[Choice]
    forms: list[Choice]
    units: list[Choice]
    has_zone: bool
    words: list[tuple[str, str]]
    meanings: list[Choice]
    maybe: str = ""  # what it may be, where it fills no field

    @property
    def asks(self) -> bool:
        """Whether nothing goes on before a person says more about it."""
        return self.guess.ask or self.guess.asks_words


@dataclass(frozen=True)
class LeftOut:
    """Columns that fill no field of ours: (column, the field it seems to be), not used at all, kept by their names.

    doubtful: as `likely`, of columns that mostly are something else. lacking: what a row needs and no column is.
    """

    likely: list[tuple[str, str]]
    doubtful: list[tuple[str, str]]
    lacking: list[str]
    unused: list[str]
    kept: list[str]


def draft_page(request: PersonRequest, of: Import, *, error: str = "", status: int = 200) -> HttpResponse:
    """What a draft would do, and how it is read."""
    kind, dialect = find(of.kind), dialect_from(of.dialect)
    sight = sight_for(of, kind, request.user)
    preview = _in_words(kind, preview_of(of, sight))
    rows = [_row(number, guess, of) for number, guess in enumerate(columns_of(of))]
    left = _left_out(kind, [row.guess for row in rows])
    maybe = dict([*left.likely, *left.doubtful])
    taken = sum(count for name, count in preview.counts.items() if name != Landing.REJECTED)
    asks = [row for row in rows if row.asks]
    context = {
        **_standing(of, preview, left, taken=taken, is_asked=bool(asks)),
        "of": of,
        "taken": taken,
        "left": left,
        "stood_in": [(row.guess.name, kind.spoken(row.guess.use.to)) for row in rows if row.guess.why == "stand_in"],
        "kind": kind,
        "kinds": [(name, find(name).label) for name in file_kinds()],
        "preview": preview,
        "counts": [(Landing(name).label, count, name) for name, count in preview.counts.items()],
        "columns": [dataclasses.replace(row, maybe=maybe.get(row.guess.name, "")) for row in rows],
        "sight": sight,
        "used": sum(bool(row.guess.use.to) and row.guess.name not in left.kept for row in rows),
        "asks": asks,
        "preset": preset_name(kind, dialect),
        "is_saved": any(row.guess.why == "saved" for row in rows),
        "notes": dialect.notes,
        "error": error,
        "is_owned": bool(preview.refused and owned_elsewhere(kind, of.source, uses_from(of.mapping))),
        "may_send": request.user.role in SENDERS or request.user.is_superuser,
    }
    return render(request, "intake/draft.html", context, status=status)


def _standing(of: Import, preview: Preview, left: LeftOut, *, taken: int, is_asked: bool) -> dict[str, bool]:
    """How far a draft is from being imported, and whether it is its kind or its columns that would help."""
    takes_nothing, unsure = bool(preview.rows) and not taken, is_unsure(of)
    asks_kind = unsure and bool(preview.refused and left.lacking) and not is_asked
    may_help = bool(left.unused or not left.lacking)
    return {
        "is_unsure": unsure,
        "asks_kind": asks_kind,
        "takes_nothing": takes_nothing,
        "takes_none": takes_nothing and preview.is_whole,
        "may_mend": (takes_nothing or bool(preview.refused)) and may_help and not asks_kind,
        "applies": taken > preview.counts.get(Landing.PARKED, 0),
    }


@require_POST
@for_roles(*SENDERS)
def change_columns(request: PersonRequest, import_id: UUID) -> HttpResponse:
    """Read the columns of a draft otherwise; without columns in the form, only what its rows are is changed."""
    of = get_object_or_404(visible_imports(request.user), pk=import_id)
    if "to-0" not in request.POST and request.POST.get("kind") == of.kind:
        return redirect("import", import_id=of.pk)
    uses = {name: _posted(request, number, name, of) for number, name in enumerate(of.dialect.get("header", []))}

    def read_anew() -> None:
        change_draft(import_id=of.pk, kind=request.POST.get("kind") or of.kind, uses=uses, now=request.now)

    return _act(request, of, read_anew, _("The columns were read anew."))


@require_POST
@for_roles(*SENDERS)
def use_ids(request: PersonRequest, import_id: UUID) -> HttpResponse:
    """Let the source of a draft use the account ids of another."""
    of = get_object_or_404(visible_imports(request.user), pk=import_id)
    space = Source.objects.systems().filter(slug=request.POST.get("source", "")).first()
    if space is None:
        messages.error(request, _("Choose the source whose account ids the file carries."))
        return redirect("import", import_id=of.pk)

    def change() -> None:
        use_ids_of(import_id=of.pk, source_id=space.pk, by=request.user, now=request.now)

    said = _("%(source)s uses the account ids of %(other)s from now on.")
    return _act(request, of, change, said % {"source": of.source.name, "other": space.name})


@require_POST
@for_roles(*SENDERS)
def confirm(request: PersonRequest, import_id: UUID) -> HttpResponse:
    """Let a draft go its way."""
    of = get_object_or_404(visible_imports(request.user), pk=import_id)
    return _act(request, of, lambda: confirm_import(import_id=of.pk, by=request.user, now=request.now), "")


@require_POST
@for_roles(*SENDERS)
def stop(request: PersonRequest, import_id: UUID) -> HttpResponse:
    """Take no further rows of a file."""
    of = get_object_or_404(visible_imports(request.user), pk=import_id)
    said = _("Stopped: no further row of this file is taken.")
    return _act(request, of, lambda: stop_import(import_id=of.pk, by=request.user, now=request.now), said)


@require_POST
@for_roles(*SENDERS)
def undo(request: PersonRequest, import_id: UUID) -> HttpResponse:
    """Have an import taken back; its page shows how far that is."""
    of = get_object_or_404(visible_imports(request.user), pk=import_id)
    return _act(request, of, lambda: ask_undo(import_id=of.pk, by=request.user, now=request.now), "")


def _act(request: PersonRequest, of: Import, work: Callable[[], object], said: str) -> HttpResponse:
    """Do it and go to the file's page; a refusal is said there."""
    try:
        work()
    except (ImportRefused, SourceRefused, UnknownKind) as refused:
        if of.status == ImportStatus.DRAFT and getattr(refused, "status", 422) == 422:
            return draft_page(request, of, error=str(refused), status=422)
        messages.error(request, str(refused))
    else:
        if said:
            messages.success(request, said)
    return redirect("import", import_id=of.pk)


def _row(number: int, guess: Guess, of: Import) -> ColumnRow:
    kind = find(of.kind)
    field = kind.field_of(guess.use.to) if guess.use.to else ""
    sort = sort_of(kind.struct, field) if field else Sort.OTHER
    targets: list[Choice] = [(column, _spoken(kind, column)) for column in kind.header]
    if guess.use.to and guess.use.to not in kind.header:
        targets = [target for target in targets if kind.columns[target[0]] != field]
        targets.append((guess.use.to, _spoken(kind, guess.use.to)))
    own = f"{kind.extra}.{own_name(guess.name)}"
    if kind.extra and guess.name and own not in [value for value, _label in targets]:
        targets.append((own, _("Keep as a field of its own")))
    units: list[Choice] = list(UNITS.items()) if sort is Sort.NUMBER else []
    if field and currency_beside(kind.struct, field):
        units = [(code, code) for code in CURRENCIES]
    words = [*guess.unclear.items(), *((word, value or NONE) for word, value in guess.use.values.items())]
    meanings: list[Choice] = list(kind.options(field).items()) if words else []
    meanings += [(NONE, _("None of these: its rows come back"))] if words else []
    return ColumnRow(
        number, guess, WHYS.get(guess.why, ""), targets, [] if words else _forms(sort, guess), units,
        has_zone=sort is Sort.MOMENT, words=words, meanings=meanings,
    )  # fmt: skip


def _forms(sort: Sort, guess: Guess) -> list[Choice]:
    """The ways in which cells of a sort are written; of texts, only what is done with ids."""
    if sort is Sort.TEXT and not guess.use.form:
        return []
    return [(form, LOOKS.get(form, _("as it is"))) for form in FORMS.get(sort, ())]


def _posted(request: PersonRequest, number: int, name: str, of: Import) -> Use:
    """What the form says about a column; how it is written only where it is still read as the same."""
    to = request.POST.get(f"to-{number}", "")
    before = of.mapping.get(name, "")
    same = to == (before if isinstance(before, str) else before.get("to", ""))
    said = {part: request.POST.get(f"{part}-{number}", "").strip() for part in ("form", "unit", "zone")}
    words = zip(request.POST.getlist(f"word-{number}"), request.POST.getlist(f"means-{number}"), strict=False)
    values = {word: "" if value == NONE else value for word, value in words if value}
    return Use(to, **said, values=values) if same else Use(to)


def _in_words(kind: Kind, preview: Preview) -> Preview:
    """The preview with fields called as the columns are."""
    fields = [replace(one, field=kind.spoken(one.field)) for one in preview.fields]
    changes = [replace(one, field=kind.spoken(one.field)) for one in preview.changes]
    rules = {rule: count for rule, count in preview.rules.items() if rule != NEW}
    unheard = [replace(one, field=kind.spoken(one.field)) for one in preview.unheard]
    return replace(preview, fields=fields, changes=changes, rules=rules, unheard=unheard)


def _left_out(kind: Kind, guesses: list[Guess]) -> LeftOut:
    filled = {kind.field_of(guess.use.to) for guess in guesses if guess.use.to}
    unused = [guess.name for guess in guesses if guess.name.strip("_") and guess.name[:1] != "_" and not guess.use.to]
    near = {name: column for name in unused if (column := seems_like(kind, name))}
    likely = [(name, kind.spoken(column)) for name, column in near.items() if kind.columns[column] not in filled]
    known = {name for name, _field in likely}
    kept = [guess.name for guess in guesses if kind.extra and guess.use.to.startswith(f"{kind.extra}.")]
    asked = {key_of(name): column for column, names in kind.doubts.items() for name in names}
    doubtful = [
        (guess.name, kind.spoken(near_to)) for guess in guesses
        if guess.name in {*kept, *unused} - known and guess.why != "saved"
        and (near_to := asked.get(key_of(guess.name))) and kind.columns[near_to] not in filled
    ]  # fmt: skip
    told = filled | kind.defaults.keys()
    lacking = [
        f" {_('or')} ".join(kind.spoken(column) for column in group) for group in kind.needed
        if not any(kind.columns[column] in told for column in group)
    ]  # fmt: skip
    return LeftOut(likely, doubtful, lacking, [name for name in unused if name not in known], kept)


def _spoken(kind: Kind, column: str) -> str:
    is_needed = column in kind.required or (column,) in kind.needed
    return _("%s (needed)") % kind.spoken(column) if is_needed else kind.spoken(column)
