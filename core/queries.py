"""Reads of what every room leaves here."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.models import Alert, User


class Told(NamedTuple):
    """What a team is told of one kind: the newest alert, and the earlier days on which it was told the same."""

    alert: Alert
    earlier: list[Alert]

    @property
    def is_new(self) -> bool:
        """Nobody has marked it as seen, on one of its days."""
        return any(alert.seen_at is None for alert in (self.alert, *self.earlier))


def fold_alerts(alerts: Iterable[Alert]) -> list[Told]:
    """One line per team and kind, in the order of their newest."""
    told: dict[tuple[object, ...], Told] = {}
    for alert in alerts:
        key = (alert.team_id, alert.kind)
        if key in told:
            told[key].earlier.append(alert)
        else:
            told[key] = Told(alert, [])
    return list(told.values())


class Standing(NamedTuple):
    """What is true by now of what an alert said: in words, and the address of exactly that; "" where there is none."""

    text: str
    url: str = ""


# Given the alerts of its kinds: how things stand, by the alert's id.
Teller = Callable[[User, Collection[Alert], datetime], Mapping[UUID, Standing]]
_tellers: dict[str, Teller] = {}


def register_standing(kinds: Iterable[str], tell: Teller) -> None:
    """Ask `tell` how things stand that alerts of these kinds said."""
    _tellers.update(dict.fromkeys(kinds, tell))


def read_standings(user: User, alerts: Collection[Alert], now: datetime) -> dict[UUID, Standing]:
    """How things stand by now that `alerts` said, by their ids; those are left out that something happened for."""
    found: dict[UUID, Standing] = {}
    for tell in dict.fromkeys(_tellers.values()):
        its = [alert for alert in alerts if _tellers.get(alert.kind) is tell]
        found.update(tell(user, its, now) if its else {})
    return found


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
