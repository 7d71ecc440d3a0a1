"""What is known about sources."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from intake.models import Source


def namespace_of(source: Source) -> UUID:
    """The source whose account ids `source` uses."""
    return source.account_namespace_id or source.id


def find_namespaces(slugs: Iterable[str]) -> dict[str, UUID]:
    """The namespace of each source called by its slug; unknown ones are left out."""
    wanted = set(slugs)
    if not wanted:
        return {}
    return {source.slug: namespace_of(source) for source in Source.objects.filter(slug__in=wanted)}
