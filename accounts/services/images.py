"""Rows as they were: kept before something changes them, and put back to the byte where nothing else did since."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from core.bulk import execute, fetch_all

Image = dict[str, str]
"""The row's id as text → the row as PostgreSQL writes it in JSON."""


def images_of(table: str, ids: Collection[str], *, column: str = "id") -> Image:
    """The rows of `table` whose `column` is one of `ids`, by their id."""
    sql = f'SELECT x.id::text, to_jsonb(x) FROM "{table}" x WHERE x.{column}::text = ANY(%s) ORDER BY 1'  # noqa: S608 - ours  # nosec B608
    return dict(fetch_all(sql, [list(ids)])) if ids else {}


def put_back(table: str, before: Mapping[str, str], after: Mapping[str, str]) -> set[str]:
    """Rows that are as the change left them are as before again; their ids. Those that it made are gone."""
    made = [id for id in after if id not in before]
    if made:
        execute(
            f'DELETE FROM "{table}" x USING unnest(%s::text[], %s::jsonb[]) AS w(id, held)'  # noqa: S608 - ours  # nosec B608
            " WHERE x.id::text = w.id AND to_jsonb(x) = w.held",
            [made, [after[id] for id in made]],
        )
    changed = [id for id, row in before.items() if id in after and after[id] != row]
    if not changed:
        return set()
    columns = _columns(table)
    names = ", ".join(columns)
    values = ", ".join(f"p.{column}" for column in columns)
    rows = fetch_all(
        f"""UPDATE "{table}" x SET ({names}) = ROW({values})
        FROM unnest(%s::text[], %s::jsonb[], %s::jsonb[]) AS w(id, was, held)
        CROSS JOIN LATERAL jsonb_populate_record(NULL::"{table}", w.was) AS p
        WHERE x.id::text = w.id AND to_jsonb(x) = w.held RETURNING x.id::text""",  # noqa: S608 - ours  # nosec B608
        [changed, [before[id] for id in changed], [after[id] for id in changed]],
    )
    return {id for (id,) in rows}


def _columns(table: str) -> list[str]:
    rows = fetch_all(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped"
        " AND attgenerated = '' ORDER BY attnum",
        [table],
    )
    return [f'"{name}"' for (name,) in rows]
