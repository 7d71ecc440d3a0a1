"""Tasks on accounts on which whoever has them holds no role: they came from a pool, or were handed over."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django.db.models.expressions import RawSQL
from django.utils import formats
from django.utils.translation import gettext as _

from core.models import User

STRANGER = """(
    SELECT coalesce(max(concat_ws('#', coalesce(nullif(trim(u.first_name || ' ' || u.last_name), ''), u.username), (
        SELECT max(a.active_to - interval '1 microsecond')::date FROM core_absence a
        WHERE a.user_id = u.id AND %s >= a.active_from AND %s < a.active_to
    ))) FILTER (WHERE p.role = 'csm'), '')
    FROM (SELECT playbooks_task.account_id AS id, playbooks_task.assignee_id AS whose) AS t
    LEFT JOIN accounts_accountperson p ON p.account_id = t.id LEFT JOIN core_user u ON u.id = p.user_id
    WHERE t.id IS NOT NULL HAVING count(*) > 0 AND count(*) FILTER (WHERE p.user_id = t.whose) = 0
    )"""


def stranger(now: datetime) -> RawSQL:
    """The name of the account's customer success manager; "" where there is none, NULL where the assignee has a role.

    After a # stands the last day of their absence, while they are away at `now`.
    """
    return RawSQL(STRANGER, (now, now))  # noqa: S611 - a constant  # nosec B611


def whose_account(csm: str) -> str:
    """Why a task is somebody's whose account it is not, as far as its line has room for that."""
    name, _mark, until = csm.rpartition("#") if "#" in csm else (csm, "", "")
    if until:
        day = formats.date_format(date.fromisoformat(until), "j M")
        return _("for %(name)s, away until %(day)s") % {"name": name, "day": day}
    return _("%(name)s’s account") % {"name": name} if name else _("shared account, nobody’s own")


def say_whose(rows: Sequence[Any]) -> None:
    """Give each row `whose` account it is on, "" where `is_own`; else by `csm`, an id or None. One query."""
    others = [row for row in rows if not row.is_own]
    names = User.objects.in_bulk({row.csm for row in others if row.csm})
    for row in rows:
        row.whose = "" if row.is_own else whose_account(str(names.get(row.csm, "")))
