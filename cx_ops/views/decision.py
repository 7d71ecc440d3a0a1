"""Why an insight went where it went."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from accounts.queries.money import reporting_currency
from core.guards import LEADS, PEOPLE, WORKERS, PersonRequest, for_roles
from cx_ops.aftermath import aftermath_of
from decisions.enums import Response
from decisions.models import Decision
from decisions.queries.explain import ASKED, explain


@require_safe
@for_roles(*PEOPLE)
def show_decision(request: PersonRequest, insight_id: UUID) -> HttpResponse:
    """The verdict about one insight, in words. One that is held out is shown to leaders alone."""
    decisions = (
        Decision.objects.visible_to(request.user)
        .select_related("account", "type", "owner", "item", "insight__source", "insight__type")
        .annotate(asked=ASKED)
    )
    decision = get_object_or_404(decisions.defer("inputs"), pk=insight_id)
    may_write = request.user.role in WORKERS or request.user.is_superuser
    context: dict[str, object] = {
        "decision": decision,
        "insight": decision.insight,
        "explanation": explain(decision),
        "aftermath": aftermath_of(decision, request.now),
        "currency": reporting_currency(),
        "may_add": may_write and not _begins(decision),
        "may_see_policies": request.user.role in LEADS or request.user.is_superuser,
    }
    return render(request, "decisions/decision.html", context)


def _begins(decision: Decision) -> bool:
    """Whether it began something by itself."""
    return not decision.suppressed_by and decision.response in (Response.AUTOMATED, Response.HUMAN)
