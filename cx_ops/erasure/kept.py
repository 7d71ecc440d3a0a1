"""Everything that is kept about a person: the one list that is read, exported, prepared and erased."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from core.services.scrubbing import Word, find_texts
from cx_ops.erasure.person import Person
from cx_ops.erasure.places import PLACES, read_rows
from cx_ops.erasure.texts import Text, account_columns, texts_of
from intake.models import Import
from intake.services.files import FileRefused, open_bytes
from intake.services.uploads import stored_path

BLOCK = 1 << 20
ENCODINGS = ("utf-8", "cp1252", "utf-16-le", "utf-16-be")


@dataclass(frozen=True)
class Kept:
    """The rows of each place (`pk` and what is shown), every other row that names the person, stored files that do."""

    rows: dict[str, list[dict[str, Any]]]
    texts: list[Text]
    files: list[Path]

    @property
    def counts(self) -> dict[str, int]:
        """How many of each; no row counts twice."""
        return {name: len(rows) for name, rows in self.rows.items()} | {
            "texts": len(self.texts),
            "files": len(self.files),
        }


def find_kept(person: Person, words: Sequence[Word]) -> Kept:
    """It reads every table and every stored file whole."""
    rows = read_rows(person)
    taken: dict[str, set[str]] = {}
    for place in PLACES:
        taken.setdefault(place.rows(person).model._meta.db_table, set()).update(
            str(row["pk"]) for row in rows[place.name]
        )
    return Kept(rows, texts_of(find_texts(words, by=account_columns()), words, taken), files_naming(words))


def named_files(files: Sequence[Path]) -> list[tuple[str, UUID | None]]:
    """Stored files by the name that they came under, with the import that they are of."""
    stored = [path.name for path in files]
    rows = Import.objects.filter(stored_as__in=stored).values_list("stored_as", "filename", "pk") if stored else ()
    known = {name: (filename, pk) for name, filename, pk in rows}
    return [known.get(name, (name, None)) for name in stored]


def files_naming(words: Sequence[Word]) -> list[Path]:
    """Stored files in which one of the words stands."""
    folder = stored_path("x").parent
    needles = {needle for word in words for needle in _encoded(word.text.lower())}
    each = sorted(folder.iterdir()) if needles else []
    return [path for path in each if path.is_file() and _holds(path, needles)]


def _encoded(text: str) -> Iterator[bytes]:
    for encoding in ENCODINGS:
        with suppress(UnicodeEncodeError):
            yield text.encode(encoding)


def _holds(path: Path, needles: set[bytes]) -> bool:
    """What cannot be read cannot be shown to be clean."""
    longest = max(map(len, needles), default=0)
    before = b""
    try:
        with open_bytes(path) as stream:
            while block := stream.read(BLOCK):
                text = (before + block).lower()
                if any(needle in text for needle in needles):
                    return True
                before = text[-longest:]
    except (EOFError, OSError, zlib.error, FileRefused):
        return True
    return False
