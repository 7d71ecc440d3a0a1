"""The back office of sources: who sends us records, and who answers for it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from core.admin import NeverDeleted
from intake.models import Source


@admin.register(Source)
class SourceAdmin(NeverDeleted):
    """Systems only: a person becomes a source by what they say."""

    list_display = ("name", "slug", "owner", "backup", "cadence_hours", "score_meaning", "is_active")
    list_filter = ("is_active", "score_meaning")
    list_select_related = ("owner", "backup")
    search_fields = ("name", "slug")
    prepopulated_fields = {"slug": ("name",)}
    fields = (
        "name", "slug", "owner", "backup", "cadence_hours", "runbook", "score_meaning", "account_namespace",
        "is_active",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Source]:
        return super().get_queryset(request).filter(person=None)

    def get_readonly_fields(self, request: HttpRequest, obj: Source | None = None) -> tuple[str, ...]:
        """What others refer to by name stays."""
        return ("slug",) if obj else ()

    def get_prepopulated_fields(self, request: HttpRequest, obj: Source | None = None) -> dict[str, Any]:
        return {} if obj else dict(self.prepopulated_fields)
