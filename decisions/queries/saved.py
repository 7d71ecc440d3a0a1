"""Saved segments as columns of the matrix (docs/adr/0014): which ones matrices name, and who is in them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from core.bulk import AnyId, Id, read_rows
from decisions.enums import SAVED, PolicyState
from decisions.models import OwnershipCell
from decisions.rules.decide import Ownership, Place

# A segment that was put away holds nobody: its cells decide nothing.
MEMBERS = """
SELECT m.account_id, array_agg(%(saved)s || s.slug ORDER BY s.slug)
FROM accounts_segmentmember AS m JOIN accounts_segment AS s ON s.id = m.segment_id
WHERE m.account_id = ANY(%(ids)s) AND s.is_active AND %(saved)s || s.slug = ANY(%(named)s) GROUP BY m.account_id
"""


def saved_segments(matrices: Iterable[Ownership]) -> list[str]:
    """The saved segments that these matrices name, as their cells name them."""
    named = {cell.segment for matrix in matrices for cell in matrix.cells}
    return sorted(name for name in named if name.startswith(SAVED))


def place_in_saved(places: dict[Id, Place], account_ids: Sequence[AnyId], matrices: Iterable[Ownership]) -> None:
    """Note on the places which segments that these matrices name each account is in; no query where none is named."""
    if named := saved_segments(matrices):
        for id, found in read_rows(MEMBERS, {"ids": list(account_ids), "named": named, "saved": SAVED}):
            places[id] = replace(places[id], saved=tuple(found))


def versions_naming(slug: str) -> list[int]:
    """The versions of the matrix, in force, to come or drafted, that name the saved segment `slug`."""
    cells = OwnershipCell.objects.filter(segment=f"{SAVED}{slug}")
    cells = cells.filter(policy__state=PolicyState.DRAFT) | cells.filter(policy__active_to=None)
    return sorted(set(cells.values_list("policy", flat=True)))
