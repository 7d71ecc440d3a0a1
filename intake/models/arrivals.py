"""What arrived, and from whom: sources and their tokens, the landing log, imports."""

from __future__ import annotations

from typing import ClassVar

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from core.enums import Role
from core.ids import uuid7
from core.models import Pending, User
from intake.enums import ImportStatus, Scope, ScoreMeaning, SourceMode


class SourceQuerySet(models.QuerySet["Source"]):
    def systems(self) -> SourceQuerySet:
        """Feeds: a person is a source too, by what they say, but nobody looks after one."""
        return self.filter(person=None)


@pghistory.track(pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Source(models.Model):
    """A system or a person that sends us records, with somebody in the business who answers for it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    owner = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    backup = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    account_namespace = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, help_text="Whose account ids it uses; empty: its own."
    )
    score_meaning = models.CharField(max_length=12, choices=ScoreMeaning, default=ScoreMeaning.CONFIDENCE)
    mode = models.CharField(max_length=12, choices=SourceMode, default=SourceMode.CONSOLIDATE)
    cadence_hours = models.PositiveIntegerField(null=True, blank=True)
    runbook = models.TextField(blank=True)
    person = models.OneToOneField(
        User,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="source",
        help_text="Set when a person is the source.",
    )
    is_active = models.BooleanField(default=True)

    objects: ClassVar[SourceQuerySet] = SourceQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["slug"]
        constraints = [
            models.CheckConstraint(condition=Q(score_meaning__in=ScoreMeaning.values), name="source_meaning_known"),
        ]

    def __str__(self) -> str:
        return self.name


class ApiToken(models.Model):
    """`cxo_<prefix>_<secret>`: only the SHA-256 of the secret is kept."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    source = models.ForeignKey(Source, models.PROTECT, related_name="tokens")
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=12, unique=True)
    digest = models.BinaryField(max_length=32)
    scopes = ArrayField(models.CharField(max_length=20, choices=Scope))
    created_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.name} (cxo_{self.prefix}_…)"


class Record(models.Model):
    """The landing log: one thing that arrived, as it arrived. Append-only; the truth about what came in.

    The table is partitioned by ranges of `id`, which is time-ordered (migration 0002).
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    source = models.ForeignKey(Source, models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(max_length=20)
    external_id = models.TextField()
    payload = models.JSONField()
    import_id = models.UUIDField(null=True)
    landed_at = models.DateTimeField(help_text="Domain time: when it was true that it had arrived.")
    recorded_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"{self.kind} {self.external_id}"


class RecordKey(models.Model):
    """The key under which a record may arrive only once, with the hash of what arrived first."""

    pk = models.CompositePrimaryKey("source_id", "kind", "external_id")
    source_id = models.UUIDField()
    kind = models.CharField(max_length=20)
    external_id = models.TextField()
    record_id = models.UUIDField()
    payload_hash = models.BinaryField(max_length=16)

    def __str__(self) -> str:
        return f"{self.kind} {self.external_id}"


class Landed(Pending):
    """landed → resolved: a record whose subject is not known yet. `about` is (namespace, kind of key, value)."""

    about_namespace = models.UUIDField(null=True)
    about_kind = models.CharField(max_length=12)
    about_value = models.TextField()
    kind = models.CharField(max_length=20)


WATCH_THE_DATA = (Role.OPS, Role.MANAGER, Role.LEADER)


class ImportQuerySet(models.QuerySet["Import"]):
    def visible_to(self, user: User) -> ImportQuerySet:
        """All files for those who watch the data, else one's own."""
        if not user.is_active:
            return self.none()
        return self if user.is_superuser or user.role in WATCH_THE_DATA else self.filter(created_by=user)


class Import(models.Model):
    """One file on its way in. `rows_done` moves in the transaction that lands the rows, so a restart goes on."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    source = models.ForeignKey(Source, models.PROTECT, related_name="imports")
    kind = models.CharField(max_length=20)
    filename = models.CharField(max_length=255)
    stored_as = models.CharField(max_length=255)
    sha256 = models.CharField(max_length=64)
    mapping = models.JSONField(default=dict, help_text="The file's column → what it is, and how it is read.")
    dialect = models.JSONField(default=dict, help_text="Encoding and delimiter as found.")
    status = models.CharField(max_length=8, choices=ImportStatus, default=ImportStatus.WAITING)
    message = models.TextField(blank=True)
    rows_total = models.PositiveIntegerField(null=True)
    rows_done = models.PositiveIntegerField(default=0)
    counts = models.JSONField(default=dict, help_text="Rows per Landing status.")
    preview = models.JSONField(default=dict, db_default={}, help_text="What the first rows would do.")
    undone = models.JSONField(default=dict, db_default={}, help_text="What taking it back did, so far.")
    undo_by = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", db_index=False, help_text="Who has it taken back."
    )
    mends = models.ForeignKey(
        "self", models.PROTECT, null=True, related_name="mended", help_text="The file whose rejected rows these were."
    )
    created_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    leased_until = models.DateTimeField(null=True)

    objects: ClassVar[ImportQuerySet] = ImportQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=ImportStatus.values), name="import_status_known"),
        ]

    def __str__(self) -> str:
        return self.filename


@pghistory.track(pghistory.UpdateEvent(), pghistory.DeleteEvent())
class SourceMapping(models.Model):
    """How a source writes a kind of file, as somebody confirmed it: for the next file, the API, a pull."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    source = models.ForeignKey(Source, models.CASCADE, related_name="mappings")
    kind = models.CharField(max_length=20)
    columns = models.JSONField(help_text="The file's column → what it is, and how it is read.")
    saved_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    saved_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "kind"], name="one_mapping_per_source_and_kind")]

    def __str__(self) -> str:
        return f"{self.source_id} {self.kind}"


class RejectedRow(models.Model):
    """A row of a file that was not taken, as it was, with the reason."""

    id = models.BigAutoField(primary_key=True)
    of = models.ForeignKey(Import, models.CASCADE, related_name="rejected_rows")
    row = models.PositiveIntegerField(help_text="Line of data, the first after the header being 1.")
    column = models.CharField(max_length=120, blank=True)
    code = models.SlugField(max_length=40)
    message = models.TextField()
    value = models.TextField(blank=True)
    cells = models.JSONField()
    mended_by = models.ForeignKey(
        Import, models.PROTECT, null=True, related_name="+", db_index=False, help_text="With which it was taken since."
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["of", "row"], name="one_reason_per_rejected_row")]

    def __str__(self) -> str:
        return f"{self.row}: {self.message}"


class RowName(models.Model):
    """How a row of a file that is being taken is called, hashed, and where it stands: gone once the file is through."""

    pk = models.CompositePrimaryKey("import_id", "name")
    import_id = models.UUIDField()
    name = models.BigIntegerField()
    number = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.import_id} {self.number}"


class RowWarning(models.Model):
    """A cell that was left out of a row of a file which was taken all the same, with the reason."""

    id = models.BigAutoField(primary_key=True)
    of = models.ForeignKey(Import, models.CASCADE, related_name="warnings")
    row = models.PositiveIntegerField(help_text="Line of data, the first after the header being 1.")
    column = models.CharField(max_length=120, blank=True)
    code = models.SlugField(max_length=40, db_index=False)
    message = models.TextField()
    value = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"{self.row}: {self.message}"
