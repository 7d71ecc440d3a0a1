"""A claim in words: what happens, by what chance, within what time; and how confident whoever says so is."""

from __future__ import annotations

from decimal import Decimal

from django.utils.translation import gettext as _

from core.templatetags.cx import percent
from insights.enums import SURE, Direction
from insights.models import Insight


def claim_of(insight: Insight) -> str:
    """In one sentence, without the confidence, which stands beside it."""
    words = {"who": said_by(insight), "event": insight.type.event, "days": insight.horizon_days}
    if insight.probability is None:
        return _("%(who)s sees signs that %(event)s within %(days)d days; how likely is not said.") % words
    words["chance"] = percent(insight.probability)
    if insight.type.direction == Direction.OPPORTUNITY:
        return _("%(chance)s chance that %(event)s within %(days)d days.") % words
    return _("%(chance)s chance that %(event)s within %(days)d days, if nobody acts.") % words


def said_by(insight: Insight) -> str:
    """The person, or the model."""
    return insight.source.name if insight.source.person_id else insight.model


def own_words(insight: Insight) -> str:
    """How sure a person said they are, such as "Fairly sure"; "" of a model, which says a number."""
    return str(dict(SURE).get(insight.confidence, "")) if insight.source.person_id else ""


def claim_in_short(type: str, chance: Decimal | None, days: int) -> str:
    """The one number that counts most, such as "Churn risk: 73 % chance within 90 days"."""
    words = {"type": type, "days": days}
    if chance is None:
        return _("%(type)s within %(days)d days, how likely is not said") % words
    words["chance"] = percent(chance)
    return _("%(type)s: %(chance)s chance within %(days)d days") % words
