"""Finding the account of what came before it: events, and people who are to become contacts. The tick looks.

What is awaited is looked at in turn, a few thousand at a time, the longest unseen first. Each lock on an awaited row is
held until the events that wait for it are changed; whoever adds to them takes the same lock (`awaiting`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db import transaction

from accounts.models import Visitor
from accounts.queries.identity import find_accounts
from accounts.queries.visitors import Whose, find_visitors
from accounts.rules.identity import Ref
from accounts.services.awaiting import USER, VISITOR, await_refs
from accounts.services.visitors import make_contacts
from core.bulk import execute, fetch_all
from intake.models import Source
from intake.queries import namespace_of
from intake.rules import Arrival

AT_ONCE = 2000
ROUNDS = 10

NEXT = """
SELECT id, namespace_id, kind, value FROM accounts_awaited WHERE checked_at IS NULL OR checked_at < %s
ORDER BY checked_at NULLS FIRST LIMIT %s FOR UPDATE SKIP LOCKED
"""
LINK_ABOUT = """
UPDATE accounts_event AS e SET account_id = f.account_id
FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::uuid[]) AS f(namespace_id, kind, value, account_id)
WHERE e.account_id IS NULL AND e.about_value <> '' AND e.about_value = f.value AND e.about_kind = f.kind
  AND e.about_namespace IS NOT DISTINCT FROM f.namespace_id
"""
LINK_USER = """
UPDATE accounts_event AS e SET account_id = coalesce(e.account_id, f.account_id), contact_id = f.contact_id,
    about_namespace = coalesce(e.about_namespace, f.about_namespace),
    about_kind = coalesce(nullif(e.about_kind, ''), f.about_kind),
    about_value = coalesce(nullif(e.about_value, ''), f.about_value)
FROM unnest(%s::text[], %s::uuid[], %s::uuid[], %s::uuid[], %s::text[], %s::text[])
    AS f(user_id, account_id, contact_id, about_namespace, about_kind, about_value)
WHERE e.contact_id IS NULL AND e.user_id <> '' AND e.user_id = f.user_id AND e.source_id = %s
"""


class Waits(NamedTuple):
    """A row of `Awaited`."""

    id: int
    namespace_id: UUID | None
    kind: str
    value: str


def link_events(now: datetime) -> int:
    """Give events and people the accounts that have become known since; how many waits ended."""
    ended = 0
    for _ in range(ROUNDS):
        seen, done = _link_some(now)
        ended += done
        if seen < AT_ONCE:
            break
    return ended


def _link_some(now: datetime) -> tuple[int, int]:
    with transaction.atomic():
        rows = [Waits(*row) for row in fetch_all(NEXT, [now, AT_ONCE])]
        by_kind: dict[str, list[Waits]] = defaultdict(list)
        for row in rows:
            by_kind[row.kind].append(row)
        visitors, users = by_kind.pop(VISITOR, []), by_kind.pop(USER, [])
        done = _link_about([row for kind in by_kind.values() for row in kind])
        done |= _make_contacts(visitors, now)
        done |= _link_users(users)
        execute("DELETE FROM accounts_awaited WHERE id = ANY(%s)", [sorted(done)])
        rest = sorted({row.id for row in rows} - done)
        execute("UPDATE accounts_awaited SET checked_at = %s WHERE id = ANY(%s)", [now, rest])
    return len(rows), len(done)


def _link_about(rows: Sequence[Waits]) -> set[int]:
    refs: dict[Ref, int] = {(row.namespace_id, row.kind, row.value): row.id for row in rows}
    found = find_accounts(refs) if refs else {}
    if found:
        parts = [[ref[part] for ref in found] for part in range(3)]
        execute(LINK_ABOUT, [*parts, list(found.values())])
    return {refs[ref] for ref in found}


def _link_users(rows: Sequence[Waits]) -> set[int]:
    """Events of somebody who is known now; where only the name of their account is, that is awaited instead."""
    done: set[int] = set()
    for source, waits in _by_source(rows):
        found = find_visitors(source.id, namespace_of(source), (row.value for row in waits))
        if found:
            _write_users(source, found)
            await_refs(who.about for who in found.values() if who.about)
        done |= {row.id for row in waits if row.value in found}
    return done


def _write_users(source: Source, found: Mapping[str, Whose]) -> None:
    whose = found.values()
    abouts = [who.about or (None, "", "") for who in whose]
    execute(
        LINK_USER,
        [
            list(found), [who.account_id for who in whose], [who.contact_id for who in whose],
            *([about[part] for about in abouts] for part in range(3)), source.id,
        ],
    )  # fmt: skip


def _make_contacts(rows: Sequence[Waits], now: datetime) -> set[int]:
    done: set[int] = set()
    for source, waits in _by_source(rows):
        visitors = Visitor.objects.filter(source_id=source.id, user_id__in=[row.value for row in waits], same_as="")
        arrival = Arrival(source.id, source.slug, namespace_of(source), now, actor=f"source {source.slug}")
        known = list(visitors)
        waiting = {visitor.user_id for visitor in known} - make_contacts(known, arrival)
        done |= {row.id for row in waits if row.value not in waiting}
    return done


def _by_source(rows: Iterable[Waits]) -> list[tuple[Source, list[Waits]]]:
    waits: dict[UUID | None, list[Waits]] = defaultdict(list)
    for row in rows:
        waits[row.namespace_id].append(row)
    sources = Source.objects.filter(id__in=[id for id in waits if id]).order_by("id")
    return [(source, waits[source.id]) for source in sources]
