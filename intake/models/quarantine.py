"""Records that were refused behind a door whose callers cannot mend them one by one."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from core.enums import Role
from core.models import User
from intake.models.arrivals import Source


class QuarantinedQuerySet(models.QuerySet["Quarantined"]):
    def visible_to(self, user: User) -> QuarantinedQuerySet:
        """All of them for operations, nothing for others: whose they are is often not known."""
        sees = user.is_active and (user.is_superuser or user.role == Role.OPS)
        return self if sees else self.none()


class Quarantined(models.Model):
    """One record that was not taken, as it came, and why; until somebody replays or discards it."""

    id = models.BigAutoField(primary_key=True)
    source = models.ForeignKey(Source, models.PROTECT, related_name="quarantined")
    kind = models.CharField(max_length=20)
    payload = models.TextField(help_text="As it arrived; it may be no JSON.")
    field = models.CharField(max_length=120, blank=True)
    code = models.SlugField(max_length=40)
    message = models.TextField()
    sent_at = models.DateTimeField(null=True)
    received_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)
    settled_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    discarded = models.BooleanField(default=False)
    why = models.TextField(blank=True)

    objects: ClassVar[QuarantinedQuerySet] = QuarantinedQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "quarantined records"
        indexes = [
            models.Index(fields=["source", "-id"], name="quarantine_waiting", condition=Q(settled_at=None)),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(discarded=False) | (Q(settled_at__isnull=False) & ~Q(why="")),
                name="a_discard_says_why",
            )
        ]

    def __str__(self) -> str:
        return self.message
