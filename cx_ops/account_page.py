"""Everything the page of one account shows: the one read that spans all rooms."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.enums import KEY_PEOPLE, AccountRole, Forecast, Stakeholder
from accounts.models import Account, Contact, Contract
from accounts.queries.contactable import people_there
from accounts.queries.page import AccountView, Reading, account_view
from core.models import User
from cx_ops.account_filter import kept_by
from cx_ops.account_health import Health, Level, Signs, ends_in, read_health
from cx_ops.account_timeline import Timeline, load_timeline
from cx_ops.renewals import HOPEFUL
from cx_ops.risk_claims import risk_claims
from cx_ops.stakeholder_map import Dot, draw_dots, has_place
from playbooks.enums import ACTIVE, RunStatus, RunStepStatus
from playbooks.models import Run, RunStep, Task
from playbooks.queries.deadlines import Deadline, days_since, next_deadline
from playbooks.rules.steps import fill


class OpenTask(NamedTuple):
    task: Task
    deadline: Deadline


class Term(NamedTuple):
    """A contract, and where today stands in it: in per cent of its length. `notice_at` as well; None: no such date.

    `notice_left`: days to the last day of notice, negative once it has passed.
    """

    contract: Contract
    end: date
    is_current: bool
    renews_itself: bool
    today_at: int
    notice_at: int | None
    notice_left: int | None
    days_left: int

    @property
    def is_bound(self) -> bool:
        """It renews by itself, and the day to say otherwise has passed."""
        return self.renews_itself and self.notice_left is not None and self.notice_left < 0


class Trend(NamedTuple):
    """Usage readings as a line: points of an SVG, its first and last value, and what they count ("": not said)."""

    points: str
    first: Decimal
    last: Decimal
    since: datetime
    unit: str


@dataclass(frozen=True)
class AccountPage:
    """What `templates/accounts/detail.html` shows."""

    view: AccountView
    health: Health
    open_tasks: list[OpenTask]
    runs: list[Run]
    open_steps: list[RunStep]
    terms: list[Term]
    dots: list[Dot]
    trend: Trend | None
    gaps: list[str]
    timeline: Timeline
    touched_ago: int

    @property
    def csm(self) -> str:
        """Its customer success manager; "" where it has none."""
        return next((str(one.user) for one in self.view.people if one.role == AccountRole.CSM), "")

    @property
    def kept_by(self) -> str:
        """Whom to ask about it."""
        team = self.view.facts.account.team
        return kept_by(self.csm, str(team) if team else "")

    @property
    def lone_runs(self) -> list[Run]:
        """Runs without an open task: the others are told with theirs."""
        told = {one.task.run_id for one in self.open_tasks}
        return [run for run in self.runs if run.pk not in told]

    @property
    def open_count(self) -> int:
        """How many rows tell what is open."""
        return len(self.open_tasks) + len(self.lone_runs)

    @property
    def run_of(self) -> dict[UUID, Run]:
        """The live runs by id."""
        return {run.pk: run for run in self.runs}

    @property
    def current(self) -> Term | None:
        """The term that runs now."""
        return next((term for term in self.terms if term.is_current), None)

    @property
    def last(self) -> Term | None:
        """The one that ends last."""
        return _last(self.terms)

    @property
    def over(self) -> Term | None:
        """The last term, once it has ended: no other is known."""
        return self.last if self.last and self.last.days_left < 0 else None

    @property
    def contacts_here(self) -> list[Contact]:
        """Who has not left."""
        return [contact for contact in self.view.contacts if contact.left_on is None]

    @property
    def main_contact(self) -> str:
        """The id of whom a step of an open task means by that; "" where none is open."""
        people = self.open_tasks[0].task.people if self.open_tasks else []  # type: ignore[attr-defined]
        return people[0]["id"] if people else ""

    @property
    def off_the_map(self) -> int:
        """How many of the people have no place on the map."""
        return sum(not has_place(contact) for contact in self.view.contacts)

    @property
    def speaks_against(self) -> str:
        """Why the forecast of the term that runs may be too hopeful; "" where nothing says so."""
        term = self.current
        is_hopeful = term is not None and term.contract.forecast in HOPEFUL and not term.is_bound
        return self.health.reasons[0] if is_hopeful and self.health.level <= Level.RISK else ""

    @property
    def next_task(self) -> OpenTask | None:
        """What is due first."""
        return min(self.open_tasks, key=lambda one: one.task.due_at, default=None)

    @property
    def next_step(self) -> str:
        """What is to be done of it: the first open step of its playbook, else what it is called."""
        task = self.next_task.task if self.next_task else None
        account = {"account": self.view.facts.account.name}
        steps = (fill(step.step.title, account) for step in self.open_steps if task and task.run_id == step.run_id)
        return next(steps, task.title if task else "")


def load_account_page(account: Account, *, user: User, kind: str, before: str, now: datetime) -> AccountPage:
    """The page of an account `with_loss` and `watched` that `user` may see; `kind`, `before`: what of its timeline.

    Raises KeyError for an unknown kind and `CursorRefused`.
    """
    view = account_view(account, user, now)
    terms = [_term(contract, now.date()) for contract in view.contracts]
    runs = Run.objects.filter(account=account, status=RunStatus.LIVE, automated=True)
    return AccountPage(
        view=view,
        health=read_health(_signs(view, terms, now)),
        open_tasks=list_open_tasks(account, now),
        runs=list(runs.select_related("version__playbook", "owner")),
        open_steps=list_open_steps(account),
        terms=terms,
        dots=draw_dots(view.contacts),
        trend=_trend(view.usage),
        gaps=list_gaps(view),
        timeline=load_timeline(account, user, kind=kind, before=before),
        touched_ago=days_since(view.last_touch.happened_at, now) if view.last_touch else 0,
    )


def list_open_tasks(account: Account, now: datetime) -> list[OpenTask]:
    """What is open on the account; each task with the best `people` there."""
    tasks = Task.objects.filter(account=account, status__in=ACTIVE).select_related("assignee", "type")
    there = tasks.annotate(people=people_there(now.date(), "playbooks_task.account_id"))
    return [OpenTask(task, next_deadline(task, now)) for task in there]


def list_open_steps(account: Account) -> list[RunStep]:
    """Steps of people's playbooks on the account that can be ticked, in their order."""
    steps = RunStep.objects.filter(run__account=account, run__status=RunStatus.LIVE, run__automated=False)
    return list(steps.filter(status=RunStepStatus.OPEN).select_related("step").order_by("run_id", "step__position"))


def list_gaps(view: AccountView) -> list[str]:
    """What is missing, in words: each makes a decision about this account worse."""
    account, contacts = view.facts.account, view.contacts
    checks = {
        _("its yearly revenue"): account.arr_amount is None,
        _("the end of its term"): account.renews_on is None,
        _("who looks after it"): not account.team_id and all(one.role != AccountRole.CSM for one in view.people),
        _("who its contacts are"): not contacts,
        _("who decides there"): bool(contacts) and not any(map(_decides, contacts)),
    }
    return [gap for gap, is_open in checks.items() if is_open]


def _decides(contact: Contact) -> bool:
    return contact.left_on is None and contact.stakeholder in (Stakeholder.SPONSOR, Stakeholder.DECISION_MAKER)


def _signs(view: AccountView, terms: list[Term], now: datetime) -> Signs:
    account = view.facts.account
    unhappy = [one for one in view.contacts if one.stakeholder in KEY_PEOPLE and (one.sentiment or 0) < 0]
    since = view.last_touch.happened_at if view.last_touch else account.created_at
    dates = [one.notice_on for one in view.contracts if one.notice_on and one.ended_early_on is None]
    notices = [(day - now.date()).days for day in dates if day >= now.date()]
    last = _last(terms)
    has_csm = any(person.role == AccountRole.CSM for person in view.people)
    return Signs(
        red_lines=view.facts.red_lines,
        risk=risk_claims([account.pk]).get(account.pk, ""),
        forecast=next((term.contract.forecast for term in terms if term.is_current), Forecast.UNKNOWN),
        unhappy=[contact.stakeholder for contact in unhappy if contact.left_on is None],
        quiet_days=days_since(since, now) if has_csm else None,
        ends_in=ends_in(last.end, now.date(), renews_itself=last.renews_itself) if last else None,
        notice_in=min(notices, default=None),
        lost_on=timezone.localdate(account.lost_at) if account.lost_at else None,  # type: ignore[attr-defined]
        became=last.contract.forecast if last else "",
        watched=account.watched or "",  # type: ignore[attr-defined]
    )


def _term(contract: Contract, today: date) -> Term:
    end = contract.ended_early_on or contract.ends_on
    length = (contract.ends_on - contract.starts_on).days

    def place(day: date) -> int:
        return min(max(round(100 * (day - contract.starts_on).days / length), 0), 100)

    return Term(
        contract=contract,
        end=end,
        is_current=contract.starts_on <= today <= end,
        renews_itself=contract.auto_renews and contract.ended_early_on is None,
        today_at=place(today),
        notice_at=place(contract.notice_on) if contract.notice_on else None,
        notice_left=(contract.notice_on - today).days if contract.notice_on else None,
        days_left=(end - today).days,
    )


def _last(terms: list[Term]) -> Term | None:
    return max(terms, key=lambda term: term.end, default=None)


TREND_WIDTH, TREND_HEIGHT = 240, 40


def _trend(readings: list[Reading]) -> Trend | None:
    """The readings as a line from nought upwards; None of fewer than three."""
    if len(readings) < 3:
        return None
    values = [reading.value for reading in readings]
    top = max(*values, Decimal(1))
    points = (
        f"{round(TREND_WIDTH * place / (len(values) - 1))},{round(TREND_HEIGHT - (TREND_HEIGHT - 4) * value / top - 2)}"
        for place, value in enumerate(values)
    )
    return Trend(" ".join(points), values[0], values[-1], readings[0].at, readings[-1].unit)
