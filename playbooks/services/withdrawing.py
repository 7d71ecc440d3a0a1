"""The withdraw stage: what becomes of an item when an insight behind it is taken back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.utils.translation import gettext as _

from core.bulk import execute, read_rows
from core.services import record_acts
from decisions.enums import OutcomeKind
from decisions.services import forget_streams
from insights.models import Withdrawn
from playbooks.services.capacity import give_room_back
from playbooks.services.evidence import FLAG, close_untouched, flag_touched, touched_among

LOCK_ACCOUNTS = """
SELECT id FROM accounts_account WHERE id IN (SELECT account_id FROM insights_insight WHERE id = ANY(%s))
ORDER BY id FOR NO KEY UPDATE
"""
# Open items with an insight that was taken back, and whether another insight still speaks for them.
ITEMS = """
SELECT d.item_id, bool_or(r.insight_id IS NULL) FROM decisions_decision AS d
JOIN decisions_item AS item ON item.id = d.item_id AND item.closed_at IS NULL
LEFT JOIN insights_retraction AS r ON r.insight_id = d.insight_id
WHERE d.item_id IN (SELECT item_id FROM decisions_decision WHERE insight_id = ANY(%s))
GROUP BY d.item_id ORDER BY d.item_id
"""
SENT = """
SELECT run.item_id, e.id FROM playbooks_effect AS e
JOIN playbooks_runstep AS step ON step.id = e.run_step_id JOIN playbooks_run AS run ON run.id = step.run_id
WHERE run.item_id = ANY(%s) AND e.status = 'sent'
"""
UNWATCH = "DELETE FROM playbooks_watch WHERE last_insight_id = ANY(%s)"


def withdraw_insights(rows: Sequence[Withdrawn], now: datetime) -> None:
    """Void untouched items that nothing else speaks for, with the room they took; flag the others.

    What was sent is put on record.
    """
    insights = [row.id for row in rows]
    read_rows(LOCK_ACCOUNTS, [insights])
    forget_streams(insights)
    execute(UNWATCH, [insights])
    items = read_rows(ITEMS, [insights])
    held = [item for item, others_speak in items if others_speak]
    alone = [item for item, others_speak in items if not others_speak]
    give_room_back(set(alone) - touched_among(alone))
    flag = _("An insight behind this was taken back on %(day)s.") % {"day": f"{now:%Y-%m-%d}"}
    execute(FLAG, [flag, held, flag])
    touched = flag_touched(alone, flag)
    why = "the insight was taken back"
    sent = ((item, why, {"message_sent": str(effect)}) for item, effect in read_rows(SENT, [held + alone]))
    record_acts("withdrawn", "item", sent, actor="withdraw", now=now)
    close_untouched(sorted(set(alone) - touched), outcome=OutcomeKind.RETRACTED, why=why, now=now, actor="withdraw")
