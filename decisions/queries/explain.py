"""A decision in words: the claim, the facts behind it, who raised it, and why it went where it went."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

from django.utils import formats
from django.utils.dateparse import parse_datetime
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from core.templatetags.cx import percent, to_decimal
from decisions.enums import Response, Suppression
from decisions.models import Decision
from decisions.queries.words import say
from insights.models import Insight

FACTS_SHOWN = 4


class Fact(NamedTuple):
    """One dated fact: what changed, which source said so, when it was seen."""

    text: str
    source: str
    at: datetime


class Part(NamedTuple):
    """One factor of a priority: its name, its value as a number, where the number is from."""

    name: str
    value: Decimal | None
    source: str

    @property
    def label(self) -> str:
        return str(PARTS.get(self.name, self.name))


# The parts of a priority as `decisions.rules.priority_of` names them, in words.
PARTS = {
    "revenue exposed": gettext_lazy("Revenue it is about"),
    "probability": gettext_lazy("Chance that it happens if nobody acts"),
    "share that acting changes": gettext_lazy("How often acting changes that"),
    "urgency": gettext_lazy("Urgency, when it was last weighed"),
}

# Where a part's number is from, as `decisions.rules` names it; what is not here stays as it is.
SOURCES = {
    "base rate of the type: none was supplied": gettext_lazy(
        "how often such a thing happens: the source gave no chance of its own, only how sure it is of the signal"
    ),
    "prior, not measured yet": gettext_lazy("an assumption until it is measured"),
}


@dataclass(frozen=True)
class Explanation:
    """What `templates/decisions/_explanation.html` shows."""

    claim: str
    facts: list[Fact]
    more_facts: list[Fact]
    raised_by: str
    model: str
    confidence: Decimal
    band_lower: Decimal
    band: str
    band_response: str
    response: str
    owner: str
    owner_path: list[str]
    reasons: list[str]
    suppressed: str
    authority_version: int
    ownership_version: int
    priority: list[Part]
    priority_value: Decimal | None


def explain(decision: Decision) -> Explanation:
    """The words for one decision, whose insight, source, type and owner are loaded already."""
    insight = decision.insight
    facts = facts_of(insight)
    priority = decision.priority or {}
    names = {decision.owner.username: str(decision.owner)} if decision.owner else {}
    return Explanation(
        claim=claim_of(insight),
        facts=facts[:FACTS_SHOWN],
        more_facts=facts[FACTS_SHOWN:],
        raised_by=raised_by(insight),
        model=insight.source.name if insight.source.person_id else insight.model,
        confidence=decision.confidence,
        band_lower=decision.band_lower,
        band=interval(decision.band_lower, decision.band_upper),
        band_response=str(Response(decision.band_response).label),
        response=str(Response(decision.response).label),
        owner=str(decision.owner) if decision.owner else "",
        owner_path=[say(line, names=names) for line in decision.owner_path],
        reasons=[say(line) for line in decision.reasons],
        suppressed=str(Suppression(decision.suppressed_by).label) if decision.suppressed_by else "",
        authority_version=decision.authority_version,
        ownership_version=decision.ownership_version,
        priority=parts_of(priority.get("parts", [])),
        priority_value=to_decimal(priority.get("value")),
    )


def claim_of(insight: Insight) -> str:
    """The claim in words: what happens, within what time, who says it and how sure."""
    words = {
        "who": insight.source.name if insight.source.person_id else insight.model,
        "sure": percent(insight.confidence),
        "event": insight.type.event,
        "days": insight.horizon_days,
    }
    if insight.probability is None:
        return _("%(who)s is %(sure)s sure: %(event)s within %(days)d days.") % words
    return _(
        "With a chance of %(chance)s %(event)s within %(days)d days, if nobody acts. %(who)s is %(sure)s sure of that."
    ) % (words | {"chance": percent(insight.probability)})


def raised_by(insight: Insight) -> str:
    """The person, or the model with its version, and the source it came from."""
    if insight.source.person_id:
        return insight.source.name
    model = f"{insight.model} {insight.model_version}".strip()
    return _("from %(source)s, model %(model)s") % {"model": model, "source": insight.source.name}


def facts_of(insight: Insight) -> list[Fact]:
    """The factors as sentences, the weightiest first."""
    return [
        Fact(_fact_text(factor), insight.source.name, _moment(factor.get("observed_at")) or insight.scored_at)
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


def parts_of(parts: Iterable[Sequence[Any]]) -> list[Part]:
    """The stored parts of a priority: (name, value, where it is from) each."""
    return [Part(str(name), to_decimal(value), str(SOURCES.get(source, source))) for name, value, source in parts]


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
