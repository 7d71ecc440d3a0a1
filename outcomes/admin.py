"""Outcomes in the back office: to be read only."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest

from outcomes.models import Outcome


@admin.register(Outcome)
class OutcomeAdmin(admin.ModelAdmin[Outcome]):
    list_display = ("kind", "type", "account", "certainty", "by", "happened_at")
    list_filter = ("kind", "certainty", "type")
    list_select_related = ("type", "account", "by")
    search_fields = ("account__name",)
    date_hierarchy = "happened_at"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Outcome | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Outcome | None = None) -> bool:
        return False
