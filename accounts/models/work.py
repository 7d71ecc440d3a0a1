"""What the resolve stage leaves: resolved records, and those whose account has not arrived yet."""

from django.db import models
from django.db.models.functions import Now

from core.models import Pending


class Resolved(Pending):
    """resolved → believed: a record and the account it is about."""

    account_id = models.UUIDField()


class Parked(models.Model):
    """A record whose account is unknown: resolved as soon as an account with that key arrives."""

    record_id = models.UUIDField(primary_key=True, editable=False)
    namespace_id = models.UUIDField(null=True)
    key_kind = models.CharField(max_length=12)
    value = models.TextField()
    kind = models.CharField(max_length=20)
    parked_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["value", "key_kind", "namespace_id"], name="parked_by_key")]

    def __str__(self) -> str:
        return f"{self.key_kind} {self.value}"
