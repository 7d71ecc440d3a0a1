"""Tasks on accounts on which whoever has them holds no role: they came from a pool, or were handed over."""

from __future__ import annotations

from django.db.models.expressions import RawSQL
from django.utils.translation import gettext as _

# The name of the account's customer success manager, "" where it has none; NULL where the assignee has a role on it.
STRANGER = RawSQL(
    """(
    SELECT coalesce(max(coalesce(nullif(trim(u.first_name || ' ' || u.last_name), ''), u.username))
                        FILTER (WHERE p.role = 'csm'), '')
    FROM (SELECT playbooks_task.account_id AS id, playbooks_task.assignee_id AS whose) AS t
    LEFT JOIN accounts_accountperson p ON p.account_id = t.id LEFT JOIN core_user u ON u.id = p.user_id
    WHERE t.id IS NOT NULL HAVING count(*) > 0 AND count(*) FILTER (WHERE p.user_id = t.whose) = 0
    )""",
    (),
)  # a constant  # nosec B611


def whose_account(csm: str) -> str:
    """Why a task is somebody's whose account it is not, as far as its line has room for that."""
    return _("%(name)s’s account") % {"name": csm} if csm else _("shared account, nobody’s own")
