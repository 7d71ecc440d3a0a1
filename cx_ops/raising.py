"""What becomes of an insight that somebody raises, by how sure they say they are."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import F, OuterRef, Subquery
from django.db.models.functions import JSONObject
from django.utils import formats, timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Account
from core.models import User
from decisions.enums import Response
from decisions.models import Item
from decisions.queries.coverage import taker_of
from decisions.queries.facts import PeopleOfAccounts
from decisions.queries.policies import policy_at
from decisions.queries.saved import place_in_saved
from decisions.rules.decide import RANK, Ownership, Place, acts_on, find_cell, find_set
from insights.models import InsightType
from playbooks.queries.outcomes import label_of

WORDS: dict[Response, Any] = {
    Response.HUMAN: _("task"),
    Response.AUTOMATED: _("playbook"),
    Response.MONITOR: _("watched"),
    Response.RECORD: _("recorded"),
}


NOTHING = _("nothing new")


class Quiet(NamedTuple):
    """What was done about a type on an account, and until when the cool-down after it holds; None: for good."""

    response: Response
    outcome: str
    closed_at: datetime
    until: datetime | None


class Foreseen(NamedTuple):
    """One type of insight, who gets its work ("": nobody), and what each answer to "how sure" leads to.

    `quiet`: which cool-down holds, in words, else "".
    """

    type: str
    taker: str
    responses: list[Any]
    quiet: str


def foresee(
    account: Account, types: Sequence[InsightType], answers: Sequence[Decimal], now: datetime
) -> list[Foreseen]:
    """Of `types_for` the account, by the bands in force. Says nothing of open items, red lines and switches."""
    policy = policy_at(now)
    authority = policy.authority
    takers = _takers(account, types, policy.ownership, now)
    found = []
    for type, taker in zip(types, takers, strict=True):
        bands = authority.bands[find_set(type.slug, account.tier, authority)]
        responses = [next(band.response for band in bands if answer >= band.lower) for answer in answers]
        item = _quiet(type, now)
        words = [NOTHING if item and _is_held(response, item) else WORDS[response] for response in responses]
        found.append(Foreseen(type.name, taker, words, _why_quiet(item) if item else ""))
    return found


def types_for(account: Account) -> list[InsightType]:
    """What can be raised, each with `last`: what was done last about it on `account`."""
    items = Item.objects.filter(account=account, type=OuterRef("pk"), slot="")
    said = JSONObject(response="response", outcome="outcome", closed_at="closed_at", until="quiet_until", quiet="quiet")
    last = Subquery(items.order_by(F("closed_at").desc(nulls_first=True)).values_list(said)[:1])
    return list(InsightType.objects.filter(is_active=True).annotate(last=last).order_by("-direction", "name"))


def _quiet(type: Any, now: datetime) -> Quiet | None:
    """What was done last about it, where its cool-down holds."""
    last = type.last
    if not last or not last["quiet"] or not last["closed_at"]:
        return None
    until = datetime.fromisoformat(last["until"]) if last["until"] else None
    held = Quiet(Response(last["response"]), last["outcome"], datetime.fromisoformat(last["closed_at"]), until)
    return held if until is None or until > now else None


def _is_held(response: Response, item: Quiet) -> bool:
    """Whether the cool-down keeps it from beginning something (`decisions.rules.decide.why_suppressed`)."""
    return acts_on(response) and (item.until is None or RANK[response] <= RANK[item.response])


def _why_quiet(item: Quiet) -> str:
    words = {"outcome": label_of(item.outcome), "day": _day(item.closed_at)}
    if item.until is None:
        return gettext("closed as “%(outcome)s” on %(day)s: quiet until the customer is won back") % words
    words["end"] = _day(item.until)
    return gettext("closed as “%(outcome)s” on %(day)s: quiet until %(end)s") % words


def _day(moment: datetime) -> str:
    return formats.date_format(timezone.localtime(moment), "j M Y")


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
