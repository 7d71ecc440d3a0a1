"""The customer record: contacts, contracts, activities, revenue, and the history of imported values."""

from __future__ import annotations

from typing import Any, ClassVar

import pghistory
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Coalesce, Concat, Now, Upper

from accounts.enums import TOUCHES, ActivityKind, Forecast, RedLine, Stakeholder
from accounts.models.account import Account, OfAccountQuerySet
from core.ids import uuid7
from core.models import User


class FieldValue(models.Model):
    """One value a source gave for one field: when it was true, and when we learned it. Append-only."""

    id = models.BigAutoField(primary_key=True)
    account = models.ForeignKey(Account, models.CASCADE, related_name="values")
    field = models.CharField(max_length=60)
    value = models.JSONField(null=True)
    source_id = models.UUIDField()
    record_id = models.UUIDField(null=True)
    observed_at = models.DateTimeField(help_text="When it was true.")
    recorded_at = models.DateTimeField(db_default=Now(), help_text="When we learned it.")

    objects: ClassVar[OfAccountQuerySet[FieldValue]] = OfAccountQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        indexes = [models.Index(fields=["account", "field", "-observed_at", "-id"], name="value_as_of")]

    def __str__(self) -> str:
        return f"{self.field}={self.value}"


class ContactQuerySet(OfAccountQuerySet["Contact"]):
    def known(self) -> ContactQuerySet:
        """Without those who were erased: their ids tell it."""
        return self.exclude(external_id=Concat(Value("erased-"), Cast("pk", models.TextField())))

    def people(self, *names: str) -> ContactQuerySet:
        """One row for each person, with what they show of these fields (`accounts.rules.people`) as `shows_…`.

        Who is known from several sources shows what holds of all of them, and not what their row says.
        """
        return self.filter(same_as=None).annotate(**{f"shows_{name}": _shown(name) for name in names})

    def showing(self, **wanted: Any) -> ContactQuerySet:
        """People who show this: `wanted` as `filter` takes it."""
        people = self.people(*sorted({lookup.partition("__")[0] for lookup in wanted}))
        return people.filter(**{f"shows_{lookup}": value for lookup, value in wanted.items()})


def _shown(name: str) -> Case:
    column = next(field for field in Contact._meta.concrete_fields if field.name == name)
    said: Cast | Coalesce = Cast(KeyTextTransform(name, "shown"), column)
    if not column.null:
        nothing = column.get_default() if column.has_default() else ""
        said = Coalesce(said, Value(nothing, output_field=column))
    return Case(When(shown={}, then=F(name)), default=said, output_field=column)


@pghistory.track(pghistory.UpdateEvent(), pghistory.DeleteEvent(), exclude=["since", "shown"])
class Contact(models.Model):
    """Somebody who works at the customer, as one source says it. Who comes from several sources has several rows.

    same_as: the row that stands for the person where this one is another record of them; follows from `Pair`.
    shown: on the row that stands for several, what the person shows: field → value (`accounts.rules.people`).
    since: field → since when this source says so.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    account = models.ForeignKey(Account, models.PROTECT, related_name="contacts")
    source_id = models.UUIDField()
    external_id = models.CharField(max_length=200)
    name = models.CharField(max_length=200)
    email = models.EmailField(blank=True)
    phone = models.CharField(max_length=40, blank=True, db_default="")
    title = models.CharField(max_length=120, blank=True)
    stakeholder = models.CharField(max_length=16, choices=Stakeholder, default=Stakeholder.UNKNOWN)
    influence = models.PositiveSmallIntegerField(null=True, blank=True, help_text="1 to 5")
    sentiment = models.SmallIntegerField(null=True, blank=True, help_text="-2 to 2")
    left_on = models.DateField(null=True, blank=True)
    do_not_contact = models.BooleanField(default=False)
    same_as = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="records")
    since = models.JSONField(default=dict, db_default={}, blank=True)
    shown = models.JSONField(default=dict, db_default={}, blank=True)

    objects: ClassVar[ContactQuerySet] = ContactQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["name"]
        indexes = [
            models.Index(fields=["email"], name="contact_by_email", condition=~Q(email="")),
            GinIndex(
                OpClass(Upper("name"), name="gin_trgm_ops"),
                OpClass(Upper("email"), name="gin_trgm_ops"),
                name="contact_search",
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["source_id", "external_id"], name="one_contact_per_external_id"),
            models.CheckConstraint(condition=~Q(same_as=F("id")), name="contact_not_the_same_as_itself"),
            models.CheckConstraint(condition=Q(influence=None) | Q(influence__range=(1, 5)), name="influence_range"),
            models.CheckConstraint(condition=Q(sentiment=None) | Q(sentiment__range=(-2, 2)), name="sentiment_range"),
        ]

    def __str__(self) -> str:
        return self.name


@pghistory.track(pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Contract(models.Model):
    """A term the customer signed. `notice_on` is the last day on which notice can be given."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    account = models.ForeignKey(Account, models.PROTECT, related_name="contracts")
    source_id = models.UUIDField()
    external_id = models.CharField(max_length=200)
    starts_on = models.DateField()
    ends_on = models.DateField()
    notice_on = models.DateField(null=True, blank=True)
    arr_amount = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)
    arr_currency = models.CharField(max_length=3, blank=True)
    auto_renews = models.BooleanField(default=False)
    forecast = models.CharField(max_length=8, choices=Forecast, default=Forecast.UNKNOWN)
    forecast_by = models.ForeignKey(
        User,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        help_text="Who set it here: a file that comes again does not overwrite that, unless a policy says so.",
    )
    ended_early_on = models.DateField(null=True, blank=True)

    objects: ClassVar[OfAccountQuerySet[Contract]] = OfAccountQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["-ends_on"]
        constraints = [
            models.UniqueConstraint(fields=["source_id", "external_id"], name="one_contract_per_external_id"),
            models.CheckConstraint(condition=Q(starts_on__lt=F("ends_on")), name="contract_ends_after_it_starts"),
        ]

    def __str__(self) -> str:
        return f"{self.external_id} to {self.ends_on}"


class Activity(models.Model):
    """A note, call, meeting, e-mail, ticket, usage reading or survey answer on an account's timeline."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    account = models.ForeignKey(Account, models.PROTECT, related_name="activities")
    source_id = models.UUIDField()
    external_id = models.CharField(max_length=200)
    kind = models.CharField(max_length=8, choices=ActivityKind)
    happened_at = models.DateTimeField()
    summary = models.CharField(max_length=300)
    body = models.TextField(blank=True)
    value = models.DecimalField(max_digits=14, decimal_places=4, null=True, blank=True)
    facts = models.JSONField(default=dict, db_default={}, blank=True, help_text="What else is known, such as a scale.")
    contact = models.ForeignKey(Contact, models.SET_NULL, null=True, blank=True, related_name="activities")
    by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")

    objects: ClassVar[OfAccountQuerySet[Activity]] = OfAccountQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["-happened_at", "-id"]
        verbose_name_plural = "activities"
        indexes = [
            models.Index(fields=["account", "-happened_at"], name="activity_timeline"),
            models.Index(fields=["account", "-happened_at"], condition=Q(kind__in=TOUCHES), name="activity_touches"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["source_id", "external_id"], name="one_activity_per_external_id")
        ]

    def __str__(self) -> str:
        return self.summary


class LedgerEntry(models.Model):
    """Money that moved: an order, a renewal, a change of recurring revenue. Append-only."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    account = models.ForeignKey(Account, models.PROTECT, related_name="ledger")
    source_id = models.UUIDField()
    external_id = models.CharField(max_length=200)
    kind = models.SlugField(max_length=20, default="order")
    happened_on = models.DateField()
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    currency = models.CharField(max_length=3)
    units = models.DecimalField(max_digits=14, decimal_places=3, null=True, blank=True)

    objects: ClassVar[OfAccountQuerySet[LedgerEntry]] = OfAccountQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name_plural = "ledger entries"
        ordering = ["-happened_on", "-id"]
        indexes = [models.Index(fields=["account", "-happened_on"], name="ledger_by_day")]
        constraints = [
            models.UniqueConstraint(fields=["source_id", "external_id"], name="one_ledger_entry_per_external_id")
        ]

    def __str__(self) -> str:
        return f"{self.happened_on} {self.amount} {self.currency}"


class FxRate(models.Model):
    """How much reporting currency one unit of `currency` buys from `on_day` until the next rate."""

    currency = models.CharField(max_length=3)
    on_day = models.DateField()
    rate = models.DecimalField(max_digits=16, decimal_places=8)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["currency", "on_day"], name="one_rate_per_currency_day"),
            models.CheckConstraint(condition=Q(rate__gt=0), name="rate_is_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.currency} {self.on_day}"


class TierRevenue(models.Model):
    """Median yearly revenue of a tier's accounts, for those whose own is not known. Refreshed by the tick."""

    tier = models.SlugField(max_length=40, primary_key=True, blank=True)
    median = models.DecimalField(max_digits=14, decimal_places=2, help_text="In the reporting currency.")
    accounts = models.PositiveIntegerField(help_text="How many accounts it is the median of.")
    as_of = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.tier}: {self.median}"


class RedLineFlag(models.Model):
    """A red line that a person or a source put on an account, until somebody lifts it."""

    account = models.ForeignKey(Account, models.CASCADE, related_name="red_lines")
    kind = models.CharField(max_length=16, choices=RedLine)
    since = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)
    why = models.TextField(blank=True)

    objects: ClassVar[OfAccountQuerySet[RedLineFlag]] = OfAccountQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "kind"], condition=Q(until=None), name="one_standing_red_line_per_kind"
            )
        ]

    def __str__(self) -> str:
        return self.kind
