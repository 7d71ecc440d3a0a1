"""Which records are about which account, what each says, and what people decided where that was in doubt."""

from __future__ import annotations

from typing import ClassVar

import pghistory
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from accounts.enums import Evidence, Matching, Verdict
from accounts.models.account import Account, OfAccountQuerySet, reads_all
from accounts.models.customer import Contact
from accounts.rules.keys import NAMES
from core.ids import uuid7
from core.models import User


@pghistory.track(pghistory.UpdateEvent(), pghistory.DeleteEvent(), exclude=["values"])
class Link(models.Model):
    """What one source keeps about one account, and why we hold it to be that account. Revoked, never deleted.

    A source knows the account by (namespace, external id); a person by our own id, without a namespace. `values`
    holds what the record says now: field → [value (null: asserted to be empty), since when, the saying's id].
    The columns after `values` are what others may be matched by (`accounts.rules.keys`).
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    account = models.ForeignKey(Account, models.PROTECT, related_name="links")
    source_id = models.UUIDField()
    namespace_id = models.UUIDField(null=True)
    external_id = models.TextField()
    rule = models.CharField(max_length=12, choices=Evidence)
    evidence = models.JSONField(default=dict)
    confidence = models.DecimalField(max_digits=4, decimal_places=3, default=1)
    import_id = models.UUIDField(null=True)
    actor = models.CharField(max_length=120)
    created_at = models.DateTimeField()
    values = models.JSONField(default=dict)
    domain = models.CharField(max_length=255, blank=True)
    email = models.CharField(max_length=254, blank=True)
    subscription = models.CharField(max_length=200, blank=True)
    tax_id = models.CharField(max_length=200, blank=True, db_default="")
    phone = models.CharField(max_length=200, blank=True, db_default="")
    born_on = models.CharField(max_length=200, blank=True, db_default="", help_text="With the postcode.")
    address = models.CharField(max_length=200, blank=True, db_default="")
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", db_index=False)
    revoked_why = models.TextField(blank=True)

    objects: ClassVar[OfAccountQuerySet[Link]] = OfAccountQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["created_at", "id"]
        indexes = [
            *(
                models.Index(fields=[key], name=f"link_{key}", condition=~Q(**{key: ""}) & Q(revoked_at=None))
                for key in NAMES
            ),
            models.Index(fields=["import_id"], name="link_import", condition=~Q(import_id=None)),
            models.Index(fields=["external_id"], name="link_taken_back", condition=Q(revoked_why="import taken back")),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["external_id", "source_id", "namespace_id"],
                condition=Q(revoked_at=None),
                nulls_distinct=False,
                name="one_live_link_per_record",
            )
        ]

    def __str__(self) -> str:
        return f"{self.external_id}: {self.rule}"


class Prior(models.Model):
    """What an import changed in one row, so that it can be told and undone: field → [before, after].

    `row_id` is a link's for kind `accounts`, else the row's own.
    """

    id = models.BigAutoField(primary_key=True)
    import_id = models.UUIDField()
    kind = models.CharField(max_length=20)
    row_id = models.UUIDField(db_index=True)
    external_id = models.TextField()
    made = models.BooleanField()
    fields = models.JSONField()

    class Meta:
        indexes = [models.Index(fields=["import_id", "id"], name="prior_of_import")]

    def __str__(self) -> str:
        return f"{self.kind} {self.external_id}"


class Merge(models.Model):
    """Two accounts held to be one: `merged` is archived, what was its is now `survivor`'s, until it is undone.

    `moved`: table → ids of the rows that were re-pointed. `before`: table → rows as they were, where more changed.
    `named`: {link, was, is}: what the link of whoever merged them said of the name before (null: nothing), and says.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    survivor = models.ForeignKey(Account, models.PROTECT, related_name="merges")
    merged = models.ForeignKey(Account, models.PROTECT, related_name="merged_as")
    rule = models.CharField(max_length=12, choices=Evidence)
    evidence = models.JSONField(default=dict)
    why = models.TextField()
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now())
    moved = models.JSONField(default=dict)
    before = models.JSONField(default=dict)
    named = models.JSONField(
        default=dict, db_default={}, help_text="The saying by which whoever merged them chose the name, if they did."
    )
    undone_at = models.DateTimeField(null=True)
    undone_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    undone_why = models.TextField(blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["merged"], condition=Q(undone_at=None), name="merged_into_one"),
            models.CheckConstraint(condition=~Q(survivor=F("merged")), name="not_merged_into_itself"),
        ]

    def __str__(self) -> str:
        return f"{self.merged} into {self.survivor}"


class PairQuerySet(models.QuerySet["Pair"]):
    def visible_to(self, user: User) -> PairQuerySet:
        """Pairs of which `user` may see both accounts, or the account of both contacts."""
        if reads_all(user):
            return self
        seen = Account.objects.visible_to(user).values("id")
        return self.filter(
            Q(first__in=seen, second__in=seen)
            | Q(first_contact__account__in=seen, second_contact__account__in=seen)
        )  # fmt: skip

    def waiting(self) -> PairQuerySet:
        """Those that nobody has decided, of accounts that are both there, or of contacts of one that is."""
        there = Q(first__archived_at=None, second__archived_at=None, first_contact__account__archived_at=None)
        return self.filter(there, verdict=Verdict.OPEN)

    def with_sides(self) -> PairQuerySet:
        """With both accounts, or both contacts, in the same query."""
        return self.select_related("first", "second", "first_contact__account", "second_contact__account")


@pghistory.track(pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Pair(models.Model):
    """Two accounts, or two contacts of one, that may be one, or of which a person said that they are, or are not.

    `first` has the lower id. A verdict outlives re-runs: the same two are never asked about again. Where nobody has
    decided that two contacts are the same, it is what the ladder says, as long as it follows from what they say.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    first = models.ForeignKey(Account, models.PROTECT, null=True, related_name="+")
    second = models.ForeignKey(Account, models.PROTECT, null=True, related_name="+")
    first_contact = models.ForeignKey(Contact, models.CASCADE, null=True, related_name="+")
    second_contact = models.ForeignKey(Contact, models.CASCADE, null=True, related_name="+")
    rule = models.CharField(max_length=12, choices=Evidence)
    evidence = models.JSONField(default=dict)
    pattern = models.CharField(max_length=60, help_text="What the evidence comes to: equal ones are decided together.")
    import_id = models.UUIDField(null=True)
    found_at = models.DateTimeField()
    verdict = models.CharField(max_length=10, choices=Verdict, default=Verdict.OPEN)
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    skipped_at = models.DateTimeField(null=True, help_text="Left for later: it goes to the end.")

    objects: ClassVar[PairQuerySet] = PairQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = [F("skipped_at").asc(nulls_first=True), "found_at", "id"]
        indexes = [models.Index(fields=["found_at"], name="pair_open", condition=Q(verdict="open"))]
        constraints = [
            models.UniqueConstraint(fields=["first", "second"], name="one_verdict_per_pair"),
            models.UniqueConstraint(
                fields=["first_contact", "second_contact"], name="one_verdict_per_pair_of_contacts"
            ),
            models.CheckConstraint(
                condition=Q(first__lt=F("second"), first_contact=None, second_contact=None)
                | Q(first_contact__lt=F("second_contact"), first=None, second=None),
                name="pair_in_order",
            ),
        ]

    def __str__(self) -> str:
        one, other = self.sides
        return f"{one} and {other}: {self.verdict}"

    @property
    def sides(self) -> tuple[Account, Account] | tuple[Contact, Contact]:
        """The two that are in question."""
        if self.first and self.second:
            return self.first, self.second
        if self.first_contact and self.second_contact:
            return self.first_contact, self.second_contact
        raise ValueError(f"pair {self.pk} has no two sides")  # the constraint pair_in_order forbids it

    @property
    def account(self) -> Account:
        """The account that it is about: the first of two, or the one whose contacts they are."""
        one, _other = self.sides
        return one.account if isinstance(one, Contact) else one


class FieldPolicy(models.Model):
    """A version of who is believed about which field: field → rule, as `accounts.rules.projection` writes it.

    The newest holds. Append-only: to go back, the older one is published again.
    """

    version = models.PositiveIntegerField(primary_key=True)
    rules = models.JSONField(default=dict)
    why = models.TextField()
    published_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    published_at = models.DateTimeField()

    class Meta:
        ordering = ["-version"]
        verbose_name_plural = "field policies"

    def __str__(self) -> str:
        return f"version {self.version}"


class MatchingMode(models.Model):
    """How boldly a source's new records are matched; a source without a row is matched strictly."""

    source_id = models.UUIDField(primary_key=True)
    mode = models.CharField(max_length=8, choices=Matching, default=Matching.STRICT)

    def __str__(self) -> str:
        return self.mode
