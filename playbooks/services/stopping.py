"""Runs that cannot go on: a kill switch was thrown, or a step cannot be done."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import datetime

from django.utils.translation import gettext as _

from core.bulk import copy_rows
from core.services import raise_alert, record_acts
from decisions.enums import OutcomeKind
from decisions.services import close_items
from playbooks.enums import Lane
from playbooks.queries.stepping import Due, items_at_work
from playbooks.services.doing import STEP_TASK_COLUMNS, task_row
from playbooks.services.grants import grant_sight
from playbooks.services.starting import stop_runs_of, tell_of_switch


def switch_off(steps: Mapping[Due, str], now: datetime) -> None:
    """Stop the runs of steps before they are done, each because of the switch beside it; their teams are told."""
    if not steps:
        return
    _stop({step: f"switched off: {switch}" for step, switch in steps.items()}, now)
    items = {step.item_id for step in steps}
    close_items(item_ids=sorted(items - items_at_work(items)), outcome=OutcomeKind.HANDED_TO_HUMAN, now=now)
    tell_of_switch(Counter(step.team_id for step in steps), now)


def give_up(steps: Mapping[Due, str], now: datetime) -> None:
    """Stop the runs of steps that cannot be done, each for its reason; a person gets a task to decide what to do."""
    if not steps:
        return
    _stop(steps, now)
    texts = {
        step: _("A playbook stopped on %(account)s: %(why)s") % {"account": step.account, "why": why}
        for step, why in steps.items()
    }
    for step, text in texts.items():
        data = {"run": str(step.run_id)}
        raise_alert("run_stopped", text, on_day=now.date(), now=now, team_id=step.team_id, data=data)
    at_work = items_at_work([step.item_id for step in steps])
    _hand_over({step: text for step, text in texts.items() if step.item_id not in at_work}, now)


def _stop(steps: Mapping[Due, str], now: datetime) -> None:
    by_reason: dict[str, list[Due]] = defaultdict(list)
    for step, why in steps.items():
        by_reason[why].append(step)
    for why, mine in by_reason.items():
        stop_runs_of([step.item_id for step in mine], why=why, now=now)
        record_acts("stopped", "run", ((step.run_id, why, {}) for step in mine), actor="playbooks", now=now)


def _hand_over(texts: Mapping[Due, str], now: datetime) -> None:
    """A task for the item of each step, with its text."""
    flag, title = _("Its playbook stopped: go on by hand."), _("%(type)s: its playbook stopped")
    copy_rows(
        "playbooks_task",
        STEP_TASK_COLUMNS,
        (
            task_row(
                step, title % {"type": step.type}, text, due_at=now, now=now, lane=Lane.NOW, flag=flag, of_run=False
            )
            for step, text in texts.items()
        ),
    )
    grant_sight((step.account_id, step.person_id) for step in texts if step.person_id)
