"""Reads of what every room leaves here."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from django.utils.translation import gettext as _

from core.models import Alert, User


class Told(NamedTuple):
    """What a team is told of one kind: the newest alert, and the earlier days on which it was told the same."""

    alert: Alert
    earlier: list[Alert]


def fold_alerts(alerts: Iterable[Alert]) -> list[Told]:
    """One line per team and kind, in the order of their newest; seen ones apart from those that are not."""
    told: dict[tuple[object, ...], Told] = {}
    for alert in alerts:
        key = (alert.team_id, alert.kind, alert.seen_at is None)
        if key in told:
            told[key].earlier.append(alert)
        else:
            told[key] = Told(alert, [])
    return list(told.values())


def whom_new_work_goes_to(user: User) -> str:
    """Who is asked, one after another, while `user` is away (`decisions.rules.chain_of`), in one sentence."""
    pool = User.objects.filter(team=user.team_id, team__isnull=False, in_pool=True, is_active=True)
    names = [str(one) for one in pool.exclude(pk=user.pk).order_by("first_name", "username")]
    lead = user.team.lead if user.team and user.team.lead_id != user.pk else None
    asked = [_("the account’s customer success manager, where that is not you")]
    if names:
        asked.append(_("whoever of %(names)s has the least open") % {"names": ", ".join(names)})
    if lead:
        asked.append(_("%(name)s, who leads %(team)s") % {"name": lead, "team": user.team})
    return _("New work goes to %(asked)s.") % {"asked": _(", else to ").join(asked)}
