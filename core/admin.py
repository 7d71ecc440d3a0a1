"""The back office of people: users, absences, the organisation; alerts and acts to be read."""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AdminSplitDateTime
from django.contrib.auth.admin import UserAdmin as StockUserAdmin
from django.contrib.auth.forms import UserChangeForm, UserCreationForm
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from core.bulk import database_now
from core.enums import Role
from core.models import Absence, Act, Alert, Mail, Organisation, User


class ReadOnly(admin.ModelAdmin[Any]):
    """Can be looked at, and nothing else."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class NeverDeleted(admin.ModelAdmin[Any]):
    """Rows that others refer to: switched off, never deleted."""

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class InZone(forms.ModelForm[Any]):
    """A form whose `timezone` must be one that this machine knows."""

    def clean_timezone(self) -> str:
        name: str = self.cleaned_data["timezone"]
        if name not in available_timezones():
            raise forms.ValidationError(_("There is no time zone of this name: write it like Europe/Lisbon."))
        return name


class NewUser(UserCreationForm[User]):
    """Somebody new: a name, an address, a role."""

    class Meta:
        model = User
        fields = ("username", "email", "first_name", "last_name", "role", "team")


@admin.register(User)
class UserAdmin(StockUserAdmin):  # type: ignore[type-arg]
    """People. Nobody is deleted; who leaves is deactivated by an action that looks at their open work first."""

    form = type("UserForm", (InZone, UserChangeForm), {})
    add_form = NewUser
    list_display = ("username", "email", "role", "team", "is_active", "in_pool", "daily_cap", "last_login")
    list_filter = ("role", "team", "is_active", "in_pool")
    list_select_related = ("team",)
    fieldsets = (
        (None, {"fields": ("username", "password", "email", "first_name", "last_name", "title")}),
        (_("Work"), {"fields": ("role", "team", "in_pool", "daily_cap", "timezone", "calendar")}),
        (_("Access"), {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")}),
        (_("Dates"), {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = ((None, {"fields": (*NewUser.Meta.fields, "password1", "password2")}),)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Only a superuser gives rights away; nobody ends a log-in by a tick."""
        is_working = obj is not None and obj.is_active
        always = ("last_login", "date_joined", *(("is_active",) if is_working else ()))
        given = ("role", "password", "is_staff", "is_superuser", "groups", "user_permissions")
        rights = () if request.user.is_superuser else given
        return (*always, *rights)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only a superuser changes a superuser, a leader, or somebody with the rights of their own role."""
        above = obj is not None and (obj.is_superuser or obj.role != Role.CSM) and not request.user.is_superuser
        return not above and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> Any:
        """A password is a way to be somebody: only a superuser sets another's."""
        if not request.user.is_superuser:
            raise PermissionDenied
        return super().user_change_password(request, id, form_url)


@admin.register(Absence)
class AbsenceAdmin(admin.ModelAdmin[Absence]):
    list_display = ("user", "active_from", "active_to", "note")
    list_filter = ("user__team",)
    list_select_related = ("user",)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """The two halves of a moment each say what they are: the label names only the first."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field and isinstance(field.widget, AdminSplitDateTime):
            for half, word in zip(field.widget.widgets, (_("day"), _("time")), strict=True):
                half.attrs["aria-label"] = f"{db_field.verbose_name}: {word}"
        return field


@admin.register(Organisation)
class OrganisationAdmin(NeverDeleted):
    form = type("OrganisationForm", (InZone,), {})
    fields = ("name", "reporting_currency", "timezone", "calendar", "catch_all")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and not Organisation.objects.exists()


@admin.register(Alert)
class AlertAdmin(ReadOnly):
    list_display = ("on_day", "team", "kind", "text", "count", "seen_at")
    list_filter = ("kind", "team")
    list_select_related = ("team",)
    actions = ("mark_seen",)

    @admin.action(description=_("Mark as seen"), permissions=["view"])
    def mark_seen(self, request: HttpRequest, queryset: QuerySet[Alert]) -> None:
        queryset.filter(seen_at=None).update(seen_at=database_now())


@admin.register(Act)
class ActAdmin(ReadOnly):
    list_display = ("at", "verb", "subject_type", "subject_id", "by", "actor", "why")
    list_filter = ("verb", "subject_type")
    list_select_related = ("by",)
    search_fields = ("subject_id", "why")
    show_full_result_count = False


@admin.register(Mail)
class MailAdmin(ReadOnly):
    list_display = ("sent_at", "to", "subject")
    search_fields = ("subject",)
    show_full_result_count = False
