"""The back office of what is read over all rooms."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from core.admin import ActAdmin as CoreActAdmin
from core.models import Act, User
from cx_ops.audit import visible_acts

admin.site.unregister(Act)


@admin.register(Act)
class ActAdmin(CoreActAdmin):
    """What was done, as far as the audit trail shows it."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        assert isinstance(request.user, User)  # noqa: S101 - narrows the type
        return visible_acts(request.user)
