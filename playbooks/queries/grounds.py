"""The grounds of a task: other insights of its item, the facts behind all of them, how often such claims held."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.models import User
from core.templatetags.cx import percent
from core.written import fetch_planned
from decisions.enums import SAYS_RIGHT, OutcomeKind, Response
from decisions.models import Decision
from decisions.queries.claims import own_words, said_by
from decisions.queries.explain import FACTS_SHOWN, Explanation, Fact, facts_of
from insights.models import Insight
from playbooks.enums import ACTIVE
from playbooks.models import Task

# Fewer checked claims than this say nothing about how often a model is right.
ENOUGH_CHECKED = 20
# So many closed tasks of a type are looked at, the latest ones: a track record that costs the same in ten years.
LOOKED_BACK = 500
EVIDENCE_SHOWN = 8
CHECKED = """
SELECT count(*) FILTER (WHERE t.outcome = ANY(%(right)s)), count(*) FILTER (WHERE t.outcome = %(wrong)s)
FROM (
    SELECT outcome, decision_id FROM playbooks_task WHERE type_id = %(type)s AND closed_at IS NOT NULL
    ORDER BY closed_at DESC LIMIT %(looked_back)s
) AS t
JOIN decisions_decision AS d ON d.insight_id = t.decision_id AND d.band_lower = %(band)s
JOIN insights_insight AS i ON i.id = t.decision_id AND i.model = %(model)s
"""


class Evidence(NamedTuple):
    """Another insight that spoke to the same item. `who`: the person, or the model with its version. `own_words`: how
    sure that person said they are. `agrees`: it asked for the same response. `came_after`: after the task was closed.
    """

    insight_id: UUID
    who: str
    own_words: str
    confidence: Decimal
    scored_at: datetime
    response: str
    agrees: bool
    facts: list[Fact]
    came_after: bool


def list_evidence(task: Task, user: User) -> list[Evidence]:
    """The other insights of the same item that `user` may see, the newest first."""
    if task.item_id is None or task.evidence_count < 2:
        return []
    others = Decision.objects.shown_to(user).filter(item=task.item_id).exclude(pk=task.decision_id)
    others = others.select_related("insight__source").defer("inputs", "reasons", "owner_path")
    shown = others.order_by("-decided_at")[:EVIDENCE_SHOWN]
    asked = task.decision.band_response if task.decision else ""
    return [
        Evidence(
            insight_id=row.insight_id,
            who=_who(row.insight),
            own_words=own_words(row.insight),
            confidence=row.confidence,
            scored_at=row.insight.scored_at,
            response=str(Response(row.band_response).label),
            agrees=row.band_response == asked,
            facts=facts_of(row.insight),
            came_after=bool(task.closed_at and row.decided_at > task.closed_at),
        )
        for row in shown
    ]


def _who(insight: Insight) -> str:
    who = said_by(insight) or insight.source.name
    return who if insight.source.person_id else f"{who} {insight.model_version}".strip()


def facts_behind(explanation: Explanation | None, evidence: Sequence[Evidence]) -> list[Fact]:
    """Two to four dated facts: of the insight that opened the task, then of what came until it was closed."""
    found = list(explanation.facts) if explanation else []
    said = {fact.name or fact.text for fact in found}
    for later in (one for one in evidence if not one.came_after):
        found += [fact for fact in later.facts if (fact.name or fact.text) not in said]
        said |= {fact.name or fact.text for fact in later.facts}
    return found[:FACTS_SHOWN]


def track_record(decision: Decision) -> str:
    """What people found when they closed tasks that this model raised in this band; "" if too few say."""
    terms = {"type": decision.type_id, "model": decision.insight.model, "band": decision.band_lower}
    known = {"right": list(SAYS_RIGHT), "wrong": OutcomeKind.INSIGHT_WRONG, "looked_back": LOOKED_BACK}
    [(right, wrong)] = fetch_planned(CHECKED, terms | known)
    checked = right + wrong
    if checked < ENOUGH_CHECKED:
        return ""
    return ngettext(
        "So far %(n)d task that it raised with such a confidence was judged: right in %(right)d.",
        "So far %(n)d tasks that it raised with such a confidence were judged: right in %(right)d.",
        checked,
    ) % {"n": checked, "right": right}


def what_would_change(task: Task, explanation: Explanation) -> list[str]:
    """What would make this task weigh less or go away, and what it takes."""
    if task.status not in ACTIVE:
        return []
    said = []
    if explanation.band_lower > 0:
        words = {"model": explanation.model, "edge": percent(explanation.band_lower)}
        said.append(
            _("Scores of %(model)s under %(edge)s, for some time: it would no longer ask for a person.") % words
        )
    if task.touched_at is None:
        said.append(_("The signal goes away before anybody has begun: it closes by itself."))
    else:
        said.append(_("The signal goes away: you are told, and it stays yours, since you have begun."))
    if task.expires_at:
        day = formats.date_format(timezone.localtime(task.expires_at), "j M Y")
        said.append(_("%(day)s passes: what was foreseen has happened by then, or has not.") % {"day": day})
    return said
