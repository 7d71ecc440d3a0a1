"""Records and the accounts they are about: resolved, waiting for an account that has not arrived, released by it."""

from django.db import models
from django.db.models.functions import Now

from core.models import Pending


class Resolved(Pending):
    """resolved → believed: a record and the account it is about."""

    account_id = models.UUIDField()


class Released(Pending):
    """released → admitted: a row about an account that was not known when it came, and is now."""

    kind = models.CharField(max_length=20)


class Parked(models.Model):
    """A record whose account is unknown: left for `stage` as soon as an account with that key arrives."""

    record_id = models.UUIDField(primary_key=True, editable=False)
    namespace_id = models.UUIDField(null=True)
    key_kind = models.CharField(max_length=12)
    value = models.TextField()
    kind = models.CharField(max_length=20)
    stage = models.CharField(max_length=10, default="believe", db_default="believe")
    parked_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["value", "key_kind", "namespace_id"], name="parked_by_key")]

    def __str__(self) -> str:
        return f"{self.key_kind} {self.value}"
