"""What a lead must know: one line per team, kind and day."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from core.guards import LEADS, PersonRequest, for_roles
from core.models import Alert
from core.services import mark_alerts_seen

SHOWN = 100


@require_http_methods(["GET", "HEAD", "POST"])
@for_roles(*LEADS)
def show_alerts(request: PersonRequest) -> HttpResponse:
    """The newest alerts of the teams one leads; POST marks all of them as seen."""
    alerts = Alert.objects.visible_to(request.user)
    if request.method == "POST":
        count = mark_alerts_seen(alerts, now=request.now)
        messages.success(request, _("%(count)d marked as seen.") % {"count": count})
        return redirect("alerts")
    found = list(alerts.select_related("team")[:SHOWN])
    context = {"alerts": found, "unseen": sum(alert.seen_at is None for alert in found)}
    return render(request, "core/alerts.html", context)
