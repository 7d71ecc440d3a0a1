"""What due steps come to: decided one by one in memory, written all at once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from core.bulk import Id, copy_rows, execute
from core.business_time import Hours
from core.ids import uuid7_text
from core.services import raise_alert, record_acts
from decisions.enums import OutcomeKind
from decisions.services import close_items
from playbooks.enums import EffectStatus, Lane, RunStepStatus, StepKind, TaskStatus
from playbooks.queries.dispatching import Owner, organisation_hours, owners
from playbooks.queries.stepping import Due, items_at_work
from playbooks.rules.lanes import lane_for
from playbooks.rules.steps import fill, may_run_alone, per_cent
from playbooks.services.grants import grant_sight
from playbooks.services.opening import TASK_COLUMNS, due_after

# Hours until a step's task is due where the playbook does not say.
A_DAY = 8
EFFECT_COLUMNS = [
    "id", "key", "run_step_id", "to_id", "address", "subject", "body", "status", "not_before", "attempts", "last_error",
]  # fmt: skip
OPEN = "UPDATE playbooks_runstep SET status = 'open' WHERE id = ANY(%s)"
DONE = "UPDATE playbooks_runstep SET status = 'done', done_at = %s, done_by_id = NULL WHERE id = ANY(%s)"
GO_ON = """
INSERT INTO playbooks_runstep (id, run_id, step_id, status, due_at)
SELECT id, run_id, step_id, %s, due_at
FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::timestamptz[]) AS new (id, run_id, step_id, due_at)
ON CONFLICT DO NOTHING
"""
FINISH = "UPDATE playbooks_run SET status = 'done', ended_at = %s, ended_why = 'all steps done' WHERE id = ANY(%s)"


class StepFailed(Exception):
    """A step cannot be done; the message says why and goes to the people concerned."""


@dataclass(frozen=True)
class Staff:
    """Who works on a batch of steps, read once, and when they do."""

    people: Mapping[Id, Owner]
    office: Hours
    now: datetime

    @classmethod
    def of(cls, steps: Iterable[Due], now: datetime) -> Staff:
        ids = {id for step in steps for id in (step.owner_id, step.person_id)}
        return cls(owners(ids), organisation_hours(), now)

    def person(self, step: Due) -> Owner | None:
        return self.people[step.person_id] if step.person_id else None

    def after(self, hours: int, person_id: Id | None) -> datetime:
        """So many business hours from now, by the person's calendar or the organisation's. Raises `NoWorkingDay`."""
        person = self.people.get(person_id) if person_id else None
        return due_after(self.now, hours, person.hours if person else self.office)

    def words(self, step: Due) -> dict[str, str]:
        """What titles and texts of the step may name."""
        owner = self.people.get(step.owner_id) if step.owner_id else None
        return {
            "account": step.account,
            "type": step.type,
            "confidence": per_cent(step.confidence),
            "owner": owner.name if owner else "",
        }


class Deed(NamedTuple):
    """What one step comes to: a task (the run waits for it), or perhaps an e-mail and, in any case, going on.

    `goes_on_at`: when the following step is due; of no meaning where none follows.
    """

    step: Due
    task: tuple[Any, ...] | None
    effect: tuple[Any, ...] | None
    goes_on_at: datetime


# ── Decide ────────────────────────────────────────────────────────────────────────────────────────────────────────


def decide(step: Due, staff: Staff) -> Deed:
    """What doing `step` comes to. Raises `StepFailed`, `NoWorkingDay`."""
    if not may_run_alone(step.kind):
        raise StepFailed(_("It needs a person's approval."))
    return DO[step.kind](step, staff)


def _make_task(step: Due, staff: Staff) -> Deed:
    """The step is a person's: they get a task, and the run waits until it is closed."""
    words = staff.words(step)
    due_at = staff.after(step.business_hours or A_DAY, step.person_id)
    title, text = fill(step.title, words), fill(step.text, words)
    person = staff.person(step)
    lane = lane_for(due_at, staff.now, person.zone if person else staff.office.zone)
    return Deed(step, task_row(step, title, text, due_at=due_at, now=staff.now, lane=lane), None, staff.now)


def _send_email(step: Due, staff: Staff) -> Deed:
    """An e-mail to the item's owner leaves through the outbox, once: its key is the step of the run."""
    person = staff.person(step)
    if person is None:
        raise StepFailed(_("Nobody owns the account, so there is nobody to write to."))
    words = staff.words(step)
    subject = " ".join(fill(step.title, words).split())[:200]
    effect = (
        uuid7_text(), str(step.id), step.id, person.id, person.email, subject, fill(step.text, words),
        EffectStatus.DUE.value, staff.now, 0, "",
    )  # fmt: skip
    return Deed(step, None, effect, _goes_on_at(step, staff))


def _end_wait(step: Due, staff: Staff) -> Deed:
    return Deed(step, None, None, _goes_on_at(step, staff))


def _goes_on_at(step: Due, staff: Staff) -> datetime:
    return staff.now if step.next_wait is None else staff.after(step.next_wait, step.owner_id)


DO: dict[StepKind, Callable[[Due, Staff], Deed]] = {
    StepKind.TASK: _make_task,
    StepKind.EMAIL: _send_email,
    StepKind.WAIT: _end_wait,
}

STEP_TASK_COLUMNS = [*TASK_COLUMNS, "run_step_id"]


def task_row(
    step: Due,
    title: str,
    text: str,
    *,
    due_at: datetime,
    now: datetime,
    lane: Lane,
    flag: str = "",
    of_run: bool = True,
) -> tuple[Any, ...]:
    """A row for `STEP_TASK_COLUMNS`. of_run: it is the step's own, else the item's."""
    return (
        uuid7_text(), step.account_id, step.type_id, step.item_id, step.insight_id, step.run_id if of_run else None,
        title[:200], text, TaskStatus.OPEN.value, lane.value, "", step.person_id, step.team_id, False,
        step.priority, step.parts, due_at, None, None, "", flag[:200], step.evidence_count, step.expires_at, now,
        "", "", "", 1, step.id if of_run else None,
    )  # fmt: skip


# ── Write ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def write(deeds: Collection[Deed], now: datetime) -> None:
    """Do what was decided. Raises `IntegrityError`, `DataError` when the database refuses any of it."""
    _open([deed for deed in deeds if deed.task], now)
    _send([deed for deed in deeds if deed.effect], now)
    _go_on([deed for deed in deeds if not deed.task], now)


def _open(deeds: Sequence[Deed], now: datetime) -> None:
    if not deeds:
        return
    execute(OPEN, [[deed.step.id for deed in deeds]])
    copy_rows("playbooks_task", STEP_TASK_COLUMNS, (deed.task for deed in deeds if deed.task))
    steps = [deed.step for deed in deeds]
    grant_sight((step.account_id, step.person_id) for step in steps if step.person_id)
    for step in steps:
        if not step.person_id:
            text = _("A playbook's step on %(account)s has no owner. Assign it.") % {"account": step.account}
            raise_alert("unassigned", text, on_day=now.date(), now=now, team_id=step.team_id)
    acts = ((deed.task[0], deed.step.title, {"run": deed.step.run_id}) for deed in deeds if deed.task)
    record_acts("opened", "task", acts, actor="playbooks", now=now)


def _send(deeds: Sequence[Deed], now: datetime) -> None:
    if not deeds:
        return
    copy_rows("playbooks_effect", EFFECT_COLUMNS, (deed.effect for deed in deeds if deed.effect))
    acts = ((deed.effect[0], deed.step.title, {"run": deed.step.run_id}) for deed in deeds if deed.effect)
    record_acts("wrote", "effect", acts, actor="playbooks", now=now)


def _go_on(deeds: Sequence[Deed], now: datetime) -> None:
    """These steps are done: the next ones begin, or their runs end."""
    if not deeds:
        return
    execute(DONE, [now, [deed.step.id for deed in deeds]])
    following = [
        (uuid7_text(), deed.step.run_id, deed.step.next_id, deed.goes_on_at) for deed in deeds if deed.step.next_id
    ]
    if following:
        execute(GO_ON, [RunStepStatus.DUE.value, *map(list, zip(*following, strict=True))])
    _finish([deed.step for deed in deeds if not deed.step.next_id], now)


def _finish(steps: Sequence[Due], now: datetime) -> None:
    """The last step of these runs is done; items that nobody works on any more are closed with them."""
    if not steps:
        return
    execute(FINISH, [now, [step.run_id for step in steps]])
    record_acts("finished", "run", ((step.run_id, "", {}) for step in steps), actor="playbooks", now=now)
    items = {step.item_id for step in steps}
    close_items(item_ids=sorted(items - items_at_work(items)), outcome=OutcomeKind.COMPLETED, now=now)
