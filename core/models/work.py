"""Work between stages: batches with a lease, the pending rows in them, and dead letters.

A stage leaves its rows as `Pending` rows of a `Batch`; the next stage leases batches, so attempts and
leases cost one row a batch, not one a record. `core.stages` is the only code that moves them.
"""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from core.ids import uuid7
from core.models.people import User


class Batch(models.Model):
    """Rows that one worker takes together. Times are the database's."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    stage = models.SlugField(max_length=20)
    size = models.PositiveIntegerField()
    attempts = models.PositiveSmallIntegerField(default=0)
    token = models.UUIDField(null=True)
    leased_until = models.DateTimeField(null=True)
    next_attempt_at = models.DateTimeField(db_default=Now())
    last_error = models.TextField(blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["stage", "next_attempt_at"], name="batch_due")]

    def __str__(self) -> str:
        return f"{self.stage} {self.id} ({self.size})"


class Pending(models.Model):
    """A row that a stage left for the next one: the id of the record it is about, and its batch.

    One index serves, since rows are taken by their batch. That a record waits once is kept by what leaves it: each
    stage writes a row of its own under the record's id, which can be there only once.
    """

    pk = models.CompositePrimaryKey("batch_id", "id")
    batch_id = models.UUIDField(editable=False)
    id = models.UUIDField(editable=False)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return str(self.id)


class Heartbeat(models.Model):
    """When something that runs by itself last ran, by the database's clock."""

    name = models.SlugField(primary_key=True, max_length=40)
    at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.name


class DeadLetter(models.Model):
    """A record that a stage gave up on after its attempts, kept until a person replays it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    record_id = models.UUIDField()
    stage = models.SlugField(max_length=20)
    row = models.JSONField(help_text="The pending row as it was.")
    error = models.TextField()
    attempts = models.PositiveSmallIntegerField()
    died_at = models.DateTimeField(db_default=Now())
    replayed_at = models.DateTimeField(null=True, blank=True)
    replayed_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["-died_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["record_id", "stage"],
                condition=models.Q(replayed_at=None),
                name="one_dead_letter_per_record",
            )
        ]

    def __str__(self) -> str:
        return f"{self.stage} {self.record_id}"
