"""Putting down whose account some events, or somebody, wait for (`accounts.services.linking` looks for it)."""

from __future__ import annotations

from collections.abc import Iterable

from accounts.rules.identity import Ref
from core.bulk import execute

USER, VISITOR = "user", "visitor"

# The update locks the row and changes nothing: whoever links what waits for it sees these events, or comes after them.
AWAIT = """
INSERT INTO accounts_awaited (namespace_id, kind, value)
SELECT w.* FROM unnest(%s::uuid[], %s::text[], %s::text[]) AS w(namespace_id, kind, value) ORDER BY 3, 2, 1
ON CONFLICT (value, kind, namespace_id) DO UPDATE SET value = EXCLUDED.value
"""


def await_refs(refs: Iterable[Ref]) -> None:
    """Put down (namespace, kind, value) of what is to be looked for, as `Awaited` has them."""
    rows = sorted(set(refs), key=str)
    if rows:
        execute(AWAIT, [[row[part] for row in rows] for part in range(3)])
