"""Accounts in the admin: what sources say is read only there; nothing is deleted, accounts are archived."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Account, Contact, Contract, FxRate, LedgerEntry, RedLineFlag
from accounts.services import archive_account
from core.bulk import database_now
from core.models import User


class ReadOnly(admin.ModelAdmin[Any]):
    """Can be looked at, as far as the account may be seen, and nothing else."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = self.model._default_manager.visible_to(request.user)
        return rows

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(Account)
class AccountAdmin(ReadOnly):
    list_display = ("name", "domain", "tier", "segment", "region", "stage", "team", "archived_at")
    list_filter = ("tier", "segment", "region", "stage", "team")
    search_fields = ("name", "domain", "keys__value")
    list_select_related = ("team",)
    show_full_result_count = False
    actions = ("archive",)

    @admin.action(description=gettext_lazy("Archive the chosen accounts"), permissions=["archive"])
    def archive(self, request: HttpRequest, queryset: QuerySet[Account]) -> None:
        assert isinstance(request.user, User)  # noqa: S101 - narrows the type
        now = database_now()
        for account in queryset:
            archive_account(account=account, by=request.user, now=now, why=_("Archived in the admin."))
        self.message_user(request, _("%d archived.") % len(queryset), messages.SUCCESS)

    def has_archive_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("accounts.change_account"))


@admin.register(Contact)
class ContactAdmin(ReadOnly):
    list_display = ("name", "email", "phone", "title", "account", "stakeholder", "left_on")
    list_filter = ("stakeholder", "do_not_contact")
    search_fields = ("name", "email", "external_id")
    list_select_related = ("account",)


@admin.register(Contract)
class ContractAdmin(ReadOnly):
    list_display = ("external_id", "account", "starts_on", "ends_on", "notice_on", "forecast")
    list_filter = ("forecast", "auto_renews")
    search_fields = ("external_id", "account__name")
    list_select_related = ("account",)


@admin.register(LedgerEntry)
class LedgerAdmin(ReadOnly):
    list_display = ("happened_on", "account", "kind", "amount", "currency", "units")
    list_filter = ("kind", "currency")
    search_fields = ("external_id", "account__name")
    list_select_related = ("account",)
    show_full_result_count = False


@admin.register(RedLineFlag)
class RedLineAdmin(ReadOnly):
    list_display = ("account", "kind", "since", "until", "why")
    list_filter = ("kind",)
    list_select_related = ("account",)


@admin.register(FxRate)
class FxRateAdmin(admin.ModelAdmin[FxRate]):
    """Rates are typed in or imported by hand; a rate that was used is not taken away."""

    list_display = ("currency", "on_day", "rate")
    list_filter = ("currency",)

    def has_delete_permission(self, request: HttpRequest, obj: FxRate | None = None) -> bool:
        return False
