"""The verdicts, and what they are remembered by: streams, items, decisions."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from accounts.models import Account, OfAccountQuerySet
from core.bulk import BULK, KeptJSONField
from core.ids import uuid7
from core.models import Pending, User
from decisions.enums import OutcomeKind, Response, Suppression
from insights.models import ClaimQuerySet, Insight, InsightType


class Stream(models.Model):
    """The memory of one (account, type, source, model): what was decided last, since when, how low it has been."""

    pk = models.CompositePrimaryKey("account_id", "type_id", "source_id", "model")
    account_id = models.UUIDField()
    type_id = models.CharField(max_length=40)
    source_id = models.UUIDField()
    model = models.CharField(max_length=80)
    band = models.CharField(max_length=10, choices=Response, help_text="The band it is in.")
    response = models.CharField(max_length=10, choices=Response, help_text="What that band led to.")
    bound = models.DecimalField(max_digits=5, decimal_places=4, help_text="Lower bound of that band.")
    entered_at = models.DateTimeField(help_text="Since when it is in that band.")
    lower_scores = models.PositiveSmallIntegerField(default=0, help_text="Scores in a row that asked for less.")
    scored_at = models.DateTimeField(help_text="The newest score decided.")
    expires_at = models.DateTimeField(help_text="When that score's horizon ends.")

    def __str__(self) -> str:
        return f"{self.type_id} {self.model}: {self.response}"


class Item(models.Model):
    """What is being done about one (account, type): a task or a live run. One open per account, type and slot.

    `slot` is empty, or the reason where a type keeps one item per reason.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    account = models.ForeignKey(Account, models.PROTECT, related_name="items", **BULK)
    type = models.ForeignKey(InsightType, models.PROTECT, related_name="+", **BULK)
    slot = models.CharField(max_length=60, blank=True)
    response = models.CharField(max_length=10, choices=Response, help_text="The highest response it has had.")
    confidence = models.DecimalField(max_digits=20, decimal_places=19, help_text="The highest it has had.")
    owner = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", **BULK)
    reasons = ArrayField(models.CharField(max_length=60), default=list)
    red_lines = ArrayField(models.CharField(max_length=16), default=list)
    evidence_count = models.PositiveIntegerField(default=1)
    opened_at = models.DateTimeField()
    expires_at = models.DateTimeField(help_text="When its newest evidence's horizon ends.")
    touched_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=20, choices=OutcomeKind, blank=True)
    quiet_until = models.DateTimeField(null=True, help_text="End of the cool-down; empty with `quiet` set: for good.")
    quiet = models.BooleanField(default=False, help_text="A cool-down holds.")

    objects: ClassVar[OfAccountQuerySet[Item]] = OfAccountQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        indexes = [
            models.Index(fields=["account", "type", "-opened_at"], name="item_latest"),
            models.Index(fields=["owner"], condition=Q(closed_at=None), name="item_open_by_owner"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["account", "type", "slot"],
                condition=Q(closed_at=None),
                name="one_open_item_per_account_type",
            ),
            models.CheckConstraint(
                condition=Q(closed_at=None, outcome="") | (Q(closed_at__isnull=False) & ~Q(outcome="")),
                name="closed_item_has_an_outcome",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type_id} {self.account_id}"


class DecisionQuerySet(ClaimQuerySet["Decision"]):
    """Decisions: their key is their insight's, and few have to be looked up."""

    sent_by = "insight__source"
    held_out = Q(suppressed_by=Suppression.HOLD_OUT) & ClaimQuerySet.held_out


class Decision(models.Model):
    """The verdict about one insight: its key is the insight's, so there can be only one. Append-only.

    `inputs` holds everything `decisions.rules.decide` was given, so that the row alone explains itself and can be
    replayed.
    """

    insight = models.OneToOneField(
        Insight, models.PROTECT, primary_key=True, related_name="decision", db_constraint=False
    )
    account = models.ForeignKey(Account, models.PROTECT, related_name="decisions", **BULK)
    type = models.ForeignKey(InsightType, models.PROTECT, related_name="+", **BULK)
    confidence = models.DecimalField(max_digits=20, decimal_places=19)
    band_lower = models.DecimalField(max_digits=5, decimal_places=4)
    band_upper = models.DecimalField(max_digits=5, decimal_places=4)
    band_response = models.CharField(max_length=10, choices=Response)
    response = models.CharField(max_length=10, choices=Response)
    suppressed_by = models.CharField(max_length=12, choices=Suppression, blank=True)
    authority_version = models.PositiveIntegerField()
    ownership_version = models.PositiveIntegerField()
    owner = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", **BULK)
    owner_path = KeptJSONField()
    reasons = KeptJSONField()
    priority = models.JSONField(null=True, help_text="Value and parts; empty where nothing is to be done.")
    item = models.ForeignKey(Item, models.PROTECT, null=True, related_name="decisions", **BULK)
    playbook = models.CharField(max_length=60, blank=True)
    inputs = KeptJSONField()
    code_version = models.CharField(max_length=40)
    decided_at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now())

    objects: ClassVar[DecisionQuerySet] = DecisionQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["-insight"]
        indexes = [
            models.Index(fields=["account", "-decided_at"], name="decision_by_account"),
            models.Index(fields=["item"], condition=Q(item__isnull=False), name="decision_of_item"),
            models.Index(fields=["insight"], condition=Q(suppressed_by=Suppression.HOLD_OUT), name="decision_held_out"),
            # Decisions are appended as they are made, so that a page of this says which days a stretch of the table
            # holds: nearly free to write, and what counts the last 90 days leaves the years before alone.
            BrinIndex(fields=["decided_at"], name="decision_by_day", autosummarize=True),
        ]

    def __str__(self) -> str:
        return f"{self.response} {self.suppressed_by}"


class Decided(Pending):
    """decided → dispatched: a verdict whose task or run is still to be made."""

    act = models.CharField(max_length=16)
