"""What the words of a column mean that knows a closed list: `Upsell` is the insight type `expansion_signal`. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

from intake.rules.cells import Read
from intake.rules.kinds import Kind, key_of

# A column with more words that nobody knows is none of the list's: they are not asked about one by one.
MOST_WORDS = 20


def known_words(kind: Kind, field: str) -> dict[str, str]:
    """Every way in which a value of the field's list is written, as names are compared, → the value."""
    values = kind.options(field)
    return {key_of(label): value for value, label in values.items()} | {key_of(value): value for value in values}


def unclear_words(kind: Kind, field: str, cells: Iterable[str], said: Mapping[str, str]) -> dict[str, str]:
    """The words in `cells` that are neither on the field's list nor explained, each with what it mostly means or `""`.

    Nothing where the field has no list, or the words are too many to be one.
    """
    folded = {word.casefold() for word in said}
    found = dict.fromkeys(word for cell in cells if (word := cell.strip()) and word.casefold() not in folded)
    known = known_words(kind, field) if found and kind.has_options(field) else {}
    if not known:
        return {}
    unclear = [word for word in found if key_of(word) not in known]
    usual = {word: value for word, value in kind.meanings.get(field, {}).items() if value in known.values()}
    return {word: usual.get(key_of(word), "") for word in unclear} if len(unclear) <= MOST_WORDS else {}


def word_reader(kind: Kind, field: str, said: Mapping[str, str], read: Read | None) -> Read | None:
    """What turns a word into its value: as said, else as on the list, else as the field's cells are read anyway."""
    if not kind.has_options(field):
        return read
    known = known_words(kind, field)
    meant = {word.casefold(): value for word, value in said.items() if value}

    @lru_cache(maxsize=1000)
    def value_of(cell: str) -> str:
        return meant.get(cell.casefold()) or known.get(key_of(cell)) or (str(read(cell)) if read else cell)

    return value_of
