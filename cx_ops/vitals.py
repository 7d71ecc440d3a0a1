"""How the installation is doing, part by part, as operations reads it: what works, what waits, since when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from celery import current_app
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from kombu.exceptions import OperationalError as BrokerError

from core.bulk import fetch_all
from core.models import Heartbeat
from core.services import TICK
from cx_ops.health import CHECKS
from cx_ops.pipeline import STAGES

# The beat ticks every 30 seconds; a long tick may skip a few.
TICK_LATE = timedelta(minutes=3)
PING_SECONDS = 1.0
DOES = {
    "resolve": gettext_lazy("Finds the account that a record is about"),
    "admit": gettext_lazy("Takes the rows that waited for their account"),
    "believe": gettext_lazy("Takes an insight in as what we believe of the account"),
    "decide": gettext_lazy("Decides who acts on an insight, and how much is done without asking a person"),
    "dispatch": gettext_lazy("Gives the decision to a person or a playbook"),
    "withdraw": gettext_lazy("Ends the work on an insight that its source took back"),
    "measure": gettext_lazy("Records what a closed task came to"),
}
WAITING = """
SELECT stage, sum(size), min(created_at), max(attempts), max(last_error) FROM core_batch GROUP BY stage
"""
DEAD = "SELECT stage, count(*) FROM core_deadletter WHERE replayed_at IS NULL GROUP BY stage"


@dataclass(frozen=True)
class Part:
    """One part: its name, whether it works, and what is known of it."""

    name: str
    words: str
    ok: bool
    at: datetime | None = None


@dataclass(frozen=True)
class Backlog:
    """What waits for one stage: what it does, rows, since when the oldest, dead letters, the last error."""

    stage: str
    does: str
    rows: int
    since: datetime | None
    dead: int
    error: str
    is_late: bool

    @property
    def is_stuck(self) -> bool:
        """Whether somebody should look: rows that failed, wait too long, or were given up."""
        return bool(self.error or self.is_late or self.dead)


def parts(now: datetime) -> list[Part]:
    """Web, database, migrations, broker, worker, beat."""
    found = [Part(_("Web"), _("Answers: this page is its proof."), ok=True)]
    names = {"database": _("Database"), "migrations": _("Schema"), "broker": _("Broker")}
    works = {
        "database": _("Answers."),
        "migrations": _("All migrations are applied."),
        "broker": _("Takes messages."),
    }
    wrong = {name: check() for name, check in CHECKS.items()}
    for name, word in wrong.items():
        found.append(Part(names.get(name, name), word or works.get(name, ""), ok=not word))
    found.append(
        _worker() if not wrong.get("broker") else Part(_("Worker"), _("Unknown while the broker is away."), ok=False)
    )
    found.append(_beat(now))
    return found


def _worker() -> Part:
    """Whether any worker answers a ping."""
    try:
        answers: list[dict[str, Any]] = current_app.control.ping(timeout=PING_SECONDS) or []
    except (BrokerError, OSError):
        answers = []
    if not answers:
        return Part(_("Worker"), _("None answered: start one. Nothing is lost meanwhile; it waits below."), ok=False)
    count = len(answers)
    return Part(_("Worker"), ngettext("%(n)d worker answers.", "%(n)d workers answer.", count) % {"n": count}, ok=True)


def _beat(now: datetime) -> Part:
    """Whether the tick ran lately: it needs the beat, a worker, and the database."""
    last = Heartbeat.objects.filter(name=TICK).values_list("at", flat=True).first()
    if last is None:
        return Part(_("Scheduler (beat)"), _("Has not ticked yet: what falls due by itself does not happen."), ok=False)
    ok = now - last <= TICK_LATE
    words = _("Ticked") if ok else _("Has stopped: what falls due by itself does not happen. Last:")
    return Part(_("Scheduler (beat)"), words, ok=ok, at=last)


def backlogs(now: datetime) -> list[Backlog]:
    """Every stage of the pipeline, in order, with what waits for it."""
    waiting = {row[0]: row[1:] for row in fetch_all(WAITING)}
    dead = dict(fetch_all(DEAD))
    limit = timedelta(seconds=settings.CX_BACKLOG_LIMIT_SECONDS)
    found = []
    for stage in STAGES:
        rows, since, _attempts, error = waiting.get(stage.name, (0, None, 0, ""))
        late = since is not None and now - since > limit
        found.append(
            Backlog(stage.name, str(DOES[stage.name]), int(rows), since, dead.get(stage.name, 0), error or "", late)
        )
    return found
