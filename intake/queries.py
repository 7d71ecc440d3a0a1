"""What is known about sources."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from uuid import UUID

from django.db.models import QuerySet

from core.export import csv_line
from core.models import User
from intake.models import Import, RejectedRow, Source

REASON = ("_row", "_column", "_code", "_message", "_value")


def namespace_of(source: Source) -> UUID:
    """The source whose account ids `source` uses."""
    return source.account_namespace_id or source.id


def find_namespaces(slugs: Iterable[str]) -> dict[str, UUID]:
    """The namespace of each source called by its slug; unknown ones are left out."""
    wanted = set(slugs)
    if not wanted:
        return {}
    return {source.slug: namespace_of(source) for source in Source.objects.filter(slug__in=wanted)}


def visible_imports(user: User) -> QuerySet[Import]:
    """Files that `user` may see, with what a list shows of them."""
    return Import.objects.visible_to(user).select_related("source", "created_by")


def rejected_as_csv(of: Import) -> Iterator[str]:
    """The rows that were not taken, as a file to mend and send again: original columns, then why."""
    header = [str(name) for name in of.dialect.get("header", [])]
    yield csv_line([*header, *REASON])
    for row in RejectedRow.objects.filter(of=of).order_by("row").iterator(2000):
        cells = [str(cell) for cell in row.cells][: len(header)]
        blanks = [""] * (len(header) - len(cells))
        yield csv_line([*cells, *blanks, str(row.row), row.column, row.code, row.message, row.value])
