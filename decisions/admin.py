"""The back office of policies: drafts are edited and published; what is published is read-only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import F, QuerySet
from django.forms import BaseInlineFormSet, ModelForm, ValidationError
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from core.bulk import database_now
from core.models import User
from decisions.enums import PolicyState, SwitchScope
from decisions.models import (
    AuthorityBand,
    AuthorityPolicy,
    Decision,
    KillSwitch,
    OwnershipCell,
    OwnershipPolicy,
)
from decisions.models.policy import PolicyVersion
from decisions.services import PolicyRefused, draft_authority, draft_ownership, publish_policy, throw_switch


def is_published(policy: PolicyVersion | None) -> bool:
    return policy is not None and policy.state == PolicyState.PUBLISHED


class ReadOnlyWhenPublished:
    """An inline of a version that can no longer be changed."""

    def has_change_permission(self, request: HttpRequest, obj: PolicyVersion | None = None) -> bool:
        return not is_published(obj)

    has_add_permission = has_delete_permission = has_change_permission


class BandSet(BaseInlineFormSet[AuthorityBand, AuthorityPolicy, ModelForm[AuthorityBand]]):
    """Refuses a set of bands with a hole before the database has to."""

    def clean(self) -> None:
        super().clean()
        rows = [form.cleaned_data for form in self.forms if form.cleaned_data and not form.cleaned_data.get("DELETE")]
        sets = {(row.get("type"), row.get("tier", "")) for row in rows}
        if (None, "") not in sets:
            raise ValidationError(_("Keep a set of bands for all types and tiers, so that no insight falls through."))
        for type, tier in sets:
            lowers = [row["lower"] for row in rows if (row.get("type"), row.get("tier", "")) == (type, tier)]
            if 0 not in lowers:
                raise ValidationError(
                    _("The bands for %(type)s, %(tier)s leave a hole: the lowest must begin at 0."),
                    params={"type": type or _("all types"), "tier": tier or _("all tiers")},
                )


class CellSet(BaseInlineFormSet[OwnershipCell, OwnershipPolicy, ModelForm[OwnershipCell]]):
    """Refuses a matrix without the cell that catches everything."""

    def clean(self) -> None:
        super().clean()
        rows = [form.cleaned_data for form in self.forms if form.cleaned_data and not form.cleaned_data.get("DELETE")]
        parts = ("type", "tier", "region", "stage", "segment")
        if not any(all(not row.get(part) for part in parts) for row in rows):
            raise ValidationError(_("Keep a cell for all types and segments, so that no insight falls through."))


class BandInline(ReadOnlyWhenPublished, admin.TabularInline[AuthorityBand, AuthorityPolicy]):
    model = AuthorityBand
    formset = BandSet
    extra = 0


class CellInline(ReadOnlyWhenPublished, admin.TabularInline[OwnershipCell, OwnershipPolicy]):
    model = OwnershipCell
    formset = CellSet
    extra = 0


class PolicyAdmin(admin.ModelAdmin[Any]):
    """Versions of a policy. A new one is drafted from the one in force; publishing is an action."""

    list_display = ["version", "state", "active_from", "active_to", "why", "published_by"]
    readonly_fields = ["version", "state", "active_from", "active_to", "published_by"]
    actions = ["publish", "draft_from_current"]
    change_list_template = "admin/decisions/policy_change_list.html"
    screen = ""

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The list of versions, with a way to the screen where they are made."""
        return super().changelist_view(request, {**(extra_context or {}), "screen_url": reverse(self.screen)})

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Count the change, so that nobody publishes on the screen what they have not seen."""
        super().save_related(request, form, formsets, change)
        self.model.objects.filter(pk=form.instance.pk, state=PolicyState.DRAFT).update(edits=F("edits") + 1)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: PolicyVersion | None = None) -> bool:
        return obj is not None and not is_published(obj)

    def has_change_permission(self, request: HttpRequest, obj: PolicyVersion | None = None) -> bool:
        return super().has_change_permission(request, obj) and not is_published(obj)

    @admin.action(description=_("Publish the selected draft"), permissions=["view"])
    def publish(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        def publish_all(by: User) -> None:
            for policy in queryset:
                publish_policy(policy, by=by, now=database_now())

        self._try(request, publish_all)

    @admin.action(description=_("Make a draft from the version in force"), permissions=["view"])
    def draft_from_current(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        draft = draft_authority if self.model is AuthorityPolicy else draft_ownership
        self._try(request, lambda by: draft(by=by, now=database_now()))

    def _try(self, request: HttpRequest, use_case: Callable[[User], object]) -> None:
        assert isinstance(request.user, User)  # noqa: S101 - narrows the type
        try:
            use_case(request.user)
        except PolicyRefused as refused:
            self.message_user(request, str(refused), messages.ERROR)
        else:
            self.message_user(request, _("Done."), messages.SUCCESS)


@admin.register(AuthorityPolicy)
class AuthorityPolicyAdmin(PolicyAdmin):
    inlines = [BandInline]
    screen = "authority"


@admin.register(OwnershipPolicy)
class OwnershipPolicyAdmin(PolicyAdmin):
    inlines = [CellInline]
    screen = "ownership"


class SwitchForm(ModelForm[KillSwitch]):
    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if values.get("is_off") and not (values.get("why") or "").strip():
            self.add_error("why", _("Say why automation is switched off."))
        return values


@admin.register(KillSwitch)
class KillSwitchAdmin(admin.ModelAdmin[KillSwitch]):
    """Throwing a switch is a use case with its own record; a switch is put back, never deleted."""

    form = SwitchForm
    list_display = ["scope", "value", "is_off", "why"]

    def get_readonly_fields(self, request: HttpRequest, obj: KillSwitch | None = None) -> list[str]:
        return ["scope", "value"] if obj else []

    def has_delete_permission(self, request: HttpRequest, obj: KillSwitch | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: KillSwitch, form: Any, change: bool) -> None:
        assert isinstance(request.user, User)  # noqa: S101 - narrows the type
        try:
            thrown = throw_switch(
                scope=SwitchScope(obj.scope),
                value=obj.value,
                off=obj.is_off,
                by=request.user,
                why=obj.why,
                now=database_now(),
            )
        except PolicyRefused as refused:
            raise PermissionDenied(str(refused)) from None
        obj.pk = thrown.pk


@admin.register(Decision)
class DecisionAdmin(admin.ModelAdmin[Decision]):
    """Read-only: decisions are what happened."""

    list_display = [
        "decided_at",
        "type",
        "account",
        "confidence",
        "band_response",
        "response",
        "suppressed_by",
    ]
    list_filter = ["response", "suppressed_by", "type"]
    list_select_related = ["account", "type"]
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Decision]:
        assert isinstance(request.user, User)  # noqa: S101 - narrows the type
        return Decision.objects.visible_to(request.user)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Decision | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Decision | None = None) -> bool:
        return False
