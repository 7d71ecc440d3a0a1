"""Human work: tasks, their service levels, the cap, and the watch list."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

import pghistory
from django.db import models
from django.db.models import Q

from accounts.enums import ActivityKind
from accounts.models import Account, OfAccountQuerySet, seen_by
from core.bulk import BULK, UNCHECKED
from core.ids import uuid7
from core.models import Pending, Team, User
from decisions.enums import OutcomeKind
from decisions.models import Decision, Item
from insights.models import InsightType
from intake.models import WATCH_THE_DATA, Source, Trouble
from playbooks.enums import ACTIVE, Lane, TaskStatus
from playbooks.models.playbook import Run, RunStep


class TaskQuerySet(models.QuerySet["Task"]):
    def visible_to(self, user: User) -> TaskQuerySet:
        """Tasks on accounts that `user` may see, and those assigned to them; who watches the data: those on sources."""
        if not user.is_active:
            return self.none()
        mine = seen_by(user, of="account__") | Q(assignee=user)
        if user.is_superuser or user.role in WATCH_THE_DATA:
            mine |= Q(source__isnull=False)
        return self.filter(mine)

    def active(self) -> TaskQuerySet:
        return self.filter(status__in=ACTIVE)

    def free_for(self, user: User, now: datetime) -> TaskQuerySet:
        """Those that nobody else is working on just now."""
        return self.exclude(~Q(claimed_by=user), claimed_by__isnull=False, claimed_until__gt=now)


@pghistory.track(pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Task(models.Model):
    """Something a person is to do on an account, or about a source. `version` rises with every write."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    account = models.ForeignKey(Account, models.PROTECT, null=True, blank=True, related_name="tasks", **UNCHECKED)
    source = models.ForeignKey(Source, models.PROTECT, null=True, blank=True, related_name="tasks", db_index=False)
    trouble = models.ForeignKey(
        Trouble,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="tasks",
        db_index=False,
        help_text="What is wrong with the source.",
    )
    type = models.ForeignKey(InsightType, models.PROTECT, null=True, blank=True, related_name="+", **BULK)
    item = models.ForeignKey(Item, models.PROTECT, null=True, blank=True, related_name="tasks", **UNCHECKED)
    decision = models.ForeignKey(Decision, models.PROTECT, null=True, blank=True, related_name="tasks", **BULK)
    run = models.ForeignKey(Run, models.PROTECT, null=True, blank=True, related_name="tasks", **BULK)
    run_step = models.OneToOneField(
        RunStep, models.PROTECT, null=True, blank=True, related_name="task", db_constraint=False
    )
    title = models.CharField(max_length=200)
    text = models.TextField(blank=True)
    status = models.CharField(max_length=8, choices=TaskStatus, default=TaskStatus.OPEN)
    lane = models.CharField(max_length=8, choices=Lane, default=Lane.TODAY)
    assignee = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="tasks", **BULK)
    team = models.ForeignKey(Team, models.PROTECT, null=True, blank=True, related_name="tasks", **BULK)
    urgent = models.BooleanField(default=False, help_text="From the human band: counts against the cap.")
    priority = models.DecimalField(max_digits=16, decimal_places=2, default=0)
    priority_parts = models.JSONField(default=dict)
    due_at = models.DateTimeField()
    acknowledge_by = models.DateTimeField(null=True)
    touch_by = models.DateTimeField(null=True)
    acknowledged_at = models.DateTimeField(null=True)
    touched_at = models.DateTimeField(null=True)
    next_step_on = models.DateField(null=True, blank=True)
    snoozed_until = models.DateTimeField(null=True)
    snooze_reason = models.CharField(max_length=200, blank=True)
    back_to = models.CharField(
        max_length=8, choices=Lane, blank=True, help_text="The lane it goes back to when it wakes."
    )
    paused_at = models.DateTimeField(null=True, help_text="Waiting on the customer since: added back to the due times.")
    flag = models.CharField(max_length=200, blank=True, help_text="Something its owner must know: the cause cleared.")
    evidence_count = models.PositiveIntegerField(default=1)
    expires_at = models.DateTimeField(null=True)
    opened_at = models.DateTimeField()
    created_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", **BULK)
    closed_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", **BULK)
    outcome = models.CharField(max_length=20, choices=OutcomeKind, blank=True)
    outcome_reason = models.CharField(max_length=60, blank=True)
    outcome_note = models.TextField(blank=True)
    claimed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", **BULK)
    claimed_until = models.DateTimeField(null=True, help_text="They are working on it; the claim lapses by itself.")
    version = models.PositiveIntegerField(default=1)

    objects: ClassVar[TaskQuerySet] = TaskQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["-priority", "due_at", "id"]
        indexes = [
            models.Index(
                fields=["assignee", "lane", "-priority", "due_at", "id"],
                condition=Q(status__in=ACTIVE),
                name="task_queue",
            ),
            models.Index(
                fields=["due_at"],
                condition=Q(status__in=("open", "claimed"), lane__in=("today", "later")),
                name="task_rises",
            ),
            models.Index(fields=["trouble"], condition=Q(trouble__isnull=False), name="task_of_trouble"),
            models.Index(fields=["snoozed_until"], condition=Q(status="snoozed"), name="task_wakes"),
            models.Index(fields=["expires_at"], condition=Q(status__in=ACTIVE), name="task_expires"),
            models.Index(fields=["assignee", "opened_at"], condition=Q(status__in=ACTIVE), name="task_opened"),
            models.Index(fields=["closed_by", "-closed_at"], condition=~Q(closed_at=None), name="task_closed"),
            models.Index(fields=["assignee", "-closed_at"], condition=~Q(closed_at=None), name="task_closed_of"),
            models.Index(fields=["type", "-closed_at"], condition=~Q(closed_at=None), name="task_closed_type"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["item"],
                condition=Q(status__in=ACTIVE, run_step=None),
                name="one_active_task_per_item",
            ),
            models.UniqueConstraint(
                fields=["trouble"],
                condition=Q(status__in=ACTIVE, trouble__isnull=False),
                name="one_active_task_per_trouble",
            ),
            models.CheckConstraint(
                condition=Q(account__isnull=False, source=None, trouble=None)
                | Q(account=None, source__isnull=False, item=None, run=None),
                name="task_is_of_an_account_or_a_source",
            ),
            models.CheckConstraint(
                condition=Q(closed_at=None, status__in=ACTIVE, outcome="")
                | (Q(closed_at__isnull=False) & ~Q(status__in=ACTIVE) & ~Q(outcome="")),
                name="closed_task_has_an_outcome",
            ),
            models.CheckConstraint(
                condition=(Q(status="snoozed") & Q(snoozed_until__isnull=False)) | ~Q(status="snoozed"),
                name="snoozed_task_has_an_end",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def zone(self) -> str:
        """Whose day it is due in: that of whoever has it."""
        return self.assignee.timezone if self.assignee else "UTC"

    @property
    def about(self) -> str:
        """The name of the account or the source; to be selected with the task."""
        subject = self.account or self.source
        return subject.name if subject else ""


# Touches that a note on a task can tell of.
TOLD_KINDS = [(kind.value, kind.label) for kind in (ActivityKind.CALL, ActivityKind.MEETING)]


class TaskNote(models.Model):
    """What somebody wrote on a task: at a close, a hand-over, or in between. Append-only.

    kind: the touch that it tells of, which is also on the account; "" where it is for colleagues only.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    task = models.ForeignKey(Task, models.PROTECT, related_name="notes")
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    kind = models.CharField(max_length=10, choices=TOLD_KINDS, blank=True, default="", db_default="")
    text = models.TextField()
    at = models.DateTimeField()

    class Meta:
        ordering = ["at"]
        constraints = [models.CheckConstraint(condition=Q(kind__in=["", *dict(TOLD_KINDS)]), name="note_kind_known")]

    def __str__(self) -> str:
        return self.text


class ServiceLevel(models.Model):
    """How soon a task of the human band is acknowledged and acted on, per tier; the empty tier is the default."""

    tier = models.SlugField(max_length=40, blank=True, unique=True)
    acknowledge_hours = models.PositiveSmallIntegerField(default=4, help_text="Business hours.")
    touch_hours = models.PositiveSmallIntegerField(default=8, help_text="Business hours; 8 are one business day.")
    passes_cap = models.BooleanField(default=False)

    def __str__(self) -> str:
        return self.tier or "default"


class CloseReason(models.Model):
    """A reason that goes with an outcome, such as why an insight was wrong."""

    outcome = models.CharField(max_length=20, choices=OutcomeKind)
    slug = models.SlugField(max_length=60)
    name = models.CharField(max_length=120)
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ["outcome", "name"]
        constraints = [models.UniqueConstraint(fields=["outcome", "slug"], name="one_close_reason")]

    def __str__(self) -> str:
        return self.name


class CapCounter(models.Model):
    """How many urgent items a person was given on one local day. Locked in (person, day) order."""

    pk = models.CompositePrimaryKey("user_id", "on_day")
    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    on_day = models.DateField()
    taken = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.user_id} {self.on_day}: {self.taken}"


class Inflow(models.Model):
    """How many urgent items one import or source has opened on one day: what the flood guard counts.

    `histogram` holds their number per whole per cent of confidence, so that the band that would fit can be named.
    """

    pk = models.CompositePrimaryKey("origin", "on_day")
    origin = models.UUIDField(help_text="The import, or the source where it was no file.")
    on_day = models.DateField()
    opened = models.PositiveIntegerField(default=0)
    histogram = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"{self.origin} {self.on_day}: {self.opened}"


class Watch(models.Model):
    """An account on somebody's watch list because of a monitored insight."""

    id = models.BigAutoField(primary_key=True)
    account = models.ForeignKey(Account, models.CASCADE, related_name="watches", db_index=False)
    type = models.ForeignKey(InsightType, models.PROTECT, related_name="+", db_index=False)
    user = models.ForeignKey(User, models.CASCADE, null=True, related_name="watches")
    times = models.PositiveIntegerField(default=1)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    confidence = models.DecimalField(max_digits=20, decimal_places=19)
    until = models.DateTimeField()
    last_insight_id = models.UUIDField(null=True, help_text="The newest that was counted: the same one counts once.")

    objects: ClassVar[OfAccountQuerySet[Watch]] = OfAccountQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name_plural = "watches"
        constraints = [models.UniqueConstraint(fields=["account", "type"], name="one_watch_per_account_type")]

    def __str__(self) -> str:
        return f"{self.type_id} {self.account_id}"


class ClosedTask(Pending):
    """done → measured: a task that was closed, whose outcome is still to be recorded."""
