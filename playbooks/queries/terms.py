"""How near the term of a task's account is to its notice date or its end."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from django.db.models import F, JSONField, OuterRef, Subquery
from django.db.models.functions import JSONObject
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Contract
from decisions.rules import URGENCY

# From so many days before a term's notice date or end the priority counts how near it is (`decisions.rules.URGENCY`).
NEAR_DAYS = URGENCY[-1][0]


class Term(NamedTuple):
    """The term that runs now: its end, and the last day on which notice can be given."""

    ends_on: date
    notice_on: date | None

    @classmethod
    def read(cls, contract: dict[str, str] | None) -> Term | None:
        """From what `running_term` finds."""
        if not contract:
            return None
        notice = contract.get("notice_on")
        return cls(date.fromisoformat(contract["ends_on"]), date.fromisoformat(notice) if notice else None)

    def next_date(self, today: date) -> tuple[str, date]:
        """What comes first, in words, and its day: the notice date, else the renewal."""
        if self.notice_on and self.notice_on >= today:
            return _("notice by"), self.notice_on
        return _("renews"), self.ends_on

    def nearness(self, today: date) -> str:
        """How near that is, where it makes a task more urgent; else ""."""
        left = (self.next_date(today)[1] - today).days
        if left > NEAR_DAYS:
            return ""
        if self.notice_on and self.notice_on >= today:
            return ngettext("notice in %(n)d day", "notice in %(n)d days", left) % {"n": left}
        return ngettext("renews in %(n)d day", "renews in %(n)d days", left) % {"n": left}


def running_term(today: date) -> Subquery:
    """The term of a task's account that runs on `today`, for `Term.read`."""
    running = Contract.objects.filter(account=OuterRef("account_id"), ends_on__gte=today).order_by("ends_on")
    found = JSONObject(ends_on=F("ends_on"), notice_on=F("notice_on"))
    return Subquery(running.values(found=found)[:1], output_field=JSONField())
