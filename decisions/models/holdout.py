"""Hold-outs: of which claims some accounts are left alone on purpose, so that the effect of acting can be measured."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import ClassVar, Self, TypeVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Account
from core.bulk import BULK, UNCHECKED
from core.ids import uuid7
from core.models import User
from decisions.enums import Release
from insights.models import Insight, InsightType, reads_held_out

Row = TypeVar("Row", bound=models.Model)
# The most that may be held out of what a person would act on, and of what is automated (ADR 0024).
MOST_HUMAN, MOST_AUTOMATED, LEAST = Decimal("0.20"), Decimal("0.50"), Decimal("0.01")


class ForLeaders(models.QuerySet[Row]):
    """Rows that name what is held out."""

    def visible_to(self, user: User) -> Self:
        return self if reads_held_out(user) else self.none()


class HoldOutQuerySet(ForLeaders["HoldOut"]):
    def running_at(self, now: datetime) -> Self:
        """Those by which accounts are held out at `now`."""
        return self.filter(ended_at=None, begins_at__lte=now, ends_at__gt=now)


class HoldOut(models.Model):
    """A leader's word that, of one type of claims, a share is acted on by nobody until a day.

    The shares are chosen at random by account, of what a person would act on and of what is automated; 0 leaves
    that alone. Nothing of it changes once it has begun. `ended_at`: when it was over, as planned or because it was
    stopped; only a stop has somebody and a reason.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    type = models.ForeignKey(InsightType, models.PROTECT, related_name="+")
    human_share = models.DecimalField(max_digits=3, decimal_places=2)
    automated_share = models.DecimalField(max_digits=3, decimal_places=2)
    salt = models.CharField(
        max_length=64, help_text="What the slots are drawn by: with it anybody can draw them again."
    )
    spared = ArrayField(models.SlugField(max_length=40), default=list, help_text="Tiers left out, beside strategic.")
    drawn = models.JSONField(default=dict, help_text="Stratum → how many accounts were drawn in it.")
    begins_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    why = models.TextField()
    signed_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    signed_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    stopped_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    stopped_why = models.TextField(blank=True)

    objects: ClassVar[HoldOutQuerySet] = HoldOutQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["-begins_at", "-id"]
        verbose_name = _("hold-out")
        verbose_name_plural = _("hold-outs")
        constraints = [
            models.UniqueConstraint(fields=["type"], condition=Q(ended_at=None), name="one_running_hold_out_per_type"),
            models.CheckConstraint(
                condition=Q(human_share=0) | Q(human_share__range=(LEAST, MOST_HUMAN)), name="hold_out_human_share"
            ),
            models.CheckConstraint(
                condition=Q(automated_share=0) | Q(automated_share__range=(LEAST, MOST_AUTOMATED)),
                name="hold_out_automated_share",
            ),
            models.CheckConstraint(
                condition=Q(human_share__gt=0) | Q(automated_share__gt=0), name="hold_out_holds_something"
            ),
            models.CheckConstraint(condition=Q(begins_at__lt=F("ends_at")), name="hold_out_begins_before_it_ends"),
            models.CheckConstraint(condition=~Q(why="") & ~Q(salt=""), name="hold_out_says_why"),
            models.CheckConstraint(
                condition=Q(stopped_by=None, stopped_why="")
                | (Q(stopped_by__isnull=False, ended_at__isnull=False) & ~Q(stopped_why="")),
                name="hold_out_stopped_with_words",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type_id} {self.begins_at:%Y-%m-%d}"


class AllocationQuerySet(ForLeaders["Allocation"]):
    def held_now(self) -> Self:
        """Those by which a claim is hidden from everybody but leaders."""
        return self.filter(held=True, released_at=None)


class Allocation(models.Model):
    """One account's place in a hold-out: held out, or acted on as ever (the other arm). It keeps it while that runs.

    `chance`: how likely it was to be held out. `stratum`: among which accounts it was drawn (response, tier, revenue);
    `block` and `slot`: where in their order. A release ends being held out, and nothing else: the account is counted
    in the arm that it was drawn into.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    hold_out = models.ForeignKey(HoldOut, models.PROTECT, related_name="allocations", db_index=False)
    account = models.ForeignKey(Account, models.PROTECT, related_name="allocations")
    type = models.ForeignKey(InsightType, models.PROTECT, related_name="+", **BULK)
    insight = models.ForeignKey(Insight, models.PROTECT, related_name="+", **UNCHECKED)
    held = models.BooleanField()
    chance = models.DecimalField(max_digits=3, decimal_places=2)
    stratum = models.CharField(max_length=80)
    block = models.PositiveIntegerField()
    slot = models.PositiveSmallIntegerField()
    allotted_at = models.DateTimeField()
    released_at = models.DateTimeField(null=True)
    released_why = models.CharField(max_length=12, choices=Release, blank=True)
    released_for = models.CharField(max_length=20, blank=True, help_text="Which red line, or what keeps it out now.")
    released_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", db_index=False)

    objects: ClassVar[AllocationQuerySet] = AllocationQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["-allotted_at", "-id"]
        verbose_name = _("place in a hold-out")
        verbose_name_plural = _("places in hold-outs")
        indexes = [
            # Asked about every insight and decision that is shown to somebody.
            models.Index(fields=["account", "type"], condition=Q(held=True, released_at=None), name="held_out_now"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["hold_out", "account"], name="one_allocation_per_account"),
            models.UniqueConstraint(fields=["hold_out", "stratum", "block", "slot"], name="one_account_per_slot"),
            models.CheckConstraint(condition=Q(chance__range=(LEAST, MOST_AUTOMATED)), name="allocation_chance_range"),
            models.CheckConstraint(
                condition=Q(released_at=None, released_why="")
                | (Q(released_at__isnull=False, held=True) & ~Q(released_why="")),
                name="only_who_is_held_out_is_released",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.stratum}"
