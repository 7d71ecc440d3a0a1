"""What people at customers agreed to, and who was erased on their wish."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from accounts.enums import Channel, ConsentState, ErasureStatus
from accounts.models.account import Account
from accounts.models.customer import Contact
from core.enums import Role
from core.ids import uuid7
from core.models import User


class Consent(models.Model):
    """What a contact said about one channel, who told us, and what proves it. No row: they were not asked."""

    id = models.BigAutoField(primary_key=True)
    contact = models.ForeignKey(Contact, models.CASCADE, related_name="consents")
    channel = models.CharField(max_length=8, choices=Channel)
    state = models.CharField(max_length=8, choices=ConsentState)
    source_id = models.UUIDField()
    at = models.DateTimeField()
    proof = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["contact", "channel"], name="one_consent_per_channel"),
            models.CheckConstraint(condition=Q(channel__in=Channel.values), name="consent_channel_known"),
            models.CheckConstraint(condition=Q(state__in=ConsentState.values), name="consent_state_known"),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.state}"


class ErasureQuerySet(models.QuerySet["Erasure"]):
    def visible_to(self, user: User) -> ErasureQuerySet:
        """Operations see all; a manager those on accounts that they may see."""
        if user.is_active and user.role == Role.MANAGER:
            seen = Account.objects.visible_to(user).values("pk")
            return self.filter(Q(contact__account__in=seen) | Q(account__in=seen))
        return self if user.is_active and (user.is_superuser or user.role == Role.OPS) else self.none()


class Erasure(models.Model):
    """The wish of one person to be forgotten, and the receipt: counts, ids and hashes, never a name.

    They are a contact, or, where the customers are people, an account.
    `left` names what a person has to look at, since it could not be told for sure that it is about them.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    contact = models.ForeignKey(Contact, models.PROTECT, null=True, related_name="erasures")
    account = models.ForeignKey(Account, models.PROTECT, null=True, related_name="erasures")
    reason = models.TextField()
    status = models.CharField(max_length=8, choices=ErasureStatus, default=ErasureStatus.PREPARED)
    prepared_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    prepared_at = models.DateTimeField()
    done_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    done_at = models.DateTimeField(null=True)
    counts = models.JSONField(default=dict)
    hashes = models.JSONField(default=list)
    left = models.JSONField(default=list)

    objects: ClassVar[ErasureQuerySet] = ErasureQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["contact"], condition=Q(status="prepared"), name="one_erasure_at_a_time"),
            models.UniqueConstraint(
                fields=["account"], condition=Q(status="prepared"), name="one_erasure_of_an_account_at_a_time"
            ),
            models.CheckConstraint(
                condition=Q(contact=None, account__isnull=False) | Q(contact__isnull=False, account=None),
                name="erasure_is_of_a_contact_or_an_account",
            ),
            models.CheckConstraint(
                condition=~Q(status="done") | Q(done_at__isnull=False, done_by__isnull=False), name="erasure_says_who"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.id} {self.status}"

    @property
    def subject(self) -> Contact | Account:
        """Who is to be forgotten."""
        if subject := self.contact or self.account:
            return subject
        raise ValueError(f"erasure {self.pk} is about nobody")  # erasure_is_of_a_contact_or_an_account forbids it


class ErasedKey(models.Model):
    """The hash of an e-mail address or a source's id of somebody who was erased: they are not taken again.

    Of somebody who is an account, also of what names the account.
    """

    digest = models.BinaryField(primary_key=True, max_length=32)
    erasure = models.ForeignKey(Erasure, models.PROTECT, related_name="keys")

    def __str__(self) -> str:
        return bytes(self.digest).hex()
