"""What a lead must know: one line per team and kind, with what is left of it by now."""

from __future__ import annotations

from django.contrib import messages
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from core.export import Column, csv_file, wants_csv
from core.guards import LEADS, PersonRequest, for_roles
from core.models import Alert
from core.queries import fold_alerts, read_standings
from core.services import mark_alerts_seen

READ, SHOWN = 2_000, 100
# What to do next about an alert, by its kind; of what passes by itself, its standing says where (`read_standings`).
WHERE_TO = {
    "announcement_dead": "webhooks",
    "source_unowned": "sources",
    "mail_dead": "mailbox",
}
COLUMNS: tuple[Column[Alert], ...] = (
    Column(gettext_lazy("Day"), lambda alert: alert.on_day),
    Column(gettext_lazy("Team"), lambda alert: alert.team),
    Column(gettext_lazy("What"), lambda alert: alert.text),
    Column(gettext_lazy("Times that day"), lambda alert: alert.count),
    Column(gettext_lazy("Last"), lambda alert: alert.raised_at),
    Column(gettext_lazy("Seen"), lambda alert: alert.seen_at),
)


@require_http_methods(["GET", "HEAD", "POST"])
@for_roles(*LEADS)
def show_alerts(request: PersonRequest) -> HttpResponseBase:
    """The newest alerts of the teams one leads; POST marks all of them as seen."""
    alerts = Alert.objects.visible_to(request.user)
    if request.method == "POST":
        count = mark_alerts_seen(alerts, now=request.now)
        messages.success(request, _("%(count)d marked as seen.") % {"count": count})
        return redirect("alerts")
    if wants_csv(request):
        return csv_file("alerts", COLUMNS, alerts.select_related("team"))
    found = list(alerts.select_related("team")[:READ])
    lines = fold_alerts(found)[:SHOWN]
    standings = read_standings(request.user, [told.alert for told in lines], request.now)
    context = {
        "alerts": [(told, _where_to(told.alert.kind), standings.get(told.alert.pk)) for told in lines],
        "unseen": sum(alert.seen_at is None for alert in found),
    }
    return render(request, "core/alerts.html", context)


def _where_to(kind: str) -> str:
    """The address of what an alert is about; "" where there is none."""
    return reverse(WHERE_TO[kind]) if kind in WHERE_TO else ""
