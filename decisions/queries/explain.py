"""A decision in words: the claim, the facts behind it, who raised it, and why it went where it went."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

from django.db.models import JSONField
from django.db.models.expressions import RawSQL
from django.utils import formats
from django.utils.dateparse import parse_datetime
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from core.templatetags.cx import percent, to_decimal
from decisions.enums import Response, Suppression
from decisions.models import Decision
from decisions.queries.claims import claim_of, own_words, said_by
from decisions.queries.words import Said, others_say, say
from decisions.queries.worth import Worth, worth_of
from insights.models import Insight

FACTS_SHOWN = 4


class Fact(NamedTuple):
    """One dated fact: what changed, which source said so, when it was seen; `name`: of what changed."""

    text: str
    source: str
    at: datetime
    name: str = ""


# The names of the people on the way to a decision's owner, by user name; of a few more, where names begin alike.
ASKED = RawSQL(
    """(
    SELECT jsonb_object_agg(u.username, coalesce(nullif(trim(u.first_name || ' ' || u.last_name), ''), u.username))
    FROM core_user u WHERE position(': ' || u.username IN decisions_decision.owner_path::text) > 0
    )""",
    (),
    output_field=JSONField(),
)  # a constant  # nosec B611


@dataclass(frozen=True)
class Explanation:
    """What `templates/decisions/_explanation.html` shows."""

    claim: str
    facts: list[Fact]
    more_facts: list[Fact]
    raised_by: str
    model: str
    own_words: str
    confidence: Decimal
    band_lower: Decimal
    band: str
    band_response: str
    response: str
    owner: str
    owner_path: list[str]
    reasons: list[str]
    others: list[str]
    suppressed: str
    dwells: bool
    authority_version: int
    ownership_version: int
    worth: Worth


def explain(decision: Decision) -> Explanation:
    """The words for one decision, whose insight, source, type, owner and `ASKED` (as `asked`) are loaded already."""
    insight = decision.insight
    facts = facts_of(insight)
    said = Said(decision.response, decision.decided_at)
    names = decision.asked or {}  # type: ignore[attr-defined]
    return Explanation(
        claim=claim_of(insight),
        facts=facts[:FACTS_SHOWN],
        more_facts=facts[FACTS_SHOWN:],
        raised_by=raised_by(insight),
        model=said_by(insight),
        own_words=own_words(insight),
        confidence=decision.confidence,
        band_lower=decision.band_lower,
        band=interval(decision.band_lower, decision.band_upper),
        band_response=str(Response(decision.band_response).label),
        response=str(Response(decision.response).label),
        owner=str(decision.owner) if decision.owner else "",
        owner_path=[say(line, names=names) for line in decision.owner_path],
        reasons=[say(line, said=said) for line in decision.reasons],
        others=others_say(decision.reasons, said),
        suppressed=str(Suppression(decision.suppressed_by).label) if decision.suppressed_by else "",
        dwells=decision.suppressed_by == Suppression.DWELL,
        authority_version=decision.authority_version,
        ownership_version=decision.ownership_version,
        worth=worth_of((decision.priority or {}).get("parts"), insight.type.direction),
    )


def raised_by(insight: Insight) -> str:
    """The person, or the model with its version, and the source it came from."""
    if insight.source.person_id:
        return insight.source.name
    model = f"{insight.model} {insight.model_version}".strip()
    return _("from %(source)s, model %(model)s") % {"model": model, "source": insight.source.name}


def facts_of(insight: Insight) -> list[Fact]:
    """The factors as sentences, the weightiest first."""
    return [
        Fact(
            _fact_text(factor),
            insight.source.name,
            _moment(factor.get("observed_at")) or insight.scored_at,
            str(factor.get("name") or ""),
        )
        for factor in sorted(_known(insight.factors), key=_weight, reverse=True)
    ]


def first_fact(factors: object) -> str:
    """The weightiest of an insight's factors as a sentence, or ""."""
    known = _known(factors)
    return _fact_text(max(known, key=_weight)) if known else ""


def uncapitalised(text: str) -> str:
    """`text` to go on with after a colon; a first word in capitals, such as NPS, stays."""
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]


def _known(factors: object) -> list[dict[str, Any]]:
    return [factor for factor in factors if isinstance(factor, dict)] if isinstance(factors, list) else []


def _weight(factor: dict[str, Any]) -> Decimal:
    return abs(to_decimal(factor.get("contribution")) or Decimal(0))


def interval(lower: Decimal, upper: Decimal) -> str:
    """A half-open band, such as "70 % to 90 %"."""
    return _("%(lower)s to %(upper)s") % {"lower": percent(lower), "upper": percent(upper)}


def _fact_text(factor: dict[str, Any]) -> str:
    name = str(factor.get("name", "")).replace("_", " ")
    name = name[:1].upper() + name[1:]
    value, was = factor.get("value"), factor.get("was")
    if value is None:
        return name
    if was is None:
        return f"{name}: {_number(value)}"
    before, after = to_decimal(was), to_decimal(value)
    if before is None or after is None:
        return _("%(name)s %(value)s (was %(was)s)") % {"name": name, "was": was, "value": value}
    words = {"name": name, "was": _number(was), "value": _number(value)}
    if after < before:
        return _("%(name)s fell from %(was)s to %(value)s") % words
    if after > before:
        return _("%(name)s rose from %(was)s to %(value)s") % words
    return _("%(name)s stayed at %(value)s") % words


def _number(value: object) -> str:
    return _number_in(str(value), get_language())


@lru_cache(maxsize=4096)
def _number_in(value: str, language: str | None) -> str:
    """As that language writes it. Django takes as long for a number as a task takes to be written, and they repeat."""
    number = to_decimal(value)
    if number is None:
        return value
    digits = 0 if number == number.to_integral_value() else 2
    return formats.number_format(number, digits, use_l10n=True, force_grouping=abs(number) >= 10_000)


def _moment(value: object) -> datetime | None:
    try:
        moment = parse_datetime(str(value)) if value else None
    except ValueError:
        return None
    return moment if moment and moment.tzinfo else None
