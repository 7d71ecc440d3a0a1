"""What becomes of an insight that somebody raises, by how sure they say they are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from django.utils.translation import gettext_lazy as _

from accounts.models import Account
from decisions.enums import Response
from decisions.queries.policies import authority_in_force
from decisions.rules.decide import find_set
from insights.models import InsightType

WORDS: dict[Response, Any] = {
    Response.HUMAN: _("task"),
    Response.AUTOMATED: _("playbook"),
    Response.MONITOR: _("watched"),
    Response.RECORD: _("recorded"),
}


class Foreseen(NamedTuple):
    """One type of insight, and what each answer to "how sure" leads to."""

    type: str
    responses: list[Any]


def foresee(
    account: Account, types: Iterable[InsightType], answers: Sequence[Decimal], now: datetime
) -> list[Foreseen]:
    """By the bands in force. Says nothing of what is open already, of cool-downs and of switches."""
    authority = authority_in_force(now)
    found = []
    for type in types:
        bands = authority.bands[find_set(type.slug, account.tier, authority)]
        responses = [next(band.response for band in bands if answer >= band.lower) for answer in answers]
        found.append(Foreseen(type.name, [WORDS[response] for response in responses]))
    return found
