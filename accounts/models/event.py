"""What customers' people did: events, whom clients name, and what waits for its account (ADR on events)."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from accounts.enums import EventKind
from accounts.models.account import Account, OfAccountQuerySet
from accounts.models.customer import Contact
from core.bulk import BULK
from core.ids import uuid7


class Event(models.Model):
    """One behaviour of a customer's people, as its source told it. The row is the record: `payload` is what arrived.

    The table is partitioned by months of `at` (migration events). Its id follows from its source and what that calls
    it (`accounts.rules.events.event_id`). `at` is by our clock, `said_at` by the sender's. No account: it is not known
    yet, and `Awaited` says what would tell it.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    at = models.DateTimeField()
    said_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    received_at = models.DateTimeField(help_text="Domain time: when it was true that it had arrived.")
    source_id = models.UUIDField()
    kind = models.CharField(max_length=8, choices=EventKind)
    name = models.CharField(max_length=200)
    user_id = models.TextField(help_text="Whom its source names; empty: nobody.")
    about_namespace = models.UUIDField(null=True)
    about_kind = models.CharField(max_length=12)
    about_value = models.TextField()
    account = models.ForeignKey(Account, models.DO_NOTHING, null=True, related_name="behaviour", **BULK)
    contact = models.ForeignKey(Contact, models.DO_NOTHING, null=True, related_name="behaviour", **BULK)
    import_id = models.UUIDField(null=True)
    payload = models.JSONField()

    objects: ClassVar[OfAccountQuerySet[Event]] = OfAccountQuerySet.as_manager()  # type: ignore[assignment]

    def __str__(self) -> str:
        return self.name or self.kind


class EventKey(models.Model):
    """The id under which an event may arrive only once, whatever time it says; kept as long as the event."""

    id = models.UUIDField(primary_key=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return str(self.id)


class Visitor(models.Model):
    """Somebody whom a source's client names: what it said of them, and the contact they turned out to be.

    same_as: another id of the same person, which holds all that is known (`""`: this one does).
    """

    id = models.BigAutoField(primary_key=True)
    source_id = models.UUIDField()
    user_id = models.CharField(max_length=200)
    same_as = models.CharField(max_length=200, blank=True)
    group_id = models.CharField(max_length=200, blank=True)
    traits = models.JSONField(default=dict)
    contact = models.ForeignKey(Contact, models.CASCADE, null=True, related_name="visitors")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source_id", "user_id"], name="one_visitor_per_user_id")]
        indexes = [models.Index(fields=["source_id", "same_as"], name="visitor_aliases", condition=~Q(same_as=""))]

    def __str__(self) -> str:
        return self.user_id


class Awaited(models.Model):
    """What would tell whose some events are: an account's key, or somebody a source names. The tick looks for it.

    kind: a `KeyKind`; or `user` for the events of somebody, `visitor` for somebody who is to become a contact, and
    then the namespace is the source.
    """

    id = models.BigAutoField(primary_key=True)
    namespace_id = models.UUIDField(null=True)
    kind = models.CharField(max_length=12)
    value = models.TextField()
    checked_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(F("checked_at").asc(nulls_first=True), name="awaited_in_turn")]
        constraints = [
            models.UniqueConstraint(fields=["value", "kind", "namespace_id"], nulls_distinct=False, name="awaited_once")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.value}"
