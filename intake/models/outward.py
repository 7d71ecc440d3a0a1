"""What leaves by webhook: who is told of what, what is still to be told, and what became of each telling."""

from __future__ import annotations

from typing import ClassVar, Self, TypeVar

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from core.ids import uuid7
from core.models import User
from intake.enums import DeliveryStatus, Happening
from intake.models.arrivals import WATCH_THE_DATA, Source

Row = TypeVar("Row", bound=models.Model)


class WatchedQuerySet(models.QuerySet[Row]):
    def visible_to(self, user: User) -> Self:
        """All of them for those who watch the data; for others none."""
        if user.is_active and (user.is_superuser or user.role in WATCH_THE_DATA):
            return self
        return self.none()


@pghistory.track(
    pghistory.UpdateEvent(),
    pghistory.DeleteEvent(),
    fields=["url", "happenings", "is_on", "off_why"],
    model_name="WebhookEvent",
)
class Webhook(models.Model):
    """Tells the system behind a source what happens here. The secrets sign; they are kept, since signing needs them."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    source = models.ForeignKey(Source, models.PROTECT, related_name="webhooks")
    url = models.CharField(max_length=2000)
    happenings = ArrayField(models.CharField(max_length=20, choices=Happening))
    secret = models.CharField(max_length=80)
    old_secret = models.CharField(max_length=80, blank=True)
    old_secret_until = models.DateTimeField(null=True)
    is_on = models.BooleanField(default=True)
    off_why = models.CharField(max_length=200, blank=True)
    failures = models.PositiveIntegerField(default=0, help_text="In a row.")
    resting_until = models.DateTimeField(null=True, help_text="By the database's clock.")
    created_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField()

    objects: ClassVar[WatchedQuerySet[Webhook]] = WatchedQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=Q(happenings__len__gt=0), name="webhook_is_told_of_something"),
        ]

    def __str__(self) -> str:
        return self.url


class Announcement(models.Model):
    """Something happened to these rows of a room above, and somebody wants to know; gone once it is spread."""

    id = models.BigAutoField(primary_key=True)
    happening = models.CharField(max_length=20)
    ids = ArrayField(models.UUIDField())
    origin_id = models.UUIDField(null=True, help_text="The source whose own write it was: it is not told.")
    at = models.DateTimeField()
    failures = models.PositiveSmallIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.happening} × {len(self.ids)}"


class Delivery(models.Model):
    """One message to one webhook: the body as it is signed, and when it is tried next. Its id is the message's."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    webhook = models.ForeignKey(Webhook, models.CASCADE, related_name="deliveries")
    happening = models.CharField(max_length=20, choices=Happening)
    subject_id = models.UUIDField(null=True)
    body = models.TextField()
    status = models.CharField(max_length=4, choices=DeliveryStatus, default=DeliveryStatus.DUE)
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(db_default=Now(), help_text="By the database's clock.")
    token = models.UUIDField(null=True)
    leased_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())
    give_up_at = models.DateTimeField(help_text="By the database's clock.")
    ended_at = models.DateTimeField(null=True)

    objects: ClassVar[WatchedQuerySet[Delivery]] = WatchedQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "deliveries"
        indexes = [
            models.Index(fields=["webhook", "due_at"], condition=Q(status="due"), name="delivery_due"),
            models.Index(fields=["webhook", "-id"], name="delivery_log"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=DeliveryStatus.values), name="delivery_status_known"),
        ]

    def __str__(self) -> str:
        return f"{self.happening} {self.id}"


class DeliveryAttempt(models.Model):
    """One try to deliver: what was answered, or why nothing was."""

    id = models.BigAutoField(primary_key=True)
    delivery = models.ForeignKey(Delivery, models.CASCADE, related_name="tries")
    at = models.DateTimeField(db_default=Now())
    took_ms = models.PositiveIntegerField()
    status = models.PositiveSmallIntegerField(null=True)
    answer = models.CharField(max_length=500, blank=True, help_text="How the answer begins.")
    error = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return str(self.status or self.error)
