"""Everything the page of one task shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import JSONField, QuerySet
from django.db.models.expressions import RawSQL
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.queries.contactable import Contactable, contactable, people_there
from core.models import User
from core.templatetags.cx import percent, short_money
from core.written import Written
from decisions.models import Decision
from decisions.queries.explain import ASKED, Explanation, Fact, explain, uncapitalised
from decisions.queries.worth import Worth, worth_of
from intake.queries.health import Seen, what_was_seen
from intake.queries.privacy import fields_hidden_from
from playbooks.enums import ACTIVE, RunStepStatus, StepKind, TaskStatus
from playbooks.models import RunStep, Step, Task, TaskNote
from playbooks.queries.deadlines import Deadline, next_deadline
from playbooks.queries.grounds import (
    Evidence,
    facts_behind,
    list_evidence,
    track_record,
    what_would_change,
)
from playbooks.queries.merged import merged_into
from playbooks.queries.money import REPORTING, Money, exposed_of
from playbooks.queries.outcomes import label_of
from playbooks.queries.terms import Term, running_term
from playbooks.rules.steps import fill

# Who snoozed or paused a task, by id and name; null of one that is not put off.
PUT_OFF_BY = RawSQL(
    """CASE WHEN playbooks_task.status IN ('snoozed', 'waiting') THEN (
    SELECT jsonb_build_object('id', u.id, 'name',
        coalesce(nullif(trim(u.first_name || ' ' || u.last_name), ''), u.username))
    FROM core_act a JOIN core_user u ON u.id = a.by_id
    WHERE a.subject_type = 'task' AND a.subject_id = playbooks_task.id::text AND a.verb IN ('snoozed', 'waiting')
    ORDER BY a.at DESC, a.id DESC LIMIT 1
    ) END""",
    (),
    output_field=JSONField(),
)  # a constant  # nosec B611


class StepLine(NamedTuple):
    """One step of the playbook; `run_step_id` is empty until the run has come to it.

    `is_left`: ended before; of the step that is the task itself, `ended_as` says how that was closed.
    """

    title: str
    text: str
    kind: str
    kind_label: str
    is_done: bool
    is_left: bool
    done_by: str
    done_at: datetime | None
    run_step_id: UUID | None
    may_tick: bool
    ended_as: str = ""


@dataclass(frozen=True)
class TaskPage:
    """What `templates/playbooks/task.html` shows."""

    task: Task
    deadline: Deadline
    exposed: Money
    reporting: str
    term: Term | None
    term_next: tuple[str, date] | None
    contacts: list[Contactable]
    explanation: Explanation | None
    track_record: str
    worth: Worth
    steps: list[StepLine]
    evidence: list[Evidence]
    facts: list[Fact]
    what_would_change: list[str]
    notes: list[TaskNote]
    seen: list[Seen]
    talking_points: list[str]
    is_active: bool
    put_off_by: str
    merged_into: Task | None

    @property
    def origin(self) -> Fact | None:
        """One of the facts, where all are from its source and its moment; else None."""
        return self.facts[0] if len({(fact.source, fact.at) for fact in self.facts}) == 1 else None

    @property
    def is_due_too_late(self) -> bool:
        """Whether the term that runs ends before the task is due."""
        if not self.is_active or self.term is None or self.task.due_at is None:
            return False
        return bool(self.term.ends_on < self.task.due_at.astimezone(timezone.get_current_timezone()).date())

    @property
    def a_year(self) -> str:
        """What the account pays, in its contract's currency, and in the one that everything is counted in."""
        account, counted = self.task.account, self.exposed
        if counted.amount is None or account is None:
            return ""
        own = Money(account.arr_amount, account.arr_currency)
        if own.amount is None or own.currency == counted.currency:
            return counted.a_year
        if not self.is_active:  # it is counted at the rate of a day that is past
            return own.a_year
        return f"{own.a_year} ({short_money(counted.amount, counted.currency)})"

    @property
    def awaits_touch(self) -> bool:
        """It was acknowledged, and the first touch is asked for next."""
        task = self.task
        return bool(self.is_active and task.acknowledged_at and task.touch_by and not task.touched_at)

    @property
    def why_theirs(self) -> str:
        """Who was asked before it came to whoever has it; "" where they were the first, or it was handed over since."""
        path = self.explanation.owner_path[1:] if self.explanation else []
        decision = self.task.decision
        if len(path) < 2 or decision is None or decision.owner_id != self.task.assignee_id:
            return ""
        words = {"asked": "; ".join(path[:-1]), "taker": uncapitalised(path[-1])}
        return _("%(asked)s; so it went to the %(taker)s.") % words

    @property
    def steps_done(self) -> int:
        return sum(step.is_done for step in self.steps)


def load_task_page(task_id: UUID, *, user: User, now: datetime) -> TaskPage:
    """The page of a task that `user` may see; raises Task.DoesNotExist for any other."""
    task = _find(task_id, user, now)
    reporting = task.reporting or ""  # type: ignore[attr-defined]
    insight = task.decision.insight if task.decision else None
    explanation = explain(task.decision) if task.decision else None
    evidence = list_evidence(task, user)
    term = Term.read(task.term)  # type: ignore[attr-defined]
    return TaskPage(
        task=task,
        deadline=next_deadline(task, now),
        exposed=exposed_of(task, reporting),
        reporting=reporting,
        term=term,
        term_next=term.next_date(timezone.localtime(now).date()) if term else None,
        contacts=contactable(task.people, task.hidden),  # type: ignore[attr-defined]
        explanation=explanation,
        track_record=track_record(task.decision) if task.decision else "",
        worth=worth_of(task.priority_parts, task.type.direction if task.type else None),
        steps=list_steps(task),
        evidence=evidence,
        facts=facts_behind(explanation, evidence),
        what_would_change=what_would_change(task, explanation) if explanation else [],
        notes=list(_notes(task_id=task.pk)),
        seen=what_was_seen(task.trouble) if task.trouble else [],
        talking_points=[str(point) for point in insight.talking_points] if insight else [],
        is_active=task.status in ACTIVE,
        put_off_by=_put_off_by(task, user),
        merged_into=merged_into(task, user) if task.status == TaskStatus.MERGED else None,
    )


# The decision apart: PostgreSQL plans two handfuls of joins in a tenth of the time that it needs for all at once.
# A source and its trouble, and who closed it or made it by hand, are asked for where they are shown: few have any.
@Written
def _task(user: User, *, task_id: UUID, today: date) -> QuerySet[Task]:
    tasks = Task.objects.visible_to(user).annotate(
        reporting=REPORTING,
        term=running_term(today),
        put_off=PUT_OFF_BY,
        people=people_there(today, "playbooks_task.account_id"),
        hidden=ArraySubquery(fields_hidden_from(user)),
    )
    return tasks.select_related("account", "type", "assignee", "claimed_by").filter(pk=task_id)


@Written
def _decision(*, id: UUID) -> QuerySet[Decision]:
    decisions = Decision.objects.select_related("insight__source", "insight__type", "owner").annotate(asked=ASKED)
    return decisions.defer("inputs").filter(pk=id)


def find_task(task_id: UUID, *, user: User) -> Task:
    """A task that `user` may see, with what it is about; raises Task.DoesNotExist for any other."""
    return _seen.one(user, task_id=task_id)


def is_new_to(user: User, task_id: UUID) -> bool:
    """Whether it is a task of `user` that they have not opened yet."""
    return bool(_unopened(user, task_id=task_id))


@Written
def _unopened(user: User, *, task_id: UUID) -> QuerySet[Task, UUID]:
    unopened = Task.objects.active().filter(pk=task_id, assignee=user, acknowledged_at=None)
    return unopened.values_list("pk", flat=True)


@Written
def _seen(user: User, *, task_id: UUID) -> QuerySet[Task]:
    return Task.objects.visible_to(user).select_related("account", "source").filter(pk=task_id)


def _put_off_by(task: Task, user: User) -> str:
    """Who snoozed or paused it, where that was somebody else than `user`."""
    by = task.put_off  # type: ignore[attr-defined]
    return by["name"] if by and by["id"] != str(user.pk) else ""


@Written
def _notes(*, task_id: UUID) -> QuerySet[TaskNote]:
    return TaskNote.objects.filter(task=task_id).select_related("by").order_by("-at")


def _find(task_id: UUID, user: User, now: datetime) -> Task:
    task = _task.one(user, task_id=task_id, today=now.date())
    if task.decision_id is not None:
        task.decision = next(iter(_decision(id=task.decision_id)), None)
    return task


def list_steps(task: Task) -> list[StepLine]:
    """The steps of the task's playbook with what became of them. A person's plan has only the steps for people."""
    if task.run_id is None:
        return []
    rows = list(
        RunStep.objects.filter(run=task.run_id)
        .select_related("done_by", "step", "run__version__playbook")
        .order_by("step__position")
    )
    run = task.run = rows[0].run if rows else task.run
    if run is None or not run.automated:
        return [_step(row.step, row, task) for row in rows]
    reached = {row.step_id: row for row in rows}
    steps = Step.objects.filter(version=run.version_id).order_by("position")
    return [_step(step, reached.get(step.pk), task) for step in steps]


def _step(step: Step, row: RunStep | None, task: Task) -> StepLine:
    words = {
        "account": task.about,
        "type": task.type.name if task.type else "",
        "confidence": percent(task.decision.confidence) if task.decision else "",
        "owner": str(task.assignee or ""),
    }
    return StepLine(
        title=fill(step.title, words),
        text=fill(step.text, words),
        kind=step.kind,
        kind_label=str(StepKind(step.kind).label),
        is_done=row is not None and row.status == RunStepStatus.DONE,
        is_left=row.status == RunStepStatus.SKIPPED if row else task.run is not None and task.run.ended_at is not None,
        done_by=str(row.done_by) if row and row.done_by else "",
        done_at=row.done_at if row else None,
        run_step_id=row.pk if row else None,
        ended_as=label_of(task.outcome) if row is not None and row.pk == task.run_step_id and task.outcome else "",
        may_tick=row is not None and task.run is not None and not task.run.automated and task.status in ACTIVE,
    )
