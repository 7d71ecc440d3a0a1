"""The back office of insight types: added, changed and switched off; insights refer to them, so none is deleted."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from core.bulk import database_now
from core.models import User
from insights.models import InsightType
from insights.services import add_type, change_type


@admin.register(InsightType)
class InsightTypeAdmin(admin.ModelAdmin[InsightType]):
    list_display = ("name", "direction", "event", "horizon_days", "max_age_days", "is_active")
    list_filter = ("direction", "is_active")
    search_fields = ("name", "slug")
    fields = (
        "name", "slug", "direction", "event", "base_rate", "acting_share", "horizon_days", "max_age_days",
        "split_by_reason", "is_active",
    )  # fmt: skip

    def get_readonly_fields(self, request: HttpRequest, obj: InsightType | None = None) -> tuple[str, ...]:
        """Sources send the slug: it stays as it is."""
        return ("slug",) if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: InsightType | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: InsightType, form: Any, change: bool) -> None:
        assert isinstance(request.user, User)  # noqa: S101 - narrows the type
        if change:
            change_type(obj, changed=form.changed_data, by=request.user, now=database_now())
        else:
            add_type(obj, by=request.user, now=database_now())
