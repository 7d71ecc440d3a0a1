"""Everything the screen of the ownership matrix shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from decisions.enums import SAVED
from decisions.models import OwnershipCell, OwnershipPolicy
from decisions.queries.changes import Difference, difference
from decisions.queries.coverage import read_peers
from decisions.queries.matrix import (
    Book,
    Grid,
    GridCell,
    cell_in_words,
    grid_of,
    read_book,
    value_in_words,
    values_of,
)
from decisions.queries.versions import Versions, versions_of
from decisions.rules.decide import Cell, Ownership, by_precedence, find_cell

PARTS = ("tier", "region", "stage", "segment")


@dataclass(frozen=True)
class OwnershipPage:
    """What `templates/decisions/ownership.html` shows. `draft` and `difference` only where there is a draft."""

    versions: Versions[OwnershipPolicy]
    book: Book
    live: Ownership
    draft: Ownership | None
    is_draft_shown: bool
    grid: Grid
    difference: Difference | None
    chosen: GridCell | None

    @property
    def seen(self) -> dict[str, object]:
        """What a write must carry."""
        draft = self.versions.draft
        return {"draft": draft.version if draft else None, "edits": draft.edits if draft else 0}

    @property
    def choices(self) -> dict[str, list[tuple[str, str]]]:
        """The values that a cell may name, by part."""
        known = values_of(self.book.peers)
        cells = [*self.live.cells, *(self.draft.cells if self.draft else ())]
        for part in PARTS:
            known[part] = sorted({*known[part], *filter(None, (getattr(cell, part) for cell in cells))})
        known["segment"] = [value for value in known["segment"] if not value.startswith(SAVED)]
        choices = {part: [(value, value_in_words(value, part)) for value in values] for part, values in known.items()}
        choices["segment"] += [(slug, _("%(name)s (saved)") % {"name": name}) for slug, name in self.book.saved.items()]
        return choices

    @property
    def chosen_label(self) -> str:
        if self.chosen is None:
            return ""
        return f"{self.book.types[self.chosen.type]} × {self.chosen.segment}"

    @property
    def chosen_source(self) -> str:
        """The cell that decides for the chosen one."""
        return cell_in_words(self.chosen.source, self.book) if self.chosen else ""

    @property
    def chosen_wider(self) -> str:
        """The cell that would decide for the chosen one if it were taken away."""
        if self.chosen is None or not self.chosen_may_go:
            return ""
        shown = self.draft if self.draft and self.is_draft_shown else self.live
        others = Ownership(shown.version, tuple(cell for cell in shown.cells if cell != self.chosen.source))
        return cell_in_words(find_cell(self.chosen.type, self.chosen.place, others), self.book)

    @property
    def chosen_may_go(self) -> bool:
        """Whether the chosen cell may be taken away: all but the one for everything."""
        return self.chosen is not None and any(self.chosen.key.split("."))

    @property
    def overrides(self) -> list[GridCell]:
        """Narrower cells of the same type that come before the chosen one."""
        if self.chosen is None or not self.chosen.is_own:
            return []
        return [cell for cell in self.grid.cells if cell.type == self.chosen.type and _is_within(cell, self.chosen)]


def _is_within(cell: GridCell, wider: GridCell) -> bool:
    pairs = [(getattr(cell.place, part), getattr(wider.place, part)) for part in PARTS]
    return cell.is_own and cell.place != wider.place and all(value in ("", own) for own, value in pairs)


def read_page(asked: Mapping[str, Any], now: datetime) -> OwnershipPage:
    """The page as a query string asks for it: `show` (live or draft), `cell` (the chosen one's key)."""
    versions = versions_of(OwnershipPolicy, now)
    matrices = _matrices([versions.live, versions.newest, *([versions.draft] if versions.draft else [])])
    live = matrices[versions.live.version]
    draft = matrices[versions.draft.version] if versions.draft else None
    book = read_book(read_peers(now, matrices.values()))
    is_draft_shown = draft is not None and asked.get("show") != "live"
    replaced = matrices[versions.newest.version]
    grid = grid_of(book, draft, live=replaced) if draft and is_draft_shown else grid_of(book, live)
    return OwnershipPage(
        versions=versions,
        book=book,
        live=live,
        draft=draft,
        is_draft_shown=is_draft_shown,
        grid=grid,
        difference=difference(book, replaced, draft) if draft else None,
        chosen=grid.find(str(asked.get("cell", ""))),
    )


def _matrices(versions: list[OwnershipPolicy]) -> dict[int, Ownership]:
    """The cells of some versions, by version, in one query."""
    cells: dict[int, list[Cell]] = {policy.version: [] for policy in versions}
    for row in OwnershipCell.objects.filter(policy__in=cells):
        cells[row.policy_id].append(Cell(row.type_id or "", row.tier, row.region, row.stage, row.segment, row.role))
    return {version: Ownership(version, by_precedence(own)) for version, own in cells.items()}
