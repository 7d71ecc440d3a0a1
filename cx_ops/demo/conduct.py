"""How people work their queues: what they would do next with a task, and the services that do it.

Everybody has a manner of their own with each task, drawn from chance that is the same every time: how soon they
notice it, whether they wait for an answer or put it off, and when they close it. How it ends depends on what will
become of the customer, not on what the scorers say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random

from core.models import User
from cx_ops.demo.book import Book, Customer, Fate
from cx_ops.demo.days import workday_number
from cx_ops.demo.stories import Deed
from playbooks import services
from playbooks.enums import ACTIVE, RunStatus, TaskStatus
from playbooks.models import Run, RunStep, Task

Outcome = tuple[str, str, str]
"""Outcome, reason, note."""

NOTES = {
    "churn_risk": (
        "Spoke with the champion. The fall is real; they lost two people in spring.",
        "Left a message, and sent two times to talk.",
        "They are annoyed about the open tickets. Kai knows.",
        "Call done: they will look at it again with me on Thursday.",
    ),
    "expansion_signal": (
        "Looked at what they use: the new team works with borrowed log-ins.",
        "Champion says the budget is there from next quarter.",
    ),
    "advocacy_potential": ("Thanked them for the answer first. Will ask next week.",),
    "engagement_opportunity": ("Sent the short guide, and offered half an hour.",),
}
LEAVES = (
    ("lost", "price", "They gave notice: the budget is gone."),
    ("lost", "no_need", "The team that used it was closed."),
    ("lost", "competitor", "They have signed with somebody else."),
    ("risk_resolved", "", "They say they will stay."),
    ("no_change", "", "Friendly talk, no promise."),
)
STAYS = (
    ("insight_wrong", "not_a_risk", "The facts are right, but nothing is wrong there."),
    ("insight_wrong", "out_of_date", "That was over before the score came."),
    ("insight_wrong", "known_already", "We knew, and had acted."),
    ("no_change", "", "Talked; nothing to do."),
)
ENDS: Mapping[str, tuple[Outcome, ...]] = {
    "expansion_signal": (
        ("expansion_agreed", "", "A fifth more seats from the next term."),
        ("expansion_agreed", "", "The new team gets seats of its own."),
        ("no_response", "", "Three tries, no answer."),
        ("no_change", "", "Not before next year's budget."),
    ),
    "advocacy_potential": (
        ("advocacy_given", "", "They wrote a review the same evening."),
        ("no_response", "", "No answer to two messages."),
        ("no_change", "", "Glad to, but their legal department says no."),
    ),
    "engagement_opportunity": (
        ("other", "", "Took the half hour, and set up the reports themselves."),
        ("no_response", "", "No answer."),
        ("no_change", "", "Not interested now."),
    ),
}
INVOICE_MENDED: Outcome = ("risk_resolved", "", "Invoice corrected and sent anew; they are content.")


@dataclass(frozen=True)
class Manner:
    """Workdays after which somebody does each thing with a task; a wait ends before the close."""

    notices: int
    writes: int
    waits: int | None
    returns: int
    closes: int


def manner_of(chance: Random) -> Manner:
    """Most people are quick, some are not, and everybody forgets one now and then."""
    notices = chance.choices((0, 1, 3), (0.78, 0.16, 0.06))[0]
    writes = notices + chance.choices((0, 1), (0.7, 0.3))[0]
    waits = writes + 1 if chance.random() < 0.22 else None
    closes = writes + chance.choices((0, 1, 2, 4, 7), (0.25, 0.25, 0.25, 0.15, 0.10))[0]
    returns = (waits or 0) + chance.randrange(2, 6)
    return Manner(notices, writes, waits, returns, max(closes, returns) if waits else closes)


class Desk:
    """Everybody's queue on the days of a book."""

    def __init__(self, book: Book, customers: Mapping[object, Customer]) -> None:
        """`customers` are keyed by the id of their account."""
        self.book = book
        self.customers = customers
        self.users = {user.username: user for user in User.objects.all()}
        self.undone: list[Deed] = []

    def work(self, usernames: Iterable[str], *, now: datetime) -> int:
        """One session of these people at their queues; how many things they did."""
        people = [self.users[name] for name in usernames]
        tasks = Task.objects.filter(status__in=ACTIVE, assignee__in=people).order_by("-priority", "id")
        done = 0
        for task in tasks:
            customer = self.customers[task.account_id]
            if not customer.is_story or task.run_step_id:
                done += self._next_act(task, customer, now)
        return done

    def _next_act(self, task: Task, customer: Customer, now: datetime) -> int:
        """Do the one thing that is next with a task, if its time has come."""
        chance = customer.random("manner", task.type_id, task.opened_at.date(), bool(task.run_step_id))
        manner, age = manner_of(chance), _age(task, now.date())
        for is_due, act in (
            (task.status == TaskStatus.SNOOZED, None),
            (task.acknowledged_at is None and age >= manner.notices, self._acknowledge),
            (task.status == TaskStatus.WAITING and age < manner.returns, None),
            (age >= manner.closes and task.acknowledged_at is not None, self._close),
            (task.status == TaskStatus.WAITING, None),
            (manner.waits is not None and age >= manner.waits, self._wait),
            (task.touched_at is None and age >= manner.writes, self._write),
        ):
            if is_due:
                return act(task, customer, chance, now) if act else 0
        return 0

    def _acknowledge(self, task: Task, customer: Customer, chance: Random, now: datetime) -> int:
        services.acknowledge_task(task_id=task.id, by=self._owner(task), now=now)
        return 1

    def _write(self, task: Task, customer: Customer, chance: Random, now: datetime) -> int:
        text = chance.choice(NOTES[task.type_id or "churn_risk"])
        services.add_note(task_id=task.id, by=self._owner(task), text=text, now=now)
        return 1

    def _wait(self, task: Task, customer: Customer, chance: Random, now: datetime) -> int:
        services.wait_on_customer(
            task_id=task.id,
            by=self._owner(task),
            version=task.version,
            reason="They answer by the end of the week",
            now=now,
        )
        return 1

    def _close(self, task: Task, customer: Customer, chance: Random, now: datetime) -> int:
        outcome, reason, note = self._end_of(task, customer, chance, now.date())
        if task.run_step_id:
            services.complete_step(run_step_id=task.run_step_id, by=self._owner(task), now=now)
            return 1
        services.close_task(
            task_id=task.id,
            by=self._owner(task),
            version=task.version,
            outcome=outcome,
            reason=reason,
            note=note,
            now=now,
        )
        return 1

    def _end_of(self, task: Task, customer: Customer, chance: Random, day: date) -> Outcome:
        if task.type_id in ENDS:
            return chance.choice(ENDS[task.type_id])
        noticed = day >= customer.turn - timedelta(days=customer.notice_days)
        match customer.fate:
            case Fate.LEAVES:
                return chance.choice(LEAVES[:3] if noticed else LEAVES)
            case Fate.SAVED:
                return ("risk_resolved", "", "Called in time. What stood in their way is done.")
            case _:
                return chance.choice(STAYS)

    def _owner(self, task: Task) -> User:
        return next(user for user in self.users.values() if user.id == task.assignee_id)

    def hand_over(self, leaver: str, *, by: str, now: datetime) -> int:
        """A manager gives each open task of somebody who leaves to whoever takes the account; how many."""
        tasks = list(Task.objects.filter(status__in=ACTIVE, assignee=self.users[leaver]))
        for task in tasks:
            heir = self.customers[task.account_id].heir
            services.assign_task(
                task_id=task.id,
                by=self.users[by],
                version=task.version,
                to=self.users[heir],
                note=f"{self.users[leaver].first_name} has left. The account is yours from now on; read the notes.",
                now=now,
            )
        return len(tasks)

    def perform(self, deed: Deed, account_id: object, *, now: datetime) -> None:
        """Do what a story says. What could not be done is kept in `undone`."""
        act = VERBS[deed.verb]
        if not act(deed, account_id, self.users[deed.who], now):
            self.undone.append(deed)


def _age(task: Task, day: date) -> int:
    """Workdays since the task was opened."""
    return workday_number(day) - workday_number(task.opened_at.date())


def _task_of(deed: Deed, account_id: object) -> Task | None:
    return Task.objects.filter(account_id=account_id, type_id=deed.type, status__in=ACTIVE, run_step=None).first()


def _on_task(act: Callable[[Task, Deed, User, datetime], object]) -> Callable[..., bool]:
    """The act on the story's open task; False when there is none."""

    def perform(deed: Deed, account_id: object, by: User, now: datetime) -> bool:
        task = _task_of(deed, account_id)
        if task is None:
            return False
        act(task, deed, by, now)
        return True

    return perform


def _complete_next_step(deed: Deed, account_id: object, by: User, now: datetime) -> bool:
    step = _open_steps(deed, account_id).first()
    if step is None:
        return False
    services.complete_step(run_step_id=step.id, by=by, now=now)
    return True


def _open_steps(deed: Deed, account_id: object) -> Iterator[RunStep]:
    return RunStep.objects.filter(  # type: ignore[return-value]
        run__account_id=account_id, run__status=RunStatus.LIVE, status="open", run__item__type_id=deed.type
    ).order_by("step__position")


def _stop(deed: Deed, account_id: object, by: User, now: datetime) -> bool:
    run = Run.objects.filter(account_id=account_id, status=RunStatus.LIVE).first()
    if run is None:
        return False
    services.stop_run(run_id=run.id, by=by, why=deed.text, now=now)
    return True


VERBS: Mapping[str, Callable[..., bool]] = {
    "acknowledge": _on_task(lambda task, deed, by, now: services.acknowledge_task(task_id=task.id, by=by, now=now)),
    "note": _on_task(lambda task, deed, by, now: services.add_note(task_id=task.id, by=by, text=deed.text, now=now)),
    "wait": _on_task(
        lambda task, deed, by, now: services.wait_on_customer(
            task_id=task.id, by=by, version=task.version, reason=deed.text, now=now
        )
    ),
    "resume": _on_task(
        lambda task, deed, by, now: services.resume_task(task_id=task.id, by=by, version=task.version, now=now)
    ),
    "close": _on_task(
        lambda task, deed, by, now: services.close_task(
            task_id=task.id,
            by=by,
            version=task.version,
            outcome=deed.outcome,
            reason=deed.reason,
            note=deed.text,
            now=now,
        )
    ),
    "step": _complete_next_step,
    "stop": _stop,
}
