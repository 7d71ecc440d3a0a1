"""What must reach a person whatever else is going on (PRODUCT.md, Meanings: red lines)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Exists, OuterRef, Q

from accounts.enums import RedLine, Stakeholder
from accounts.models import Contact, Contract, RedLineFlag
from core.bulk import AnyId, fetch_all

SPONSOR_LEFT_DAYS = 90
NOTICE_DAYS = 30

# The ids come once: a batch has thousands, and each of the three would send and read them anew.
RED_LINES = """
WITH wanted AS MATERIALIZED (SELECT %(ids)s::uuid[] AS ids)
SELECT account_id, kind FROM accounts_redlineflag
WHERE account_id = ANY((SELECT ids FROM wanted)::uuid[]) AND since <= %(now)s AND (until IS NULL OR until > %(now)s)
UNION
SELECT account_id, 'sponsor_left' FROM accounts_contact
WHERE account_id = ANY((SELECT ids FROM wanted)::uuid[]) AND same_as_id IS NULL
  AND CASE WHEN shown = '{}' THEN stakeholder ELSE shown->>'stakeholder' END = 'sponsor'
  AND CASE WHEN shown = '{}' THEN left_on ELSE (shown->>'left_on')::date END
      BETWEEN %(today)s::date - %(sponsor_days)s + 1 AND %(today)s::date
UNION
SELECT account_id, 'notice_date' FROM accounts_contract
WHERE account_id = ANY((SELECT ids FROM wanted)::uuid[]) AND ended_early_on IS NULL
  AND notice_on BETWEEN %(today)s::date AND %(today)s::date + %(notice_days)s
"""


def crosses_red_line(now: datetime, *, dated: bool = True) -> Q:
    """Accounts that have any red line at `now`, as a condition: the same three as in `RED_LINES`.

    Without `dated` only those that press whatever the day: not the notice date.
    """
    here, today = OuterRef("pk"), now.date()
    flags = RedLineFlag.objects.filter(Q(until=None) | Q(until__gt=now), account=here, since__lte=now)
    left = (today - timedelta(days=SPONSOR_LEFT_DAYS - 1), today)
    people = Contact.objects.filter(account=here)
    sponsors = people.showing(stakeholder=Stakeholder.SPONSOR, left_on__range=left)
    near = (today, today + timedelta(days=NOTICE_DAYS))
    notices = Contract.objects.filter(account=here, ended_early_on=None, notice_on__range=near)
    standing = Q(Exists(flags)) | Q(Exists(sponsors))
    return standing | Q(Exists(notices)) if dated else standing


_ORDER = {kind: place for place, kind in enumerate(RedLine.values)}


def red_lines(account_ids: Collection[AnyId], now: datetime) -> dict[UUID, tuple[str, ...]]:
    """Account → its red lines at `now`, in the order of `RedLine`; accounts without one are left out.

    One query: flags that stand; sponsors who left within 90 days; contracts whose notice date is within the next
    30 days. A contract without a notice date has no such red line.
    """
    found: dict[UUID, list[str]] = {}
    days = {"sponsor_days": SPONSOR_LEFT_DAYS, "notice_days": NOTICE_DAYS}
    for account, kind in fetch_all(RED_LINES, {"ids": list(account_ids), "now": now, "today": now.date(), **days}):
        found.setdefault(account, []).append(kind)
    return {account: tuple(sorted(kinds, key=_ORDER.__getitem__)) for account, kinds in found.items()}
