"""Who works here: users, teams, absences, calendars, and the one organisation."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import pghistory
from django.contrib.auth.models import AbstractUser, UserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from core.enums import Digest, Role
from core.ids import uuid7


def working_week() -> list[int]:
    return [0, 1, 2, 3, 4]


class BusinessCalendar(models.Model):
    """Working hours of a group of people: local opening times, ISO weekdays (0 = Monday), holidays."""

    name = models.CharField(max_length=80, unique=True)
    timezone = models.CharField(max_length=64, default="UTC", help_text=_("IANA name, such as Europe/Lisbon"))
    opens = models.TimeField(default=time(9))
    closes = models.TimeField(default=time(17))
    weekdays = ArrayField(models.PositiveSmallIntegerField(), default=working_week)
    holidays = ArrayField(models.DateField(), default=list, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(opens__lt=F("closes")), name="calendar_opens_before_it_closes"),
            models.CheckConstraint(condition=Q(weekdays__len__gt=0), name="calendar_has_a_working_day"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.opens:%H:%M} – {self.closes:%H:%M})"


class TeamQuerySet(models.QuerySet["Team"]):
    def visible_to(self, user: User) -> TeamQuerySet:
        """Everyone may know which teams exist."""
        return self if user.is_active else self.none()


class Team(models.Model):
    """A group of people who share accounts and a pool of unowned items."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=80, unique=True)
    lead = models.ForeignKey("core.User", models.PROTECT, null=True, blank=True, related_name="leads")
    is_active = models.BooleanField(default=True)

    objects = TeamQuerySet.as_manager()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class UserQuerySet(models.QuerySet["User"]):
    def available_at(self, now: datetime) -> UserQuerySet:
        """Active people who are not away at `now`."""
        away = Absence.objects.filter(user=models.OuterRef("pk"), active_from__lte=now, active_to__gt=now)
        return self.filter(is_active=True).exclude(models.Exists(away))

    def visible_to(self, user: User) -> UserQuerySet:
        """Colleagues can be named by any signed-in person."""
        return self if user.is_active else self.none()


class PeopleManager(UserManager["User"].from_queryset(UserQuerySet)):  # type: ignore[misc]
    """Django's user manager with our query set. Whoever sets the installation up is operations until they say else."""

    def create_superuser(self, *args: Any, **fields: Any) -> Any:
        return super().create_superuser(*args, **{"role": Role.OPS} | fields)


@pghistory.track(pghistory.UpdateEvent(), pghistory.DeleteEvent(), exclude=["password", "last_login"])
class User(AbstractUser):
    """Somebody who logs in. A leaver is deactivated, never deleted."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    email = models.EmailField(_("email address"), unique=True)
    role = models.CharField(max_length=16, choices=Role, default=Role.CSM)
    title = models.CharField(max_length=80, blank=True)
    team = models.ForeignKey(Team, models.PROTECT, null=True, blank=True, related_name="members")
    in_pool = models.BooleanField(default=False, help_text=_("Takes items that belong to nobody in the team."))
    timezone = models.CharField(max_length=64, default="UTC")
    calendar = models.ForeignKey(BusinessCalendar, models.PROTECT, null=True, blank=True)
    daily_cap = models.PositiveSmallIntegerField(
        default=5, help_text=_("New urgent items per day; the rest wait, in order.")
    )
    theme = models.CharField(max_length=8, default="auto")
    single_keys = models.BooleanField(default=True, help_text=_("Single-key shortcuts."))
    digest = models.CharField(max_length=8, choices=Digest, default=Digest.OFF, db_default="", blank=True)

    objects: ClassVar[PeopleManager] = PeopleManager()

    class Meta(AbstractUser.Meta):
        constraints = [models.CheckConstraint(condition=Q(role__in=Role.values), name="user_role_known")]

    def __str__(self) -> str:
        return self.get_full_name() or self.username


class Absence(models.Model):
    """A period in which somebody takes no new work; the end is exclusive."""

    user = models.ForeignKey(User, models.CASCADE, related_name="absences")
    active_from = models.DateTimeField()
    active_to = models.DateTimeField()
    note = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(active_from__lt=F("active_to")), name="absence_ends_after_it_begins")
        ]

    def __str__(self) -> str:
        return f"{self.user} {self.active_from:%Y-%m-%d}"

    @property
    def first_day(self) -> date:
        """As whoever is away counts days, wherever it is read."""
        return self.active_from.astimezone(ZoneInfo(self.user.timezone)).date()

    @property
    def last_day(self) -> date:
        """The end itself is the first moment of being back."""
        return (self.active_to - timedelta(microseconds=1)).astimezone(ZoneInfo(self.user.timezone)).date()


class Organisation(models.Model):
    """The one company this installation serves (docs/adr/0002)."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    name = models.CharField(max_length=120)
    reporting_currency = models.CharField(max_length=3, default="USD")
    timezone = models.CharField(max_length=64, default="UTC")
    catch_all = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, help_text=_("Takes what nobody else can take.")
    )
    calendar = models.ForeignKey(BusinessCalendar, models.PROTECT, null=True, blank=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="one_organisation")]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def caught_by(cls, who: User | models.OuterRef) -> models.Exists:
        """Whether somebody is the catch-all: what has no team is theirs to give away."""
        return models.Exists(cls.objects.filter(catch_all=who))
