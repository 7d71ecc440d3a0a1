"""Which of two accounts a row belongs to, by the link its record came under: after an undone merge, or a split."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

import msgspec

from accounts.queries.identity import find_accounts
from accounts.rules.identity import Ref
from accounts.rules.records import AccountRef, account_ref
from accounts.services.places import Place, move_rows, places
from core.bulk import fetch_all
from intake.models import Source
from intake.queries import find_namespaces, namespace_of

# A record is logged in the transaction that writes its row, so their time-ordered ids lie close together; a row that
# has waited for its account has the id of its record.
LOGGED = """
JOIN LATERAL (
    SELECT r.source_id, r.payload->'account' AS ref FROM intake_record r
    WHERE r.id BETWEEN cx_uuid7_floor(t.at - interval '10 minutes') AND cx_uuid7_floor(t.at + interval '1 minute')
      AND r.source_id = x.source_id AND r.kind = ANY(%(kinds)s) AND {same}
    ORDER BY r.id DESC LIMIT 1) AS r ON true
"""
SAME = {"orders": "(r.id = x.id OR r.external_id IN (x.external_id, regexp_replace(x.external_id, '-[0-9]+$', '')))"}
CAME_AS = """
JOIN intake_record rec ON rec.id = {record}
CROSS JOIN LATERAL (SELECT rec.source_id, rec.payload->'account' AS ref) AS r
"""
AT = """
CROSS JOIN LATERAL (SELECT to_timestamp(
    ('x' || substr(replace({id}::text, '-', ''), 1, 12))::bit(48)::bigint / 1000.0) AS at) AS t
"""


def send_home(*, start: UUID, to: UUID, since: datetime | None = None) -> int:
    """Re-point rows of `start` that came (since) under a link which is `to`'s now, with what follows them; how many."""
    sent = 0
    for place in places():
        if place.kinds or place.record or place.about:
            keys = [key for key, account in _meant(place, start, since) if account == to]
            sent += len(move_rows(place, start, to, keys)) if keys else 0
        elif place.follows:
            sent += _follow(place, start, to)
    return sent


def _follow(place: Place, start: UUID, to: UUID) -> int:
    sql = f'SELECT {place.key} FROM "{place.table}" x WHERE x.{place.column} = %s AND {place.follows} = %s'  # noqa: S608 - ours  # nosec B608
    keys = [key for (key,) in fetch_all(sql, [start, to])]
    return len(move_rows(place, start, to, keys)) if keys else 0


def _meant(place: Place, start: UUID, since: datetime | None) -> Iterator[tuple[str, UUID]]:
    """Rows of `start` that came as a record, with the account that the record means today."""
    if place.about:
        yield from _said(place, start, since)
        return
    rows = _rows(place, start, since)
    sources = {source.id: source for source in Source.objects.filter(pk__in={source for _key, source, _ref in rows})}
    refs: dict[str, Ref] = {}
    decoded = [
        (key, sources.get(source), msgspec.json.decode(ref, type=AccountRef)) for key, source, ref in rows if ref
    ]
    spaces = find_namespaces(ref.source for _key, _source, ref in decoded if isinstance(ref.source, str))
    for key, source, ref in decoded:
        space = spaces.get(ref.source) if isinstance(ref.source, str) else source and namespace_of(source)
        if space is not None:
            refs[key] = account_ref(ref, space)
    found = find_accounts(refs.values())
    yield from ((key, found[ref]) for key, ref in refs.items() if ref in found)


def _said(place: Place, start: UUID, since: datetime | None) -> Iterator[tuple[str, UUID]]:
    sql = f"""SELECT {place.key}, x.about_namespace, x.about_kind, x.about_value FROM "{place.table}" x
        WHERE x.{place.column} = %s AND (%s::timestamptz IS NULL OR x.received_at >= %s)"""  # noqa: S608 - ours  # nosec B608
    refs: dict[str, Ref] = {
        key: (space, kind, value) for key, space, kind, value in fetch_all(sql, [start, since, since])
    }
    found = find_accounts(refs.values())
    yield from ((key, found[ref]) for key, ref in refs.items() if ref in found)


def _rows(place: Place, start: UUID, since: datetime | None) -> list[tuple[str, UUID, str | None]]:
    made_since = "" if since is None else "AND {id} >= cx_uuid7_floor(%(since)s)"
    if place.kinds:
        id = "x.id"
        same = SAME.get(place.kinds[0], "r.external_id = x.external_id")
        came = AT.format(id=id) + LOGGED.format(same=same)
    else:
        id = place.record
        came = CAME_AS.format(record=id)
    sql = f"""SELECT {place.key}, r.source_id, r.ref FROM "{place.table}" x {came}
        WHERE x.{place.column} = %(start)s {made_since.format(id=id)}"""  # noqa: S608 - ours  # nosec B608
    return fetch_all(sql, {"start": start, "since": since, "kinds": list(place.kinds)})
