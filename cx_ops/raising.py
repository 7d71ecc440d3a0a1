"""What becomes of an insight that somebody raises, by how sure they say they are."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from django.utils.translation import gettext_lazy as _

from accounts.models import Account
from core.models import User
from decisions.enums import Response
from decisions.queries.coverage import taker_of
from decisions.queries.facts import PeopleOfAccounts
from decisions.queries.policies import policy_at
from decisions.queries.saved import place_in_saved
from decisions.rules.decide import Ownership, Place, find_cell, find_set
from insights.models import InsightType

WORDS: dict[Response, Any] = {
    Response.HUMAN: _("task"),
    Response.AUTOMATED: _("playbook"),
    Response.MONITOR: _("watched"),
    Response.RECORD: _("recorded"),
}


class Foreseen(NamedTuple):
    """One type of insight, who gets its work ("": nobody), and what each answer to "how sure" leads to."""

    type: str
    taker: str
    responses: list[Any]


def foresee(
    account: Account, types: Sequence[InsightType], answers: Sequence[Decimal], now: datetime
) -> list[Foreseen]:
    """By the bands in force. Says nothing of what is open already, of cool-downs and of switches."""
    policy = policy_at(now)
    authority = policy.authority
    takers = _takers(account, types, policy.ownership, now)
    found = []
    for type, taker in zip(types, takers, strict=True):
        bands = authority.bands[find_set(type.slug, account.tier, authority)]
        responses = [next(band.response for band in bands if answer >= band.lower) for answer in answers]
        found.append(Foreseen(type.name, taker, [WORDS[response] for response in responses]))
    return found


def _takers(account: Account, types: Sequence[InsightType], ownership: Ownership, now: datetime) -> list[str]:
    """By name, who would get the work of each type; "" where that is nobody."""
    id = str(account.pk)
    places = {id: Place(account.tier, account.region, account.stage, account.segment)}
    place_in_saved(places, [id], [ownership])
    found = PeopleOfAccounts.read([id], {id: str(account.team_id) if account.team_id else None}, now)
    found.read_pools()
    people = found.of(id)
    takers = [taker_of(find_cell(type.slug, places[id], ownership).role, people)[0] for type in types]
    names = {str(one.pk): str(one) for one in User.objects.filter(pk__in=[one.person for one in takers if one.person])}
    pool = str(_("the pool of %(team)s") % {"team": people.team})
    return [pool if one.pool else names.get(one.person, "") for one in takers]
