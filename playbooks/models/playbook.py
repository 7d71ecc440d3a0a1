"""Playbooks, their runs, and the effects that leave through the outbox."""

from __future__ import annotations

from typing import ClassVar

import pghistory
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from accounts.models import Account, OfAccountQuerySet
from core.bulk import BULK, UNCHECKED
from core.ids import uuid7
from core.models import User
from decisions.enums import PolicyState
from decisions.models import Item
from insights.models import Insight, InsightType
from playbooks.enums import EffectStatus, RunStatus, RunStepStatus, StepKind


@pghistory.track(pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Playbook(models.Model):
    """A named way of acting on one insight type, with an outcome in plain words and an owner."""

    slug = models.SlugField(primary_key=True, max_length=60)
    name = models.CharField(max_length=120)
    type = models.ForeignKey(InsightType, models.PROTECT, null=True, blank=True, related_name="playbooks")
    outcome = models.TextField(help_text="What is different when it has worked.")
    owner = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


@pghistory.track(pghistory.UpdateEvent(), pghistory.DeleteEvent())
class PlaybookVersion(models.Model):
    """The steps of a playbook as they were published. Runs keep the version they started with."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    playbook = models.ForeignKey(Playbook, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    state = models.CharField(max_length=10, choices=PolicyState, default=PolicyState.DRAFT)
    published_at = models.DateTimeField(null=True, blank=True, editable=False)
    published_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, editable=False, related_name="+")

    class Meta:
        ordering = ["playbook", "-number"]
        constraints = [models.UniqueConstraint(fields=["playbook", "number"], name="one_playbook_version")]

    def __str__(self) -> str:
        return f"{self.playbook_id} {self.number}"


@pghistory.track(pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Step(models.Model):
    """One step: a task for a person, an e-mail to a colleague, or a wait. Steps run in order.

    `text` and `title` may name {account}, {type}, {confidence}, {owner}.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    version = models.ForeignKey(PlaybookVersion, models.CASCADE, related_name="steps")
    position = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=8, choices=StepKind)
    title = models.CharField(max_length=160)
    text = models.TextField(blank=True)
    business_hours = models.PositiveSmallIntegerField(
        default=0, help_text="Task: hours until due. Wait: hours to wait. In business hours of the owner."
    )

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["version", "position"], name="one_step_per_position")]

    def __str__(self) -> str:
        return self.title


class Run(models.Model):
    """One playbook at work on one item."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    version = models.ForeignKey(PlaybookVersion, models.PROTECT, related_name="runs", **BULK)
    item = models.ForeignKey(Item, models.PROTECT, related_name="runs", **UNCHECKED)
    account = models.ForeignKey(Account, models.PROTECT, related_name="runs", **UNCHECKED)
    insight = models.ForeignKey(Insight, models.PROTECT, related_name="+", **BULK)
    owner = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", **BULK)
    status = models.CharField(max_length=8, choices=RunStatus, default=RunStatus.LIVE)
    automated = models.BooleanField(help_text="Started by an automated band, not as the plan of a person's task.")
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    ended_why = models.CharField(max_length=200, blank=True)

    objects: ClassVar[OfAccountQuerySet[Run]] = OfAccountQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["item"], condition=Q(status="live"), name="one_live_run_per_item")
        ]

    def __str__(self) -> str:
        return f"{self.version_id} {self.status}"


class RunStep(models.Model):
    """One step of a run. A `due` row is claimed when `due_at` has come; later steps are made when it is done."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    run = models.ForeignKey(Run, models.PROTECT, related_name="steps", **BULK)
    step = models.ForeignKey(Step, models.PROTECT, related_name="+", **BULK)
    status = models.CharField(max_length=8, choices=RunStepStatus, default=RunStepStatus.DUE)
    due_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)
    done_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", **BULK)

    class Meta:
        ordering = ["step__position"]
        indexes = [models.Index(fields=["due_at"], condition=Q(status="due"), name="run_step_due")]
        constraints = [models.UniqueConstraint(fields=["run", "step"], name="a_step_once_per_run")]

    def __str__(self) -> str:
        return f"{self.step_id} {self.status}"


class Effect(models.Model):
    """An e-mail on its way out. The key makes it one, and becomes its Message-ID."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    key = models.CharField(max_length=120, unique=True)
    run_step = models.ForeignKey(RunStep, models.PROTECT, null=True, related_name="effects")
    to = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    address = models.EmailField()
    subject = models.CharField(max_length=200)
    body = models.TextField()
    html = models.TextField(blank=True, db_default="", help_text="The same as HTML, where there is any.")
    status = models.CharField(max_length=10, choices=EffectStatus, default=EffectStatus.DUE)
    not_before = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    token = models.UUIDField(null=True)
    leased_until = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    last_error = models.TextField(blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["not_before"], condition=Q(status="due"), name="effect_due")]

    def __str__(self) -> str:
        return self.subject
