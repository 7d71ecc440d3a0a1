"""Taking a task in hand: locked in order, visible, allowed, and as the caller last saw it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import formats, timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import AccountPerson
from core.enums import Role
from core.models import Act, Organisation, User
from core.written import Written
from decisions.enums import OutcomeKind
from decisions.models import Item
from decisions.queries.facts import lock_accounts
from playbooks.enums import ACTIVE
from playbooks.models import Task

READERS = {
    Role.LEADER: gettext_lazy(
        "Leaders read everything and change nothing here: ask the task's owner or their manager."
    ),
    Role.OPS: gettext_lazy(
        "Operations works on the tasks of sources and only reads the others: ask the task's owner or their manager."
    ),
    Role.INTEGRATION: gettext_lazy("An integration cannot work on tasks: a person has to sign in."),
}
LET_GO = ("claimed_by", "claimed_until")
VERBS = {
    "acknowledged": gettext_lazy("opened"),
    "assigned": gettext_lazy("handed over"),
    "snoozed": gettext_lazy("snoozed"),
    "waiting": gettext_lazy("set to wait on the customer"),
    "resumed": gettext_lazy("taken up again"),
    "touched": gettext_lazy("worked on"),
    "noted": gettext_lazy("given a note"),
    "reopened": gettext_lazy("reopened"),
    "merged": gettext_lazy("merged"),
    "opened": gettext_lazy("opened"),
    "woken": gettext_lazy("woken"),
    "skipped": gettext_lazy("skipped"),
    "taken_over": gettext_lazy("taken over for now; its owner stays"),
    "undone": gettext_lazy("undone"),
}


class TaskChanged(Exception):
    """The task was changed since the caller saw it, perhaps by themselves elsewhere. Carries the task as it is now."""

    def __init__(self, task: Task, by: User, now: datetime) -> None:
        super().__init__(what_happened(task, by, now))
        self.task = task


class TaskRefused(Exception):
    """This cannot be done to the task; the message says what can. `field` is what to mend.

    `forbidden`: not this person's to do at all (403 rather than 422).
    """

    def __init__(self, message: str, field: str = "", *, forbidden: bool = False) -> None:
        super().__init__(message)
        self.field = field
        self.forbidden = forbidden


class TaskHeld(TaskRefused):
    """Somebody else is working on it just now."""

    def __init__(self, task: Task) -> None:
        until = formats.time_format(timezone.localtime(task.claimed_until), "H:i")
        super().__init__(
            _("%(who)s is working on this until %(time)s. Ask them, or let a manager take it over.")
            % {"who": task.claimed_by, "time": until}
        )


def what_happened(task: Task, reader: User, now: datetime) -> str:
    """What was done last, as "Already closed by Ana 2 minutes ago: risk resolved" with a full stop."""
    if task.closed_at is not None:
        return _("Already closed by %(who)s %(ago)s: %(outcome)s.") % {
            "who": _who(task.closed_by, reader),
            "ago": _ago(task.closed_at, now),
            "outcome": OutcomeKind(task.outcome).label.lower(),
        }
    act = Act.objects.filter(subject_type="task", subject_id=str(task.pk)).select_related("by").first()
    if act is None:
        return _("Changed since you opened it. Look again, then decide.")
    return _("Changed by %(who)s %(ago)s: %(what)s.") % {
        "who": _who(act.by, reader),
        "ago": _ago(act.at, now),
        "what": VERBS.get(act.verb, act.verb),
    }


def _who(by: User | None, reader: User) -> str:
    if by is None:
        return _("the system")
    return _("you, in another window,") if by.pk == reader.pk else str(by)


def _ago(at: datetime, now: datetime) -> str:
    if now - at < timedelta(minutes=1):
        return _("just now")
    return _("%(time)s ago") % {"time": timesince(at, now)}


def lock_task(task_id: UUID, *, by: User | None = None) -> Task:
    """The task, locked after its account and its item. Raises `Task.DoesNotExist`, also where `by` may not see it."""
    account_id, item_id = _places.one(by, task_id=task_id)
    if item_id is not None:
        lock_accounts([account_id] if account_id else [])
        Item.objects.select_for_update(no_key=True).get(id=item_id)
    return _locked.one(task_id=task_id)


@Written
def _places(by: User | None = None, *, task_id: UUID) -> QuerySet[Task, tuple[UUID | None, UUID | None]]:
    seen = Task.objects.visible_to(by) if by else Task.objects.all()
    return seen.filter(id=task_id).values_list("account_id", "item_id")


@Written
def _locked(*, task_id: UUID) -> QuerySet[Task]:
    locked = Task.objects.select_for_update(of=("self",)).select_related("account", "type", "item")
    return locked.filter(id=task_id)


def take(task_id: UUID, *, by: User, version: int, now: datetime, passing_on: bool = False) -> Task:
    """The task, locked, for `by` to change; who has it may pass it on, even if they close nothing.

    Raises `Task.DoesNotExist` when they may not even see it,
    `TaskRefused` when it is not theirs to change, `TaskChanged` when `version` is no longer its version."""
    task = lock_task(task_id, by=by)
    if not (passing_on and task.assignee_id == by.pk):
        check_may_act(by, task)
    if task.version != version:
        raise TaskChanged(task, by, now)
    check_is_free(task, by, now)
    return task


def is_held(task: Task, user: User, now: datetime) -> bool:
    """Whether somebody other than `user` is working on `task`."""
    held = task.claimed_until is not None and task.claimed_until > now
    return held and task.claimed_by_id not in (None, user.pk)


def works_instead(user: User, task: Task, now: datetime) -> bool:
    """Whether `user` is working on what somebody else has."""
    mine = task.claimed_by_id == user.pk and task.claimed_until is not None and task.claimed_until > now
    return mine and task.assignee_id not in (None, user.pk)


def check_is_free(task: Task, by: User, now: datetime) -> None:
    """Raise `TaskHeld` while somebody else is working on `task`."""
    if is_held(task, by, now):
        raise TaskHeld(task)


def as_was(task: Task, *fields: str) -> dict[str, Any]:
    """Columns of `task` as JSON, for the act that changes them: what it takes to put them back."""
    return {name: None if (value := getattr(task, name)) is None else str(value) for name in fields}


def let_go(task: Task) -> None:
    """Whoever was working on it has done with it. To be stored with `LET_GO`."""
    task.claimed_by = task.claimed_until = None


def take_active(task_id: UUID, *, by: User, version: int, now: datetime, passing_on: bool = False) -> Task:
    """`take`, for what is only done to a task that is not closed."""
    task = take(task_id, by=by, version=version, now=now, passing_on=passing_on)
    if task.status not in ACTIVE:
        raise TaskChanged(task, by, now)
    return task


def check_may_act(user: User, task: Task) -> None:
    """Raise `TaskRefused` with the reason unless `user` may work on `task`.

    Its assignee, people with a role on the account and their managers may; of a task that nobody has, the team. About
    a source: its assignee, operations, and who leads them.
    """
    if not user.is_active:
        raise TaskRefused(_("This log-in has been deactivated."), forbidden=True)
    if user.is_superuser or (user.role == Role.OPS and task.source_id is not None):
        return
    if user.role in READERS:
        raise TaskRefused(str(READERS[Role(user.role)]), forbidden=True)
    if task.assignee_id == user.pk or _has_authority(user, task):
        return
    raise TaskRefused(
        _("This task is somebody else's, and you have no role on %(account)s: ask them to hand it over.")
        % {"account": task.about},
        forbidden=True,
    )


def may_act(user: User, task: Task) -> bool:
    """Whether `check_may_act` would let `user`."""
    try:
        check_may_act(user, task)
    except TaskRefused:
        return False
    return True


def leads(user: User, task: Task) -> bool:
    """Whether `user` answers for the people who work on `task`."""
    team = task.account.team if task.account else None
    if user.is_superuser or (team is not None and team.lead_id == user.pk):
        return True
    if user.role != Role.MANAGER:
        return False
    return _is_in_team(user, task) or _manages(user, task.assignee_id) or _catches(user, task)


def _is_in_team(user: User, task: Task) -> bool:
    teams = (task.team_id, task.account.team_id if task.account else None)
    return user.team_id is not None and user.team_id in teams


def _catches(user: User, task: Task) -> bool:
    """Whether the account is of no team, and `user` takes what is nobody's."""
    of_no_team = task.account is not None and task.account.team_id is None
    return of_no_team and Organisation.objects.filter(catch_all=user).exists()


def _has_authority(user: User, task: Task) -> bool:
    if leads(user, task) or (task.assignee_id is None and _is_in_team(user, task)):
        return True
    on_account = AccountPerson.objects.filter(account=task.account_id, user=user)
    return task.account_id is not None and on_account.exists()


def _manages(user: User, assignee_id: UUID | None) -> bool:
    theirs = Q(team__lead=user) | Q(team_id=user.team_id, team__isnull=False)
    return assignee_id is not None and User.objects.filter(theirs, pk=assignee_id).exists()


def store(task: Task, *fields: str) -> None:
    """Write these fields of a locked task, with the next version."""
    task.version += 1
    task.save(update_fields=[*fields, "version"])


def check_can_take(person: User, now: datetime, *, of_source: bool = False) -> None:
    """Raise `TaskRefused` unless work may be given to `person`: never a leaver, nor somebody away.

    of_source: it is about a source, which operations may take too.
    """
    if person.role in READERS and not (of_source and person.role == Role.OPS):
        raise TaskRefused(_("%(who)s does not take tasks.") % {"who": person}, "to")
    if not person.is_active:
        raise TaskRefused(_("%(who)s has left: choose somebody else.") % {"who": person}, "to")
    away = person.absences.filter(active_from__lte=now, active_to__gt=now).first()
    if away:
        until = timezone.localtime(away.active_to).date()
        raise TaskRefused(
            _("%(who)s is away until %(day)s: choose somebody else.") % {"who": person, "day": until}, "to"
        )
