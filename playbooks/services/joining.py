"""Two accounts become one: of two open items of a type the merged account's becomes evidence of the other."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from django.utils.translation import gettext as _

from accounts.services.places import Merging, Place, Room
from core.bulk import execute, fetch_all
from decisions.enums import OutcomeKind
from decisions.services import close_items
from playbooks.services.ending import end_tasks
from playbooks.services.starting import stop_runs_of

OF_ITEM = "(SELECT i.account_id FROM decisions_item i WHERE i.id = x.item_id)"
# Open items of the merged account of which the survivor has one too, in the order of locks (ADR 0012).
CLASHES = """
SELECT mine.id::text, theirs.id::text FROM decisions_item mine
JOIN decisions_item theirs ON theirs.account_id = %s AND theirs.closed_at IS NULL
    AND (theirs.type_id, theirs.slot) = (mine.type_id, mine.slot)
WHERE mine.account_id = %s AND mine.closed_at IS NULL ORDER BY mine.id FOR UPDATE
"""
# Table → those of its rows that go with items.
WITH_ITEMS = {
    "decisions_item": "SELECT id::text FROM decisions_item WHERE id::text = ANY(%s) ORDER BY id FOR UPDATE",
    "playbooks_task": "SELECT id::text FROM playbooks_task WHERE item_id::text = ANY(%s) ORDER BY id FOR UPDATE",
    "playbooks_run": "SELECT id::text FROM playbooks_run WHERE item_id::text = ANY(%s) ORDER BY id FOR UPDATE",
    "playbooks_runstep": """SELECT s.id::text FROM playbooks_runstep s JOIN playbooks_run r ON r.id = s.run_id
        WHERE r.item_id::text = ANY(%s) ORDER BY s.id FOR UPDATE OF s""",
    "playbooks_effect": """SELECT e.id::text FROM playbooks_effect e JOIN playbooks_runstep s ON s.id = e.run_step_id
        JOIN playbooks_run r ON r.id = s.run_id WHERE r.item_id::text = ANY(%s) ORDER BY e.id FOR UPDATE OF e""",
}
ADD_EVIDENCE = """
UPDATE {table} x SET evidence_count = x.evidence_count + more.count{version}
FROM (SELECT w.kept, sum(i.evidence_count) AS count FROM unnest(%s::uuid[], %s::uuid[]) AS w(gone, kept)
      JOIN decisions_item i ON i.id = w.gone GROUP BY w.kept) AS more
WHERE {match}
"""
ACTIVE = "x.closed_at IS NULL AND x.run_step_id IS NULL"


def _clashes(merging: Merging) -> list[tuple[str, str]]:
    return [(gone, kept) for gone, kept in fetch_all(CLASHES, [merging.survivor, merging.merged])]


def what_joins(merging: Merging) -> dict[str, Collection[str]]:
    """Rows that `join_items` will change."""
    items = sorted({id for clash in _clashes(merging) for id in clash})
    return {table: [id for (id,) in fetch_all(sql, [items])] for table, sql in WITH_ITEMS.items()}


def what_ends(merging: Merging) -> list[str]:
    """What `join_items` will end, by the names of the insight types."""
    sql = """SELECT DISTINCT y.name FROM decisions_item i JOIN insights_insighttype y ON y.slug = i.type_id
        WHERE i.id::text = ANY(%s) ORDER BY 1"""
    types = [name for (name,) in fetch_all(sql, [[gone for gone, _kept in _clashes(merging)]])]
    words = _("Both have something open about %(types)s: what is open there ends as a duplicate, its evidence stays.")
    return [words % {"types": ", ".join(types)}] if types else []


def join_items(merging: Merging) -> None:
    """End what was being done twice; what the merged account's item knew counts as evidence of the survivor's."""
    clashes = _clashes(merging)
    if not clashes:
        return
    gone, kept = [list(column) for column in zip(*clashes, strict=True)]
    for table, match, version in (
        ("decisions_item", "x.id = more.kept", ""),
        ("playbooks_task", f"x.item_id = more.kept AND {ACTIVE}", ", version = x.version + 1"),
    ):
        execute(ADD_EVIDENCE.format(table=table, match=match, version=version), [gone, kept])
    stop_runs_of(gone, why=_("merged with what was open on the other account"), now=merging.now)
    end_tasks(gone, outcome=OutcomeKind.DUPLICATE, now=merging.now, actor=f"merge by {merging.by.username}")
    close_items(item_ids=gone, outcome=OutcomeKind.DUPLICATE, now=merging.now)


def part_items(changed: Mapping[str, Collection[str]]) -> None:
    """Tasks that are open again have no outcome to be measured."""
    tasks = list(changed.get("playbooks_task", ()))
    if tasks:
        execute(
            "DELETE FROM playbooks_closedtask c USING playbooks_task t"
            " WHERE t.id = c.id AND t.closed_at IS NULL AND t.id::text = ANY(%s)",
            [tasks],
        )


PLAYBOOKS = Room(
    places=(
        Place("playbooks_run", follows=OF_ITEM, counted=False),
        Place("playbooks_task", follows=OF_ITEM),
        Place("playbooks_watch", record="x.last_insight_id", unless="y.type_id = x.type_id"),
    ),
    changes=what_joins,
    ends=what_ends,
    join=join_items,
    part=part_items,
)
