"""Everything that is somebody's: what a leaver leaves behind, row by row, in one table of queries."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.utils.translation import gettext as _

from accounts.enums import AccountRole
from core.bulk import Id, fetch_all
from core.models import User
from playbooks.enums import Held, Lane

ACTIVE_TASK = "t.status IN ('open', 'claimed', 'snoozed', 'waiting')"


class Place(NamedTuple):
    """A column that names a person. `live`: which rows may still be given away (SQL about the table's row, `x`)."""

    held: Held
    table: str
    column: str
    key: str
    live: str
    # (id, account or null, what it is called, kept for an undo) of the rows that are %(user)s's
    select: str


PLACES = {
    "task": Place(
        Held.TASKS, "playbooks_task", "assignee_id", "uuid", "x.status IN ('open', 'claimed', 'snoozed', 'waiting')",
        f"""SELECT t.id, t.account_id, t.lane, t.acknowledged_at FROM playbooks_task t
        WHERE t.assignee_id = %(user)s AND {ACTIVE_TASK}
            AND (%(before)s::timestamptz IS NULL OR least(t.due_at, t.acknowledge_by, t.touch_by) < %(before)s)""",  # noqa: S608 - ACTIVE_TASK is above  # nosec B608
    ),
    "item_of_task": Place(
        Held.TASKS, "decisions_item", "owner_id", "uuid", "x.closed_at IS NULL",
        f"""SELECT i.id, i.account_id, '', NULL FROM decisions_item i
        JOIN playbooks_task t ON t.item_id = i.id AND t.assignee_id = %(user)s AND {ACTIVE_TASK}
            AND (%(before)s::timestamptz IS NULL OR least(t.due_at, t.acknowledge_by, t.touch_by) < %(before)s)
        WHERE i.closed_at IS NULL AND i.owner_id = %(user)s GROUP BY i.id""",  # noqa: S608 - ACTIVE_TASK is above  # nosec B608
    ),
    "run_of_task": Place(
        Held.TASKS, "playbooks_run", "owner_id", "uuid", "x.status = 'live'",
        f"""SELECT r.id, i.account_id, '', NULL FROM playbooks_run r JOIN decisions_item i ON i.id = r.item_id
        JOIN playbooks_task t ON t.item_id = i.id AND t.assignee_id = %(user)s AND {ACTIVE_TASK}
            AND (%(before)s::timestamptz IS NULL OR least(t.due_at, t.acknowledge_by, t.touch_by) < %(before)s)
        WHERE r.status = 'live' AND r.owner_id = %(user)s GROUP BY r.id, i.account_id""",  # noqa: S608 - ACTIVE_TASK is above  # nosec B608
    ),
    "item": Place(
        Held.RUNS, "decisions_item", "owner_id", "uuid", "x.closed_at IS NULL",
        f"""SELECT i.id, i.account_id, y.name, NULL FROM decisions_item i
        JOIN insights_insighttype y ON y.slug = i.type_id
        WHERE i.closed_at IS NULL AND i.owner_id = %(user)s
            AND NOT EXISTS (SELECT 1 FROM playbooks_task t WHERE t.item_id = i.id AND {ACTIVE_TASK})""",  # noqa: S608 - ACTIVE_TASK is above  # nosec B608
    ),
    "run": Place(
        Held.RUNS, "playbooks_run", "owner_id", "uuid", "x.status = 'live'",
        f"""SELECT r.id, i.account_id, '', NULL FROM playbooks_run r JOIN decisions_item i ON i.id = r.item_id
        WHERE r.status = 'live' AND r.owner_id = %(user)s
            AND NOT EXISTS (SELECT 1 FROM playbooks_task t WHERE t.item_id = i.id AND {ACTIVE_TASK})""",  # noqa: S608 - ACTIVE_TASK is above  # nosec B608
    ),
    "role": Place(
        Held.ROLES, "accounts_accountperson", "user_id", "bigint", "true",
        "SELECT p.id, p.account_id, p.role, NULL FROM accounts_accountperson p WHERE p.user_id = %(user)s",
    ),
    "watch": Place(
        Held.WATCHES, "playbooks_watch", "user_id", "bigint", "true",
        """SELECT w.id, w.account_id, y.name, NULL FROM playbooks_watch w
        JOIN insights_insighttype y ON y.slug = w.type_id WHERE w.user_id = %(user)s AND w.until > %(now)s""",
    ),
    "playbook": Place(
        Held.OWNED, "playbooks_playbook", "owner_id", "slug", "true",
        "SELECT slug, NULL::uuid, name, NULL FROM playbooks_playbook WHERE owner_id = %(user)s",
    ),
    "source": Place(
        Held.OWNED, "intake_source", "owner_id", "uuid", "true",
        """SELECT id, NULL::uuid, name, NULL FROM intake_source
        WHERE owner_id = %(user)s AND person_id IS DISTINCT FROM %(user)s""",
    ),
    "source_backup": Place(
        Held.OWNED, "intake_source", "backup_id", "uuid", "true",
        "SELECT id, NULL::uuid, name, NULL FROM intake_source WHERE backup_id = %(user)s",
    ),
    "team": Place(
        Held.OWNED, "core_team", "lead_id", "uuid", "true",
        "SELECT id, NULL::uuid, name, NULL FROM core_team WHERE lead_id = %(user)s AND is_active",
    ),
    "catch_all": Place(
        Held.OWNED, "core_organisation", "catch_all_id", "smallint", "true",
        "SELECT id, NULL::uuid, name, NULL FROM core_organisation WHERE catch_all_id = %(user)s",
    ),
}  # fmt: skip


class Holding(NamedTuple):
    """One row that is somebody's: where it stands, which one, on which account, and what a person calls it.

    `what` is empty for rows that only follow another one.
    """

    place: str
    id: Id
    account_id: UUID | None
    what: str
    kept: datetime | None


def holdings_of(
    user: User, groups: Collection[Held], *, now: datetime, due_before: datetime | None = None
) -> list[Holding]:
    """What is `user`'s in these groups, in one order. due_before: of the tasks only those due by then."""
    names = [name for name, place in PLACES.items() if place.held in groups]
    if not names:
        return []
    parts = (
        f"SELECT {number}, x.id::text, x.account_id, x.what::text, x.kept::timestamptz"  # noqa: S608 - PLACES is above  # nosec B608
        f" FROM ({PLACES[name].select}) AS x (id, account_id, what, kept)"
        for number, name in enumerate(names)
    )
    rows = fetch_all(f"{' UNION ALL '.join(parts)} ORDER BY 1, 2", {"user": user.pk, "before": due_before, "now": now})
    return [Holding(names[number], *row) for number, *row in rows]


def called(holding: Holding) -> str:
    """What a person calls it: the lane of a task, the role on an account, the name of what is owned."""
    words = WORDS.get(holding.place)
    return words(holding.what) if words else holding.what


WORDS: dict[str, Callable[[str], str]] = {
    "task": lambda lane: str(Lane(lane).label),
    "role": lambda role: str(AccountRole(role).label),
    "playbook": lambda name: _("Playbook: %(name)s") % {"name": name},
    "source": lambda name: _("Source: %(name)s") % {"name": name},
    "source_backup": lambda name: _("Backup of the source: %(name)s") % {"name": name},
    "team": lambda name: _("Lead of %(name)s") % {"name": name},
    "catch_all": lambda name: _("Catch-all of %(name)s") % {"name": name},
}
