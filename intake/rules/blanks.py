"""What people and systems write into a cell that holds nothing (INTAKE.md, Identity). Pure."""

from __future__ import annotations

from intake.rules.kinds import Kind
from intake.rules.sorts import Sort, choices_of, sort_of


def _spelt(words: str) -> frozenset[str]:
    """Words apart by |, in small letters, capitals, and as a word begins a sentence."""
    return frozenset(way for word in words.split("|") for way in (word, word.upper(), word.capitalize()))


BLANKS = _spelt(
    "-|--|–|—|?|n/a|n.a.|#n/a|null|nil|none|unknown|undefined|not set|tbd|tba|(no value)|(none)|(blank)|#ref!|#value!"
) | {"(No value)", "(No Value)", "(None)", "(Blank)", "Not Set"}
# Nothing only where no text is meant: NA may be North America.
NO_NUMBERS = BLANKS | _spelt("na|nan|pending|#div/0!|#num!|#name?|#null!") | {"NaN"}


def blanks_of(kind: Kind, field: str) -> frozenset[str]:
    """What a cell of a field may hold that is nothing; a choice that is called so is one."""
    sort = sort_of(kind.struct, field)
    if sort in (Sort.TEXT, Sort.OTHER):
        return BLANKS
    return NO_NUMBERS - _spelt("|".join(choices_of(kind.struct, field))) if sort is Sort.CHOICE else NO_NUMBERS
