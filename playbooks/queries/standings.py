"""What is left by now of what an alert about work said: how much, which, and the address of exactly that."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any, cast
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.translation import gettext as _

from core.models import Alert, User
from core.queries import Standing
from playbooks.enums import ACTIVE
from playbooks.models import Task
from playbooks.queries.filters import NEXT_DUE
from playbooks.queries.team import BEYOND, late_tasks
from playbooks.queries.work import HELD_BACK, NOBODY

NAMED, READ = 3, 200
# How the list of a team's work is asked for what an alert of the kind is about.
ASKED_BY: dict[str, dict[str, str]] = {
    "late_acknowledge": {"late": "acknowledge"},
    "late_touch": {"late": "touch"},
    "capped": {"lane": HELD_BACK},
    "unassigned": {},
}
Key = tuple[UUID | None, str]


def of_kinds(now: datetime) -> dict[str, Q]:
    """The open tasks that alerts of each kind are about."""
    late = late_tasks(now)
    return {
        "late_acknowledge": late["acknowledge"], "late_touch": late["touch"], "capped": BEYOND,
        "unassigned": Q(assignee=None),
    }  # fmt: skip


def by_team(tasks: QuerySet[Task]) -> QuerySet[Any]:
    """`tasks` with whose they are as `of_team`: the team of who has one, as on the board, else its own."""
    return tasks.annotate(of_team=Coalesce("assignee__team", "team"))


def tell_standings(user: User, alerts: Collection[Alert], now: datetime) -> dict[UUID, Standing]:
    """What is left of each of `alerts`, whose kinds are those of `ASKED_BY`, as far as `user` may see it."""
    kinds = {kind: which for kind, which in of_kinds(now).items() if any(alert.kind == kind for alert in alerts)}
    tasks = by_team(Task.objects.visible_to(user).active())
    rows = tasks.values("of_team").annotate(**{kind: Count("id", filter=which) for kind, which in kinds.items()})
    counts = {(row["of_team"], kind): row[kind] for row in cast("Iterable[Any]", rows.order_by()) for kind in kinds}
    names = _names(tasks, kinds)
    return {
        alert.pk: _standing(alert, counts.get((alert.team_id, alert.kind), 0), names[alert.team_id, alert.kind])
        for alert in alerts
    }


def tell_of_tasks(user: User, alerts: Collection[Alert], now: datetime) -> dict[UUID, Standing]:
    """How the one task stands that each of `alerts` names, as far as `user` may see it."""
    of = {alert.pk: alert.data.get("task") for alert in alerts}
    tasks = Task.objects.visible_to(user).filter(pk__in=[id for id in of.values() if id]).select_related("assignee")
    found = {str(task.pk): task for task in tasks}
    return {pk: _standing_of(found[id]) for pk, id in of.items() if id in found}


def _standing_of(task: Task) -> Standing:
    words = _("Now open, with %(who)s") if task.status in ACTIVE else _("Now closed")
    return Standing(words % {"who": task.assignee or _("nobody")}, reverse("task", args=[task.pk]))


def _names(tasks: QuerySet[Any], kinds: dict[str, Q]) -> dict[Key, list[str]]:
    """The first few of each team and kind, by what is due first."""
    names: dict[Key, list[str]] = defaultdict(list)
    for kind, which in kinds.items():
        found = tasks.filter(which).annotate(next_due=NEXT_DUE).order_by("next_due", "id")
        for task in found.select_related("account", "source", "assignee")[:READ]:
            if len(names[task.of_team, kind]) < NAMED:
                words = {"account": task.about, "owner": task.assignee}
                names[task.of_team, kind].append(
                    _("%(account)s (%(owner)s)") % words if task.assignee else str(task.about)
                )
    return names


def _standing(alert: Alert, count: int, named: list[str]) -> Standing:
    if not count:
        return Standing(_("Now none"))
    text = _("Now %(n)d: %(names)s") % {"n": count, "names": ", ".join(named)}
    if count > len(named):
        text += " " + _("and %(n)d more") % {"n": count - len(named)}
    if alert.team is None or not alert.team.is_active:
        return Standing(text)
    of = NOBODY if alert.kind == "unassigned" else "team"
    asked = {"who": f"{of}:{alert.team_id}", **ASKED_BY[alert.kind]}
    return Standing(text, f"{reverse('team_work')}?{urlencode(asked)}")
