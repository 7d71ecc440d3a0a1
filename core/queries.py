"""Reads of what every room leaves here."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

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
    """Who is asked, one after another, while `user` is away (`decisions.rules.decide.chain_of`), in short sentences."""
    pool = User.objects.filter(team=user.team_id, team__isnull=False, in_pool=True, is_active=True)
    names = [str(one) for one in pool.exclude(pk=user.pk).order_by("first_name", "username")]
    lead = user.team.lead if user.team and user.team.lead_id != user.pk else None
    said = [
        _("While you are away, new work on a colleague’s account goes to that colleague or who stands in for them.")
    ]
    if names:
        any_of = _(" or ").join(filter(None, (", ".join(names[:-1]), names[-1])))
        free = ngettext("%(names)s", "%(names)s, whoever has least open", len(names))
        said.append(_("On yours, and on shared ones, it goes to %(whom)s.") % {"whom": free % {"names": any_of}})
    if lead and names:
        said.append(_("If none of them is here, to %(lead)s.") % {"lead": lead})
    elif lead:
        said.append(_("On yours, and on shared ones, it goes to %(whom)s.") % {"whom": lead})
    return " ".join(said)
