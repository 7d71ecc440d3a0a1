"""The mailbox of an installation without a mail server: what would have been sent, to be read in the browser."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now

from core.enums import Role
from core.models.people import User


class MailQuerySet(models.QuerySet["Mail"]):
    def visible_to(self, user: User) -> MailQuerySet:
        """One's own messages; leaders and operations see all."""
        if not user.is_active:
            return self.none()
        if user.is_superuser or user.role in (Role.LEADER, Role.OPS):
            return self
        return self.filter(to__contains=[user.email])


class Mail(models.Model):
    """A message, stored once: its Message-ID is unique, so that sending it again changes nothing."""

    id = models.BigAutoField(primary_key=True)
    message_id = models.CharField(max_length=255, unique=True)
    sender = models.TextField()
    to = models.JSONField(help_text="Addresses.")
    subject = models.TextField()
    body = models.TextField()
    sent_at = models.DateTimeField(db_default=Now())

    objects: ClassVar[MailQuerySet] = MailQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "mail"

    def __str__(self) -> str:
        return self.subject
