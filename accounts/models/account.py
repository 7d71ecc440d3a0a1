"""The account, how sources call it, and who works on it."""

from __future__ import annotations

from typing import Any, ClassVar, Self, TypeVar
from uuid import UUID

import pghistory
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now, Upper

from accounts.enums import AccountRole, KeyKind
from core.enums import Role
from core.ids import uuid7
from core.models import Organisation, Team, User

READS_ALL = (Role.LEADER, Role.OPS)
Row = TypeVar("Row", bound=models.Model)


def reads_all(user: User) -> bool:
    """Whether `user` may see every account."""
    return user.is_active and (user.is_superuser or user.role in READS_ALL)


class Works(models.Func):
    """Whether somebody has a role on the account with this id, or was given sight of it for an item of theirs.

    The same as query sets takes three times as long to put into words as PostgreSQL needs to answer, and every page of
    a CSM asks it.
    """

    output_field = models.BooleanField()
    template = (
        "(EXISTS (SELECT FROM accounts_accountperson AS held WHERE held.account_id = %(expressions)s"
        " AND held.user_id = %%s)"
        " OR EXISTS (SELECT FROM accounts_grant AS given WHERE given.account_id = %(expressions)s"
        " AND given.user_id = %%s))"
    )

    def __init__(self, account: str, user_id: UUID) -> None:
        super().__init__(F(account))
        self.user_id = user_id

    def as_sql(self, *args: Any, **kwargs: Any) -> tuple[str, list[Any]]:  # type: ignore[override]
        sql, params = super().as_sql(*args, **kwargs)
        return sql, [*params, self.user_id, self.user_id]


def seen_by(user: User, *, of: str = "") -> Q:
    """The accounts that `user` may see: by role on the account, by team, by an item assigned (TRUST.md, ADR 0020).

    `of` leads from a row to its account, such as "account__".
    """
    if not user.is_active:
        return Q(pk__in=[])
    if reads_all(user):
        return Q(**{f"{of}id__isnull": False})
    of_team = Q(**{f"{of}team": user.team_id}) if user.team_id else Q(pk__in=[])
    if user.role == Role.MANAGER:
        of_no_team = Q(**{f"{of}team": None, f"{of}id__isnull": False})
        return of_team | Q(**{f"{of}team__lead": user}) | (of_no_team & Q(Organisation.caught_by(user)))
    return of_team | Q(Works(f"{of}id", user.pk)) if user.role == Role.CSM else Q(pk__in=[])


class AccountQuerySet(models.QuerySet["Account"]):
    def visible_to(self, user: User) -> AccountQuerySet:
        """Those that `user` may see."""
        return self if reads_all(user) else self.filter(seen_by(user))

    def called(self, external_id: str) -> AccountQuerySet:
        """Accounts that some source calls `external_id`."""
        keys = AccountKey.objects.filter(kind=KeyKind.EXTERNAL_ID, value=external_id)
        return self.filter(id__in=keys.values("account_id"))


class OfAccountQuerySet(models.QuerySet[Row]):
    """Rows with an `account`: whoever may see the account may see them."""

    def visible_to(self, user: User) -> Self:
        if reads_all(user):
            return self
        return self.filter(account__in=Account.objects.visible_to(user).values("id"))


@pghistory.track(pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Account(models.Model):
    """A customer. Its values are a projection of what sources said (`FieldValue`)."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=200)
    domain = models.CharField(max_length=255, blank=True)
    segment = models.SlugField(max_length=40, blank=True)
    tier = models.SlugField(max_length=40, blank=True)
    region = models.SlugField(max_length=40, blank=True)
    stage = models.SlugField(max_length=40, blank=True)
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children")
    team = models.ForeignKey(Team, models.PROTECT, null=True, blank=True, related_name="accounts")
    arr_amount = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)
    arr_currency = models.CharField(max_length=3, blank=True)
    renews_on = models.DateField(null=True, blank=True)
    customer_since = models.DateField(null=True, blank=True)
    fields = models.JSONField(default=dict, blank=True, help_text="Values of fields we have no column for.")
    source_id = models.UUIDField(null=True, editable=False, help_text="The source that made it.")
    archived_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()

    objects: ClassVar[AccountQuerySet] = AccountQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["name", "id"]
        indexes = [
            GinIndex(OpClass(Upper("name"), name="gin_trgm_ops"), name="account_name_search"),
            models.Index(OpClass(Upper("name"), name="text_pattern_ops"), name="account_name_begins"),
            models.Index(fields=["domain"], name="account_by_domain", condition=~Q(domain="")),
            models.Index(
                OpClass("domain", name="text_pattern_ops"), name="account_domain_begins", condition=~Q(domain="")
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(arr_amount=None, arr_currency="") | (Q(arr_amount__gte=0) & ~Q(arr_currency="")),
                name="account_revenue_has_a_currency",
            ),
            models.CheckConstraint(condition=~Q(parent=F("id")), name="account_is_not_its_own_parent"),
        ]

    def __str__(self) -> str:
        return self.name


@pghistory.track(pghistory.UpdateEvent(), pghistory.DeleteEvent())
class AccountKey(models.Model):
    """What a namespace (a source) calls an account: the deterministic match of a record to an account.

    A domain or an id of our own has no namespace.
    """

    id = models.BigAutoField(primary_key=True)
    account = models.ForeignKey(Account, models.PROTECT, related_name="keys")
    namespace_id = models.UUIDField(null=True)
    kind = models.CharField(max_length=12, choices=KeyKind)
    value = models.TextField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["value", "kind", "namespace_id"],
                nulls_distinct=False,
                include=["account"],
                name="one_account_per_key",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.value}"


@pghistory.track(pghistory.UpdateEvent(), pghistory.DeleteEvent())
class AccountPerson(models.Model):
    """Somebody's role on an account. One person a role."""

    id = models.BigAutoField(primary_key=True)
    account = models.ForeignKey(Account, models.PROTECT, related_name="people")
    role = models.CharField(max_length=20, choices=AccountRole)
    user = models.ForeignKey(User, models.PROTECT, related_name="account_roles")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "role"], name="one_person_per_account_role")]

    def __str__(self) -> str:
        return f"{self.role}: {self.user_id}"


class Grant(models.Model):
    """Lets somebody see one account because an item on it is theirs."""

    id = models.BigAutoField(primary_key=True)
    account = models.ForeignKey(Account, models.CASCADE, related_name="grants")
    user = models.ForeignKey(User, models.CASCADE, related_name="grants")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "user"], name="one_grant")]

    def __str__(self) -> str:
        return f"{self.account_id} {self.user_id}"


class StageEntry(models.Model):
    """A period an account spent in a lifecycle stage; the end is exclusive, empty while it lasts."""

    id = models.BigAutoField(primary_key=True)
    account = models.ForeignKey(Account, models.CASCADE, related_name="stages")
    stage = models.SlugField(max_length=40)
    active_from = models.DateTimeField()
    active_to = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[OfAccountQuerySet[StageEntry]] = OfAccountQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["active_from"]
        constraints = [
            models.UniqueConstraint(fields=["account"], condition=Q(active_to=None), name="one_stage_at_a_time")
        ]

    def __str__(self) -> str:
        return self.stage
