"""Who would get this? One insight that has not happened, on a real account, decided by the rules under a policy."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from decisions.enums import Response, Suppression
from decisions.queries.explain import interval
from decisions.queries.facts import PendingInsight, situation_of
from decisions.queries.matrix import Book, cell_in_words, role_in_words
from decisions.queries.policies import switches_off
from decisions.rules.decide import (
    Act,
    Authority,
    Band,
    Claim,
    Facts,
    Place,
    Policy,
    Step,
    Verdict,
    chain_of,
    decide,
    find_band,
    find_cell,
    first_free,
    what_it_may_do,
)
from insights.models import InsightType


class Asked(NamedTuple):
    """A place in the chain: what it is, who was found there, whether they take it, whether it was asked at all."""

    place: str
    who: str
    takes_it: bool


@dataclass(frozen=True)
class Answer:
    """What a policy makes of the insight."""

    cell: str
    role: str
    owner: str
    path: list[Asked]
    band: str
    response: str
    sentence: str
    is_held_back: bool


def ask(
    account_id: UUID, type: InsightType, confidence: Decimal, policies: list[Policy], book: Book, now: datetime
) -> list[Answer]:
    """One answer per policy, about a first score of a new, checked model. Ten queries at most, none of them locks."""
    matrices = [policy.ownership for policy in policies]
    situation = situation_of([account_id], switches_off(), now, matrices=matrices, deciding=False)
    claim = Claim(
        type=type.slug,
        source="",
        model=_("a new model"),
        confidence=confidence,
        scored_at=now,
        expires_at=now + timedelta(days=type.horizon_days),
        acts_until=now + timedelta(days=type.max_age_days),
    )
    asked = PendingInsight.of("", str(account_id), "", "", claim, type.base_rate, type.acting_share)
    facts = situation.facts_of(asked)
    return [_answer(facts, policy, book, now) for policy in policies]


def _answer(facts: Facts, policy: Policy, book: Book, now: datetime) -> Answer:
    verdict = decide(facts=facts, policy=policy, now=now)
    cell = find_cell(facts.claim.type, facts.place, policy.ownership)
    chain = tuple(chain_of(cell.role, facts.people))
    taker = first_free(chain)
    owner = book.names.get(taker.person.id, "") if taker and taker.person else ""
    asked = chain[: chain.index(taker) + 1] if taker else chain
    return Answer(
        cell=cell_in_words(cell, book),
        role=role_in_words(cell.role),
        owner=owner,
        path=[_asked(step, facts, book, takes_it=step is taker) for step in asked],
        band=interval(verdict.band.lower, verdict.band.upper),
        response=str(verdict.response.label),
        sentence=_sentence(verdict, owner or _("nobody")),
        is_held_back=verdict.suppressed_by is not None,
    )


def _asked(step: Step, facts: Facts, book: Book, *, takes_it: bool) -> Asked:
    team = facts.people.team or _("no team")
    places = {
        "pool": _("Pool of %(team)s") % {"team": team},
        "lead": _("Lead of %(team)s") % {"team": team},
        "catch_all": _("Catch-all"),
    }
    place = places.get(step.kind) or _("%(role)s of the account") % {"role": role_in_words(step.kind)}
    if step.person is None:
        return Asked(place, _("nobody"), takes_it)
    return Asked(
        place, f"{book.names.get(step.person.id, step.person.username)} {step.person.absent}".strip(), takes_it
    )


SENTENCES = {
    Act.TASK: gettext_lazy("%(who)s gets a task at once."),
    Act.RUN: gettext_lazy("A playbook runs; %(who)s answers for it."),
    Act.WATCH: gettext_lazy("It goes on the watch list of %(who)s."),
    Act.UPGRADE: gettext_lazy("The workflow that is running stops, and %(who)s gets a task."),
    Act.EVIDENCE: gettext_lazy("It is added to the item that is open already."),
    Act.WAKE: gettext_lazy("It is added to the item that is open already, and wakes it if it sleeps."),
    Act.CLEAR: gettext_lazy("What is open would be closed: its cause is gone."),
}


def _sentence(verdict: Verdict, who: str) -> str:
    if verdict.act in SENTENCES:
        return str(SENTENCES[verdict.act]) % {"who": who}
    if verdict.suppressed_by in (None, Suppression.STALE) or verdict.response is Response.RECORD:
        return _("It is recorded only: nobody is asked.")
    return _("Nothing new is opened: %(why)s.") % {"why": str(verdict.suppressed_by.label).lower()}


class Outcome(NamedTuple):
    """What a number would lead to: its band, what that grants, and below which number it would be left again."""

    band: Band
    interval: str
    asked: str
    response: str
    left_below: Decimal
    needs_playbook: bool


def try_number(type: str, tier: str, confidence: Decimal, authority: Authority, now: datetime) -> Outcome:
    """One confidence under a set of bands, as a first score of a checked model, by the rules."""
    claim = Claim(type, "", "", confidence, scored_at=now, expires_at=now, acts_until=now)
    band = find_band(claim, Place(tier=tier), authority, [])
    response = what_it_may_do(band.response, band, claim, authority, now, [])
    return Outcome(
        band,
        interval(band.lower, band.upper),
        str(band.response.label),
        str(response.label),
        max(band.lower - authority.margin, Decimal(0)),
        response is not band.response,
    )
