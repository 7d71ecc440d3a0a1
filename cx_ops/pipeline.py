"""What happens to everything that arrives, in order. This file names every stage; no stage knows the next.

    arrives      landed      resolved    believed     decided      done        measured
    HTTP, CSV ─► intake ───► accounts ─► insights ──► decisions ─► playbooks ─► outcomes
                 Record      Account     Insight      Decision     Task, Run    Outcome

Each stage takes what the stage before committed, and commits what the next one takes. It can be killed at any moment:
what it had not committed is taken again, and what it had committed is gone from its queue, so that nothing is lost and
nothing is done twice (how: `core.stages`). What is believed is decided and dispatched in the same transaction where
all goes well (`core.handing`). The database is the queue; the workers, the beat and a history replay all
call `advance_all` and `tick_all`. An insight that its source takes back goes through the stage `withdraw`.
"""

from __future__ import annotations

import time
from datetime import datetime

from accounts.models import Released, Resolved
from accounts.services import (
    admit_records,
    follow_merges,
    keep_comparisons,
    keep_events,
    link_events,
    refresh_tier_revenue,
    resolve_records,
)
from core.bulk import database_now
from core.stages import Stage
from cx_ops.segments import refresh_segments
from decisions.models import Decided
from decisions.services import decide_insights, tend_hold_outs
from insights.models import Believed, Withdrawn
from insights.services import believe_records
from intake.models import Landed
from intake.services.feeds import check_feeds
from intake.services.parallel import forget_held
from outcomes.services import record_outcomes
from playbooks.models import ClosedTask
from playbooks.services import advance_runs, dispatch_decisions, record_effects, send_effects, tick, withdraw_insights
from playbooks.services.sources import tend_source_tasks

DISPATCH = Stage("dispatch", Decided, dispatch_decisions)
DECIDE = Stage("decide", Believed, decide_insights, then=DISPATCH)
STAGES = (
    Stage("resolve", Landed, resolve_records),  # whom is it about?
    Stage("believe", Resolved, believe_records, then=DECIDE),  # what do we believe?
    Stage("admit", Released, admit_records),  # and what else waited for its account?
    DECIDE,  # who acts, and how far alone?
    DISPATCH,  # give it to them
    Stage("withdraw", Withdrawn, withdraw_insights),  # what if it is taken back?
    Stage("measure", ClosedTask, record_outcomes),  # what did it prove?
)
BY_NAME = {stage.name: stage for stage in STAGES}


def advance_all(now: datetime | None = None, *, seconds: float = 60) -> int:
    """Run every stage until nothing waits, or for `seconds`; how many rows were moved.

    `now` is domain time: the database's clock, unless somebody replays a day.
    """
    ends = time.monotonic() + seconds
    moved = 0
    while time.monotonic() < ends and (taken := sum(stage.advance(now) for stage in STAGES)):
        moved += taken
    return moved


def tick_all(now: datetime | None = None) -> None:
    """What falls due by itself: months of events, late links, segments, feeds, hold-outs, snoozes, SLAs, steps, mail.

    With `now` given a past day is replayed: its e-mails are put on record and never sent.
    """
    moment = now or database_now()
    keep_events(moment)
    link_events(moment)
    follow_merges(moment)
    refresh_tier_revenue(moment)
    refresh_segments(moment)
    check_feeds(moment)
    forget_held(moment)
    keep_comparisons(moment)
    tend_source_tasks(moment)
    tend_hold_outs(moment)
    tick(moment)
    advance_runs(moment)
    if now is None:
        send_effects(moment)
    else:
        record_effects(moment)
