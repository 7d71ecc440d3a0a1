"""Who decides, and how far alone: the ownership matrix and the authority bands, versioned and effective-dated.

A policy is edited as a draft and published whole. Published versions are immutable, follow one another without
gap or overlap, and the first begins at minus infinity (`active_from` empty); all of that is held by the database
(migration 0002).
"""

from __future__ import annotations

import pghistory
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.enums import AccountRole
from core.models import User
from decisions.enums import OutcomeKind, PolicyState, Response, SwitchScope
from insights.models import InsightType


class PolicyVersion(models.Model):
    """A version of a policy: a draft, or published for the period [active_from, active_to)."""

    version = models.PositiveIntegerField(primary_key=True)
    state = models.CharField(max_length=10, choices=PolicyState, default=PolicyState.DRAFT)
    active_from = models.DateTimeField(null=True, blank=True, editable=False)
    active_to = models.DateTimeField(null=True, blank=True, editable=False)
    why = models.TextField(blank=True, help_text="What changed, and why.")
    published_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, editable=False, related_name="+")
    based_on = models.PositiveIntegerField(
        null=True, blank=True, editable=False, help_text="The version that was in force when the draft was made."
    )
    edits = models.PositiveIntegerField(
        default=0, db_default=0, editable=False, help_text="Changes of the draft so far: what a writer must have seen."
    )

    class Meta:
        abstract = True
        ordering = ["-version"]

    def __str__(self) -> str:
        return f"version {self.version}"


@pghistory.track(pghistory.UpdateEvent(), pghistory.DeleteEvent())
class OwnershipPolicy(PolicyVersion):
    """A version of the ownership matrix."""

    class Meta(PolicyVersion.Meta):
        verbose_name = "ownership matrix"
        verbose_name_plural = "ownership matrices"


@pghistory.track(pghistory.UpdateEvent(), pghistory.DeleteEvent())
class OwnershipCell(models.Model):
    """Insight type × segment → role. An empty part means "all"."""

    id = models.BigAutoField(primary_key=True)
    policy = models.ForeignKey(OwnershipPolicy, models.CASCADE, related_name="cells")
    type = models.ForeignKey(InsightType, models.PROTECT, null=True, blank=True, related_name="+")
    tier = models.SlugField(max_length=40, blank=True)
    region = models.SlugField(max_length=40, blank=True)
    stage = models.SlugField(max_length=40, blank=True)
    segment = models.CharField(max_length=48, blank=True, help_text="What a source calls it, or saved:<its slug>.")
    role = models.CharField(max_length=20, choices=AccountRole)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["policy", "type", "tier", "region", "stage", "segment"],
                nulls_distinct=False,
                name="one_role_per_cell",
            ),
            models.CheckConstraint(condition=Q(role__in=AccountRole.values), name="cell_role_known"),
        ]

    def __str__(self) -> str:
        return f"{self.type_id or 'all'} × {self.tier or 'all'} → {self.role}"


@pghistory.track(pghistory.UpdateEvent(), pghistory.DeleteEvent())
class AuthorityPolicy(PolicyVersion):
    """A version of the authority bands, with the numbers that keep them calm."""

    margin = models.DecimalField(max_digits=4, decimal_places=3, default="0.030")
    dwell_hours = models.PositiveSmallIntegerField(default=24)
    lower_scores = models.PositiveSmallIntegerField(default=2, help_text="Lower scores in a row before a band is left.")
    calibrated_sources = models.JSONField(
        default=list,
        blank=True,
        help_text="Slugs of sources of probabilities that these bands were published for.",
    )

    class Meta(PolicyVersion.Meta):
        verbose_name = "authority bands"
        verbose_name_plural = "authority bands"
        constraints = [models.CheckConstraint(condition=Q(margin__range=(0, 1)), name="margin_range")]


@pghistory.track(pghistory.UpdateEvent(), pghistory.DeleteEvent())
class AuthorityBand(models.Model):
    """Confidence from `lower` up to the next band's lower bound asks for `response`. Half-open: [lower, next).

    Only lower bounds are stored and the first is 0, so that no gap and no overlap can exist. A set of bands is
    those of one (type, tier); an empty part means "all", and the narrowest set that fits an insight applies:
    type and tier, type, tier, neither.
    """

    id = models.BigAutoField(primary_key=True)
    policy = models.ForeignKey(AuthorityPolicy, models.CASCADE, related_name="bands")
    type = models.ForeignKey(InsightType, models.PROTECT, null=True, blank=True, related_name="+")
    tier = models.SlugField(max_length=40, blank=True)
    lower = models.DecimalField(max_digits=5, decimal_places=4)
    response = models.CharField(max_length=10, choices=Response)
    playbook = models.SlugField(max_length=60, blank=True, help_text="Slug of the playbook that a run starts.")

    class Meta:
        ordering = ["policy", "type", "tier", "-lower"]
        constraints = [
            models.UniqueConstraint(
                fields=["policy", "type", "tier", "lower"],
                nulls_distinct=False,
                name="one_band_per_lower_bound",
            ),
            models.CheckConstraint(condition=Q(lower__gte=0, lower__lt=1), name="band_lower_range"),
            models.CheckConstraint(condition=Q(response__in=Response.values), name="band_response_known"),
        ]

    def __str__(self) -> str:
        return f"[{self.lower} → {self.response}"


@pghistory.track(pghistory.UpdateEvent(), pghistory.DeleteEvent())
class CoolDown(models.Model):
    """How long after a close with this outcome the same (account, type) stays quiet. No days: until reactivated."""

    type = models.ForeignKey(InsightType, models.PROTECT, null=True, blank=True, related_name="+")
    outcome = models.CharField(max_length=20, choices=OutcomeKind)
    days = models.PositiveSmallIntegerField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["type", "outcome"], nulls_distinct=False, name="one_cool_down_per_type_outcome"
            )
        ]

    def __str__(self) -> str:
        return f"{OutcomeKind(self.outcome).label}, {self.type.name if self.type else _('All types')}"


@pghistory.track(pghistory.UpdateEvent(), pghistory.DeleteEvent())
class KillSwitch(models.Model):
    """Stops automation at once. Rows are read `FOR SHARE` in the transaction that would act."""

    scope = models.CharField(max_length=8, choices=SwitchScope)
    value = models.CharField(max_length=60, blank=True, help_text="Slug of the type, playbook or source.")
    is_off = models.BooleanField(default=False, help_text="On: nothing automated happens in this scope.")
    why = models.TextField(blank=True)

    class Meta:
        verbose_name_plural = "kill switches"
        constraints = [models.UniqueConstraint(fields=["scope", "value"], name="one_switch_per_scope")]

    def __str__(self) -> str:
        return f"{self.scope} {self.value}"
