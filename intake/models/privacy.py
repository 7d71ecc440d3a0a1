"""How far each field may be shown, and whether it may leave."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from core.enums import Role
from intake.enums import PrivacyClass


class FieldPrivacy(models.Model):
    """One field that is not simply internal; a field without a row is internal and may leave.

    `field` is the kind of record and its name: "contacts.email", "accounts.fields.plan".
    """

    field = models.CharField(max_length=80, primary_key=True)
    privacy = models.CharField(max_length=10, choices=PrivacyClass)
    roles = ArrayField(models.CharField(max_length=16, choices=Role), default=list, blank=True)
    may_leave = models.BooleanField(help_text="In exports, webhooks, and to whatever reads the API with a token.")

    class Meta:
        verbose_name_plural = "field privacies"
        ordering = ["field"]
        constraints = [
            models.CheckConstraint(condition=Q(privacy__in=PrivacyClass.values), name="privacy_known"),
            models.CheckConstraint(
                condition=~Q(privacy="restricted") | (Q(may_leave=False) & Q(roles__len__gt=0)),
                name="restricted_field_names_roles_and_stays",
            ),
            models.CheckConstraint(condition=~Q(privacy="public") | Q(may_leave=True), name="public_field_may_leave"),
        ]

    def __str__(self) -> str:
        return self.field
