"""A new feed beside the one it is to replace: the run, and what the new feed brings while nobody believes it yet."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from core.ids import uuid7
from core.models import User
from intake.enums import RunStatus
from intake.models.arrivals import WATCH_THE_DATA, Source


class ParallelRunQuerySet(models.QuerySet["ParallelRun"]):
    def visible_to(self, user: User) -> ParallelRunQuerySet:
        """For those who watch the data."""
        sees = user.is_active and (user.is_superuser or user.role in WATCH_THE_DATA)
        return self if sees else self.none()

    def running(self) -> ParallelRunQuerySet:
        return self.filter(status=RunStatus.RUNNING)


class ParallelRun(models.Model):
    """`new` beside `old`: what `new` brings is held until somebody switches, or dropped when they stop.

    `resumed_at`: when a switch was undone last; what `new` brought while it was in place is not held.
    `switched`: what the switch needs to be undone, as `accounts.services.switching` writes it.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    old = models.ForeignKey(Source, models.PROTECT, related_name="replaced_by")
    new = models.ForeignKey(Source, models.PROTECT, related_name="replaces")
    status = models.CharField(max_length=8, choices=RunStatus, default=RunStatus.RUNNING)
    started_at = models.DateTimeField()
    started_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    resumed_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    switched = models.JSONField(default=dict)

    objects: ClassVar[ParallelRunQuerySet] = ParallelRunQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["old"], condition=Q(status="running"), name="one_run_beside_a_source"),
            models.UniqueConstraint(fields=["new"], condition=Q(status="running"), name="one_run_of_a_new_source"),
            models.CheckConstraint(condition=~Q(old=F("new")), name="run_beside_another"),
            models.CheckConstraint(condition=Q(status__in=RunStatus.values), name="run_status_known"),
            models.CheckConstraint(
                condition=Q(status="running", ended_at=None) | (~Q(status="running") & Q(ended_at__isnull=False)),
                name="run_ended_when_over",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.new} beside {self.old}"


class Held(models.Model):
    """A record of a new feed as it was sent last, kept and not believed; and which account it would be about.

    `values`: field → [value (null: asserted to be empty), since when], what is compared with the old feed. `slot`:
    of the records about one account, those with one slot are about one thing, and the newest `at` counts.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    run = models.ForeignKey(ParallelRun, models.CASCADE, related_name="held", db_index=False)
    kind = models.CharField(max_length=20)
    external_id = models.TextField()
    slot = models.CharField(max_length=40, blank=True)
    account_id = models.UUIDField(null=True)
    is_doubtful = models.BooleanField(default=False, help_text="It looks like an account, but not surely.")
    values = models.JSONField(default=dict)
    payload = models.TextField(help_text="JSON; what later records say is laid over what earlier ones said.")
    at = models.DateTimeField()
    landed_at = models.DateTimeField(help_text="When it came first.")
    import_id = models.UUIDField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["account_id"], name="held_of_account", condition=~Q(account_id=None)),
            models.Index(fields=["import_id"], name="held_of_import", condition=~Q(import_id=None)),
        ]
        constraints = [
            models.UniqueConstraint(fields=["run", "kind", "external_id"], name="one_held_per_record"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.external_id}"


class Compared(models.Model):
    """What the two feeds of a run say of one kind, as it was counted last: kept where counting takes long.

    `counts`, `first`: as `accounts.queries.comparing.count_sides` has them. `rows`: what both had brought by then.
    """

    id = models.BigAutoField(primary_key=True)
    run = models.ForeignKey(ParallelRun, models.CASCADE, related_name="compared", db_index=False)
    kind = models.CharField(max_length=20)
    as_of = models.DateTimeField()
    rows = models.BigIntegerField()
    counts = models.JSONField(default=dict)
    first = models.JSONField(default=dict)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "kind"], name="compared_once_per_kind")]

    def __str__(self) -> str:
        return f"{self.kind} {self.as_of:%Y-%m-%d %H:%M}"
