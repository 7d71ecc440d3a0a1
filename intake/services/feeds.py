"""Looking after feeds: what is wrong with a source is found, kept while it lasts, and let go when it is over."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from core.models import Heartbeat
from core.services import record_act
from intake.models import Source, Trouble
from intake.queries.health import Finding, find_troubles
from intake.queries.sources import expected_from, list_sources
from intake.services.days import profile_days
from intake.services.profiling import sum_up_calls

WATCHED = "feeds"
# So often all feeds are looked at; no cadence is shorter than an hour.
EVERY = timedelta(minutes=5)
# Calls are added up by the hour once the hour is well over.
SUMMED_AFTER = timedelta(hours=2)


def check_feeds(now: datetime) -> int:
    """Look at every feed, unless that was done less than five minutes of domain time ago; how many troubles changed."""
    with transaction.atomic():
        seen = Heartbeat.objects.select_for_update().filter(name=WATCHED).first()
        if seen is not None and seen.at <= now < seen.at + EVERY:
            return 0
        Heartbeat.objects.update_or_create(name=WATCHED, defaults={"at": now})
        sum_up_calls(now - SUMMED_AFTER)
        profile_days(now - SUMMED_AFTER)
        sources = list(list_sources().filter(is_active=True))
        found = find_troubles(sources, expected_from([source.pk for source in sources]), now)
        return sum(_settle(source, found[source.pk], now) for source in sources) + _let_go(now)


def _settle(source: Source, findings: list[Finding], now: datetime) -> int:
    """Keep what is new, change what is otherwise, clear what is over; how many changed."""
    open_ones: Mapping[str, Trouble] = {
        trouble.problem: trouble
        for trouble in Trouble.objects.select_for_update().filter(source=source, cleared_at=None)
    }
    changed = 0
    for finding in findings:
        trouble = open_ones.get(finding.problem)
        if trouble is None:
            trouble = Trouble(source=source, problem=finding.problem, found_at=now, since=finding.since)
            changed += 1
        elif (trouble.title, trouble.is_severe) == (finding.title, finding.is_severe):
            continue
        trouble.title, trouble.is_severe = finding.title[:200], finding.is_severe
        trouble.facts = [list(fact) for fact in finding.facts]
        trouble.save()
        if finding.problem not in open_ones:
            record_act("found", trouble, actor="tick", now=now, why=trouble.title)
    for problem, trouble in open_ones.items():
        if problem not in {finding.problem.value for finding in findings}:
            changed += _clear(trouble, now)
    return changed


def _let_go(now: datetime) -> int:
    """What was wrong with sources that are switched off is nobody's any more."""
    gone = Trouble.objects.select_for_update(of=("self",)).filter(Q(source__is_active=False), cleared_at=None)
    return sum(_clear(trouble, now) for trouble in gone)


def _clear(trouble: Trouble, now: datetime) -> int:
    trouble.cleared_at = now
    trouble.save(update_fields=["cleared_at"])
    record_act("cleared", trouble, actor="tick", now=now, why=trouble.title)
    return 1


def accept_trouble(*, trouble_id: UUID, now: datetime) -> None:
    """Somebody said that it is meant to be so: what comes from now on is the new normal."""
    Trouble.objects.filter(pk=trouble_id).update(accepted_at=now)


def take_acceptance_back(*, trouble_id: UUID) -> None:
    """It is a fault after all."""
    Trouble.objects.filter(pk=trouble_id).update(accepted_at=None)
