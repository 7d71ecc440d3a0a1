"""How the columns of a draft are read, and what a person must say before it can go its way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from intake.models import Import, Source
from intake.rules import Kind
from intake.rules.mapping import Guess, Use, guess_columns, is_clearly, likeliest_kind, uses_from
from intake.services.files import Dialect, FileRefused, dialect_from
from intake.services.kinds import all_kinds, find
from intake.services.uploads import guesses_of, kind_of, owned_elsewhere, samples_of, stored_path


def seen_kind(dialect: Dialect, source: Source) -> Kind | None:
    """The kind that a file is, or most likely is; None where nothing of it speaks for any."""
    return kind_of(dialect, source) or likeliest_kind(_kinds_of_files(), dialect.header)


def is_unsure(of: Import) -> bool:
    """Whether the columns of a draft do not show what its rows are, so that a person should look."""
    dialect, kinds = dialect_from(of.dialect), _kinds_of_files()
    likeliest = likeliest_kind(kinds, dialect.header)
    if likeliest is None or likeliest.name != of.kind or kind_of(dialect, of.source):
        return False  # a person has said it, or its columns do
    return not is_clearly(likeliest, kinds, dialect.header)


def _kinds_of_files() -> list[Kind]:
    return [kind for kind in all_kinds() if kind.columns]


def columns_of(of: Import) -> list[Guess]:
    """The columns of a draft as they are read now, with samples, why, and whether a person must say more."""
    kind, dialect = find(of.kind), dialect_from(of.dialect)
    samples = samples_of(stored_path(of.stored_as), dialect)
    guessed = guesses_of(kind, dialect, samples, source=of.source, loosely=True)
    read = read_as(kind, dialect, samples, uses_from(of.mapping))
    return [
        msgspec.structs.replace(now, why=first.why if now.use.to == first.use.to else "")
        for first, now in zip(guessed, read, strict=True)
    ]


def check_answered(of: Import) -> None:
    """Raises `FileRefused` for columns that others own, or that can be read in two ways and nobody said which."""
    kind = find(of.kind)
    if words := owned_elsewhere(kind, of.source, uses_from(of.mapping)):
        raise FileRefused(words)
    if sentences := [*_two_ways(guesses := columns_of(of)), *_unknown_words(kind, guesses)]:
        raise FileRefused(" ".join(sentences))


def _two_ways(guesses: Sequence[Guess]) -> Iterator[str]:
    """One sentence for all columns that can be read in two ways."""
    if asked := [guess for guess in guesses if guess.ask]:
        text = ngettext(
            "%(columns)s can be read in two ways. Choose how its cells are written.",
            "%(columns)s can be read in two ways. Choose how their cells are written.", len(asked),
        )  # fmt: skip
        yield text % {"columns": ", ".join(f"“{guess.name}” ({', '.join(guess.samples)})" for guess in asked)}


def _unknown_words(kind: Kind, guesses: Sequence[Guess]) -> Iterator[str]:
    text = _("“%(name)s” holds words that we do not know as %(field)s: %(words)s. Say what each of them means.")
    for guess in guesses:
        if guess.asks_words:
            words = ", ".join(guess.unclear)
            yield text % {"name": guess.name, "field": kind.spoken(guess.use.to), "words": words}


def read_as(kind: Kind, dialect: Dialect, samples: Sequence[Sequence[str]], uses: Mapping[str, Use]) -> list[Guess]:
    return guess_columns(kind, dialect.header, samples, said=uses, semicolons=dialect.delimiter == ";")
