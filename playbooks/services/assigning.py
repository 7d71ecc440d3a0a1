"""Giving work to people: made by hand, handed over, taken over from somebody who leaves or is away."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Account
from core.enums import Role
from core.models import User
from core.services import record_act
from decisions.models import Item
from decisions.queries.facts import lock_accounts
from decisions.services import assign_item
from playbooks.enums import Lane, RunStatus
from playbooks.models import Run, Task, TaskNote
from playbooks.services.grants import grant_sight, revoke_idle
from playbooks.services.resolving import successors
from playbooks.services.taking import READERS, TaskRefused, check_can_take, store, take_active


@transaction.atomic
def create_task(
    *, account: Account, title: str, by: User, assignee: User, due_at: datetime, text: str = "", now: datetime
) -> Task:
    """Make a task by hand on an account that `by` may see. Raises `TaskRefused` naming the field."""
    if not Account.objects.visible_to(by).filter(pk=account.pk).exists():
        raise Account.DoesNotExist
    if by.role in READERS and not by.is_superuser:
        raise TaskRefused(str(READERS[by.role]), forbidden=True)  # type: ignore[index]
    return add_task(account=account, title=title, assignee=assignee, due_at=due_at, text=text, by=by, actor="", now=now)


@transaction.atomic
def add_task(
    *, account: Account, title: str, assignee: User, due_at: datetime, text: str = "",
    by: User | None, actor: str, now: datetime,
) -> Task:  # fmt: skip
    """A task by hand, for a person (`by`) or a source (`actor`) that was allowed to already."""
    if not title.strip():
        raise TaskRefused(_("Say in a few words what is to be done."), "title")
    if len(title.strip()) > 200:
        raise TaskRefused(_("Keep the title to 200 characters; the rest goes into the text."), "title")
    if due_at <= now:
        raise TaskRefused(_("Choose a due date in the future."), "due_at")
    try:
        check_can_take(assignee, now)
    except TaskRefused as refusal:
        raise TaskRefused(str(refusal), "assignee") from refusal
    task = Task.objects.create(
        account=account, title=title.strip(), text=text.strip(), assignee=assignee, team=account.team,
        due_at=due_at, opened_at=now, created_by=by, lane=Lane.TODAY,
    )  # fmt: skip
    grant_sight([(account.pk, assignee.pk)])
    record_act("opened", task, by=by, actor=actor, now=now, why="by hand")
    return task


@transaction.atomic
def assign_task(*, task_id: UUID, by: User, version: int, to: User, note: str = "", now: datetime) -> Task:
    """Hand a task over to `to`, with its item and its run; never to somebody who left or is away.

    Raises `TaskRefused`, `TaskChanged`, `Task.DoesNotExist`.
    """
    task = take_active(task_id, by=by, version=version, now=now, passing_on=True)
    check_can_take(to, now)
    if to.pk == task.assignee_id:
        raise TaskRefused(_("%(who)s has this task already.") % {"who": to}, "to")
    if note.strip():
        TaskNote.objects.create(task=task, by=by, text=note.strip(), at=now)
    return _give(task, to, by=by, why=note.strip(), now=now)


def _give(task: Task, to: User | None, *, by: User, why: str, now: datetime) -> Task:
    before = task.assignee_id
    task.assignee = to
    task.acknowledged_at = None
    fresh = store(task, "assignee", "acknowledged_at")
    if task.item_id:
        assign_item(item_id=task.item_id, owner_id=to.pk if to else None, now=now)
        Run.objects.filter(item=task.item_id, status=RunStatus.LIVE).update(owner=to)
    if to:
        grant_sight([(task.account_id, to.pk)])
    revoke_idle([task.account_id])
    data = {"from": str(before or ""), "to": str(to.pk if to else "")}
    record_act("assigned", fresh, by=by, now=now, why=why, data=data)
    return fresh


# ── Leavers and absences ──────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class HandOver:
    """What goes to whom: number of tasks and live runs by the name of who takes them, and by kind."""

    by_kind: Mapping[str, int]
    by_person: Mapping[str, int]
    nobody: int
    tasks: Mapping[UUID, UUID | None] = field(default_factory=dict)


class WorkLeft(Exception):
    """Somebody still has open work: hand it over first. `count`: how many tasks, items and runs."""

    def __init__(self, user: User, count: int) -> None:
        super().__init__(_("%(who)s still has %(count)d open: hand them over first.") % {"who": user, "count": count})
        self.count = count


@transaction.atomic
def hand_over(*, user: User, to: User | None, by: User, now: datetime, preview: bool = False) -> HandOver:
    """Give all open work of `user` to `to`, or along each account's chain: CSM, pool, lead, catch-all.

    preview: only say what would happen. Undone by `undo_hand_over` with the answer's `tasks`.
    Raises `TaskRefused` when `to` cannot take it.
    """
    check_may_hand_over(by, user)
    if to is not None:
        check_can_take(to, now)
    work = list(Task.objects.active().filter(assignee=user).select_related("account__team", "type").order_by("id"))
    items = _items_without_task(user)
    accounts = {task.account_id: task.account for task in work} | {item.account_id: item.account for item in items}
    chain = {} if to else successors(list(accounts.values()), leaver=user, now=now)
    whom = {account: to or chain.get(account) for account in accounts}
    open_work: list[Task | Item] = [*work, *items]
    plan = HandOver(
        by_kind=Counter(_kind_of(task) for task in work) | Counter({"playbook": len(items)} if items else {}),
        by_person=Counter(str(whom[row.account_id]) for row in open_work if whom[row.account_id]),
        nobody=sum(whom[row.account_id] is None for row in open_work),
        tasks={task.pk: task.assignee_id for task in work},
    )
    if not preview:
        lock_accounts(list(accounts))
        for task in Task.objects.select_for_update().filter(pk__in=[task.pk for task in work]).order_by("id"):
            _give(task, whom[task.account_id], by=by, why=f"hand-over from {user}", now=now)
        for item in items:
            taker = whom[item.account_id]
            assign_item(item_id=item.pk, owner_id=taker.pk if taker else None, now=now)
            Run.objects.filter(item=item, status=RunStatus.LIVE).update(owner=taker)
        record_act("handed_over", user, by=by, now=now, data={"tasks": len(work), "items": len(items)})
    return plan


def check_may_hand_over(by: User, user: User) -> None:
    """Raise `TaskRefused` unless `by` may give away the work of `user`: they themselves, or their manager."""
    team = user.team
    manages = by.role == Role.MANAGER and team is not None and by.pk == team.lead_id
    manages = manages or (by.role == Role.MANAGER and by.team_id == user.team_id and user.team_id is not None)
    if not (by.is_superuser or by.pk == user.pk or manages):
        raise TaskRefused(_("Only %(who)s or their manager can hand this work over.") % {"who": user}, forbidden=True)


@transaction.atomic
def undo_hand_over(*, tasks: Mapping[UUID, UUID | None], by: User, now: datetime) -> int:
    """Give tasks back to whom they were taken from, where nobody has passed them on or closed them; how many."""
    people = {
        user.pk: user for user in User.objects.available_at(now).filter(pk__in=[id for id in tasks.values() if id])
    }
    accounts = Task.objects.filter(pk__in=tasks).values_list("account_id", flat=True)
    lock_accounts(list(set(accounts)))
    back = Task.objects.active().select_for_update().filter(pk__in=tasks).order_by("id")
    count = 0
    for task in back:
        if (owner := people.get(tasks[task.pk] or task.pk)) and owner.pk != task.assignee_id:
            _give(task, owner, by=by, why="hand-over taken back", now=now)
            count += 1
    return count


@transaction.atomic
def deactivate_user(*, user: User, by: User, now: datetime) -> None:
    """End somebody's log-in. Raises `WorkLeft` while anything open is theirs: that is handed over first."""
    left = Task.objects.active().filter(assignee=user).count() + len(_items_without_task(user))
    if left:
        raise WorkLeft(user, left)
    user.is_active = False
    user.save(update_fields=["is_active"])
    record_act("deactivated", user, by=by, now=now)


def _items_without_task(user: User) -> list[Item]:
    """Open items of `user` that no task stands for: automated runs between steps."""
    mine = Item.objects.filter(owner=user, closed_at=None).select_related("account__team").order_by("id")
    return list(mine.exclude(pk__in=Task.objects.active().filter(item__isnull=False).values("item")))


def _kind_of(task: Task) -> str:
    return task.type.name if task.type else _("by hand")
