"""Tasks about sources: one for each thing that is wrong with a feed, with whoever answers for it."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.utils.translation import gettext as _

from core.bulk import execute, read_rows
from core.services import raise_alert, record_act, record_acts
from decisions.enums import OutcomeKind
from intake.models import Source, Trouble
from playbooks.enums import Lane
from playbooks.models import Task
from playbooks.queries.caretakers import Caretakers

# How long its owner has to look at it.
DUE_AFTER = timedelta(hours=24)
# Closed as fixed, and still the same after a cadence (a day where there is none): it is raised again.
AGAIN_AFTER = timedelta(hours=24)

CLEARED = """
UPDATE playbooks_task t SET status = 'closed', outcome = %s, closed_at = %s, snoozed_until = NULL,
    version = t.version + 1
FROM intake_trouble x WHERE x.id = t.trouble_id AND x.cleared_at IS NOT NULL AND t.touched_at IS NULL
    AND t.status IN ('open', 'claimed', 'snoozed', 'waiting')
RETURNING t.id
"""
FLAGGED = """
UPDATE playbooks_task t SET flag = %s, version = t.version + 1
FROM intake_trouble x WHERE x.id = t.trouble_id AND x.cleared_at IS NOT NULL AND t.touched_at IS NOT NULL
    AND t.status IN ('open', 'claimed', 'snoozed', 'waiting') AND t.flag = ''
"""
# What is wrong may grow worse: late becomes silent. Whoever reads the task need not look anew for that.
KEEP_UP = """
UPDATE playbooks_task t SET title = x.title
FROM intake_trouble x WHERE x.id = t.trouble_id AND x.cleared_at IS NULL AND t.title <> x.title
    AND t.status IN ('open', 'claimed', 'snoozed', 'waiting')
"""


def tend_source_tasks(now: datetime) -> int:
    """Open a task for what is wrong and has none, end those whose cause is gone; how many were opened.

    An untouched task closes itself; a touched one is flagged. What somebody called no fault is not raised again.
    """
    ended = [id for (id,) in read_rows(CLEARED, [OutcomeKind.SIGNAL_CLEARED.value, now])]
    record_acts("closed", "task", ((id, OutcomeKind.SIGNAL_CLEARED.value, {}) for id in ended), actor="tick", now=now)
    execute(FLAGGED, [_("The feed is well again by itself: close this, or say what is still to be done.")])
    execute(KEEP_UP)
    waiting = _without_task(now)
    if waiting:
        caretakers = Caretakers(now)
        for trouble in waiting:
            _open(trouble, caretakers, now)
    return len(waiting)


def _without_task(now: datetime) -> list[Trouble]:
    """What is wrong, has no open task, and was not said to be no fault, or fixed just now."""
    troubles = Trouble.objects.filter(cleared_at=None, accepted_at=None, source__is_active=True)
    rows = list(troubles.select_related("source__owner__team", "source__backup__team").order_by("found_at", "id"))
    held: set[UUID] = set()
    for trouble_id, at, hours in Task.objects.filter(trouble__in=rows).values_list(
        "trouble_id", "closed_at", "source__cadence_hours"
    ):
        patience = timedelta(hours=hours) if hours else AGAIN_AFTER
        if trouble_id and (at is None or at + patience > now):
            held.add(trouble_id)
    return [trouble for trouble in rows if trouble.pk not in held]


def _open(trouble: Trouble, caretakers: Caretakers, now: datetime) -> None:
    """A task for whoever looks after the source just now; where nobody can, one that nobody has, and an alert."""
    source: Source = trouble.source
    owner = caretakers.of(source)
    task = Task.objects.create(
        source=source, trouble=trouble, title=trouble.title, assignee=owner, team=owner.team if owner else None,
        lane=Lane.NOW, due_at=now + DUE_AFTER, opened_at=now,
    )  # fmt: skip
    record_act("opened", task, actor="tick", now=now, why=trouble.title)
    if owner is None:
        said = _("%(what)s. Nobody here looks after this source: name an owner and hand them the task.")
        text = said % {"what": trouble.title}
        raise_alert("source_unowned", text, on_day=now.date(), now=now, team_id=None, data={"task": str(task.pk)})
