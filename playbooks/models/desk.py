"""How people work at the queue: who has which task before them, and the views they have saved."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from core.ids import uuid7
from core.models import Team, User
from playbooks.models.task import Task


class Presence(models.Model):
    """Somebody has a task open on their screen; told again every few seconds, so an old row means nothing."""

    pk = models.CompositePrimaryKey("task_id", "user_id")
    task = models.ForeignKey(Task, models.CASCADE, related_name="watchers")
    user = models.ForeignKey(User, models.CASCADE, related_name="+", db_index=False)
    seen_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.user_id} at {self.task_id}"


class SavedViewQuerySet(models.QuerySet["SavedView"]):
    def visible_to(self, user: User) -> SavedViewQuerySet:
        """One's own, and those of one's team."""
        return self.filter(Q(owner=user) | Q(team=user.team_id, team__isnull=False))


class SavedView(models.Model):
    """A query string of the queue with a name, for its owner or for their whole team."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    owner = models.ForeignKey(User, models.CASCADE, related_name="saved_views", db_index=False)
    team = models.ForeignKey(Team, models.CASCADE, null=True, related_name="saved_views")
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=400)

    objects: ClassVar[SavedViewQuerySet] = SavedViewQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["owner", "name"], name="one_saved_view_per_name")]

    def __str__(self) -> str:
        return self.name
