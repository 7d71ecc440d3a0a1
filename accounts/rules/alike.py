"""How alike two records are: what of them is compared, how, and how much it weighs. Pure.

Only what both say is compared. Two companies mostly have their names in common; people who buy for themselves are
told by where they live, when they were born and the numbers that a state gave them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from rapidfuzz import fuzz
from rapidfuzz.distance import OSA

from accounts.rules.identity import is_placeholder, name_score, plain_words

# Two names agree from here on: tokens sorted, so that their order does not matter (INTAKE.md, Identity).
NAMES_AGREE = 88


class Part(StrEnum):
    """What of a record is compared."""

    NAME = "name"
    BORN_ON = "born_on"
    TAX_ID = "tax_id"
    STREET = "street"
    POSTCODE = "postcode"
    CITY = "city"


Parts = Mapping[Part, str]


def slips(one: str, other: str) -> int:
    """Signs typed wrongly, left out, added or changed over."""
    return OSA.distance(one, other)


def _typed(one: str, other: str) -> float:
    return 100.0 * OSA.normalized_similarity(one, other)


def _words(one: str, other: str) -> float:
    return float(fuzz.token_sort_ratio(one, other))


def _signs(text: str) -> str:
    """Letters and digits alone: how a number is compared, whatever was written between them."""
    signs = "".join(re.findall(r"[^\W_]+", text.upper()))
    return "" if is_placeholder(text) or is_placeholder(signs) else signs


class Compared(NamedTuple):
    """A part: the field that says it, how that is written for comparison, how two are compared, what it weighs."""

    part: Part
    field: str
    standard: Callable[[str], str]
    alike: Callable[[str, str], float]
    weight: int


COMPARED = (
    Compared(Part.NAME, "name", str, name_score, 4),
    Compared(Part.BORN_ON, "fields.born_on", str.strip, _typed, 3),
    Compared(Part.TAX_ID, "fields.tax_id", _signs, _typed, 3),
    Compared(Part.STREET, "fields.street", plain_words, _words, 2),
    Compared(Part.POSTCODE, "fields.postcode", _signs, _typed, 1),
    Compared(Part.CITY, "fields.city", plain_words, _words, 1),
)


class Likeness(NamedTuple):
    """How alike a record and an account are, 0 to 100: in all, and part by part. 100 where nothing can be compared."""

    total: float
    by_part: Mapping[Part, float]

    @property
    def sure(self) -> float:
        """The same, but no more than their names by themselves."""
        return min(self.total, self.by_part.get(Part.NAME, self.total))


def parts_of(said: Mapping[str, Any]) -> Parts:
    """What of a record can be compared; `said`: field → value, as sayings are kept."""
    found = ((one.part, one.standard(str(said[one.field]))) for one in COMPARED if said.get(one.field))
    return {part: text for part, text in found if text}


def compare(parts: Parts, held: Mapping[Part, Collection[str]], *, without: Collection[Part] = ()) -> Likeness:
    """A record beside all that is held of an account: of each part the saying that is most alike."""
    by_part: dict[Part, float] = {}
    total, weight = 0.0, 0
    for one in COMPARED:
        text, others = parts.get(one.part), held.get(one.part)
        if not text or not others or one.part in without:
            continue
        by_part[one.part] = most = max(one.alike(text, other) for other in others)
        total += one.weight * most
        weight += one.weight
    return Likeness(total / weight if weight else 100.0, by_part)
