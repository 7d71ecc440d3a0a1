"""What was done and by whom: the audit of acts, alerts to people, and stored API answers."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now

from core.enums import Role
from core.ids import uuid7
from core.models.people import Organisation, Team, User


class Act(models.Model):
    """One thing somebody or something did, written in the transaction that did it. Append-only."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    verb = models.SlugField(max_length=60, db_index=False)
    subject_type = models.CharField(max_length=60)
    subject_id = models.CharField(max_length=64)
    by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    actor = models.CharField(max_length=120, help_text="Who, where it was not a person: a source, a stage.")
    why = models.TextField(blank=True)
    data = models.JSONField(default=dict)
    at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [
            models.Index(fields=["subject_type", "subject_id", "-at"], name="act_by_subject"),
            models.Index(fields=["-at", "-id"], name="act_by_time"),
            models.Index(fields=["by", "-at"], condition=~models.Q(by=None), name="act_by_person"),
        ]

    def __str__(self) -> str:
        return f"{self.verb} {self.subject_type}:{self.subject_id}"


class AlertQuerySet(models.QuerySet["Alert"]):
    def visible_to(self, user: User) -> AlertQuerySet:
        """Alerts of the teams that `user` leads, or that have no team; leaders and ops: all."""
        if not user.is_active:
            return self.none()
        if user.is_superuser or user.role in (Role.LEADER, Role.OPS):
            return self
        return self.filter(models.Q(team__lead=user) | (models.Q(team=None) & models.Q(Organisation.caught_by(user))))


class Alert(models.Model):
    """Something a person must know: one per team, kind and local day; repeats raise its count."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    team = models.ForeignKey(Team, models.PROTECT, null=True, blank=True, related_name="alerts")
    kind = models.SlugField(max_length=60)
    on_day = models.DateField()
    text = models.TextField()
    data = models.JSONField(default=dict)
    count = models.PositiveIntegerField(default=1)
    raised_at = models.DateTimeField()
    seen_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[AlertQuerySet] = AlertQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["-raised_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["team", "kind", "on_day"], nulls_distinct=False, name="alert_once_per_team_kind_day"
            )
        ]

    def __str__(self) -> str:
        return self.text


class StoredResponse(models.Model):
    """The answer given to one `Idempotency-Key`, so that the same call gets the same answer."""

    id = models.BigAutoField(primary_key=True)
    principal = models.CharField(max_length=80)
    key = models.CharField(max_length=200)
    request_hash = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True, help_text="Empty while the first call runs.")
    body = models.BinaryField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["principal", "key"], name="one_response_per_key")]
        indexes = [models.Index(fields=["created_at"], name="response_by_age")]

    def __str__(self) -> str:
        return self.key
