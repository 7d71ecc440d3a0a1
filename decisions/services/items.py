"""What happens to an item after it was decided: closed with a cool-down, reopened, touched, passed on."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from core.bulk import AnyId, execute
from decisions.enums import OutcomeKind
from decisions.models import Item
from decisions.queries.facts import lock_accounts


def _locked(item_id: UUID) -> Item:
    """The item, with its account held: nobody decides on it meanwhile."""
    account = Item.objects.values_list("account_id", flat=True).get(id=item_id)
    lock_accounts([account])
    return Item.objects.get(id=item_id)


def close_item(*, item_id: UUID, outcome: OutcomeKind, now: datetime) -> None:
    """Close one item; see `close_items`."""
    close_items(item_ids=[item_id], outcome=outcome, now=now)


CLOSE = """
UPDATE decisions_item AS item SET closed_at = %(now)s, outcome = %(outcome)s,
    quiet = old.quiet, quiet_until = CASE WHEN old.days > 0 THEN %(now)s + make_interval(days => old.days) END
FROM (
    SELECT i.id, rule.days, rule.id IS NOT NULL AND rule.days IS DISTINCT FROM 0 AS quiet
    FROM decisions_item i
    LEFT JOIN LATERAL (
        SELECT c.id, c.days FROM decisions_cooldown c
        WHERE c.outcome = %(outcome)s AND (c.type_id = i.type_id OR c.type_id IS NULL)
        ORDER BY c.type_id NULLS LAST LIMIT 1
    ) AS rule ON true
    WHERE i.id = ANY(%(items)s) AND i.closed_at IS NULL
    ORDER BY i.id FOR NO KEY UPDATE OF i
) AS old
WHERE item.id = old.id
"""


def close_items(*, item_ids: Collection[AnyId], outcome: OutcomeKind, now: datetime) -> int:
    """`close_item` for many at once; the caller holds their accounts. How many were open."""
    return execute(CLOSE, {"items": list(item_ids), "outcome": outcome.value, "now": now})


def reopen_item(*, item_id: UUID, now: datetime) -> None:
    """Undo a close. Raises `IntegrityError` when another item was opened for the account and type since."""
    item = _locked(item_id)
    item.closed_at, item.outcome, item.quiet, item.quiet_until = None, "", False, None
    item.save(update_fields=["closed_at", "outcome", "quiet", "quiet_until"])


def touch_item(*, item_id: UUID, now: datetime) -> bool:
    """Somebody has begun to act: the item no longer closes by itself when its cause goes away. Whether that is new."""
    return bool(Item.objects.filter(id=item_id, touched_at=None).update(touched_at=now))


def untouch_item(*, item_id: UUID) -> None:
    """Take the first touch back."""
    Item.objects.filter(id=item_id).update(touched_at=None)


def assign_item(*, item_id: UUID, owner_id: UUID | None, now: datetime) -> None:
    """The item belongs to somebody else from now on."""
    Item.objects.filter(id=item_id).update(owner_id=owner_id)


def reactivate_account(*, account_id: UUID) -> int:
    """A lost customer is back: cool-downs without an end are over. How many there were."""
    lock_accounts([account_id])
    return Item.objects.filter(account_id=account_id, quiet=True, quiet_until=None).update(quiet=False)


def forget_streams(insight_ids: Collection[UUID]) -> None:
    """What these insights, now taken back, made their streams remember is forgotten: the next score starts afresh."""
    execute(
        "DELETE FROM decisions_stream AS s USING insights_insight AS i WHERE i.id = ANY(%s)"
        " AND (s.account_id, s.type_id, s.source_id, s.model) = (i.account_id, i.type_id, i.source_id, i.model)"
        " AND s.scored_at = i.scored_at",
        [list(insight_ids)],
    )
