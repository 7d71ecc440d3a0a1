"""The back office of playbooks: drafts are edited and published, what is published is read only."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.models import Account
from core.admin import NeverDeleted, ReadOnly, UserAdmin
from core.bulk import database_now
from core.models import User
from decisions.enums import PolicyState
from playbooks.enums import EffectStatus
from playbooks.models import (
    Effect,
    Playbook,
    PlaybookVersion,
    Run,
    RunStep,
    Step,
    Task,
    Watch,
)
from playbooks.services.outbox import retry_effect
from playbooks.services.runs import PublishRefused, draft_playbook, publish_playbook
from playbooks.services.tasks import WorkLeft, deactivate_user


def person_of(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101 - narrows the type
    return request.user


@admin.register(Playbook)
class PlaybookAdmin(NeverDeleted):
    """A new version is drafted from the newest one, edited under “playbook versions”, and published there."""

    list_display = ("name", "type", "owner", "is_active")
    list_filter = ("type", "is_active")
    list_select_related = ("type", "owner")
    prepopulated_fields = {"slug": ("name",)}
    actions = ("draft",)

    def get_prepopulated_fields(self, request: HttpRequest, obj: Playbook | None = None) -> dict[str, Any]:
        return {} if obj else dict(self.prepopulated_fields)

    def get_readonly_fields(self, request: HttpRequest, obj: Playbook | None = None) -> tuple[str, ...]:
        return ("slug",) if obj else ()

    @admin.action(description=_("Draft a new version"), permissions=["change"])
    def draft(self, request: HttpRequest, queryset: QuerySet[Playbook]) -> None:
        for playbook in queryset:
            version = draft_playbook(playbook=playbook.pk, by=person_of(request), now=database_now())
            text = _("%(name)s: version %(number)d is a draft now; edit its steps, then publish it.")
            self.message_user(request, text % {"name": playbook.name, "number": version.number}, messages.SUCCESS)


class StepInline(admin.TabularInline[Step, PlaybookVersion]):
    model = Step
    extra = 0

    def has_change_permission(self, request: HttpRequest, obj: PlaybookVersion | None = None) -> bool:
        """A draft's steps only; the database refuses the rest as well."""
        return not _is_published(obj) and super().has_change_permission(request, obj)

    def has_add_permission(self, request: HttpRequest, obj: PlaybookVersion | None = None) -> bool:
        return not _is_published(obj) and super().has_add_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: PlaybookVersion | None = None) -> bool:
        return not _is_published(obj) and super().has_delete_permission(request, obj)


def _is_published(version: PlaybookVersion | None) -> bool:
    return version is not None and version.state == PolicyState.PUBLISHED


@admin.register(PlaybookVersion)
class PlaybookVersionAdmin(admin.ModelAdmin[PlaybookVersion]):
    """Versions are made by “draft a new version” of their playbook."""

    list_display = ("playbook", "number", "state", "published_at", "published_by")
    list_filter = ("playbook", "state")
    list_select_related = ("playbook", "published_by")
    readonly_fields = ("playbook", "number", "state", "published_at", "published_by")
    inlines = (StepInline,)
    actions = ("publish",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: PlaybookVersion | None = None) -> bool:
        return False

    @admin.action(description=_("Publish"), permissions=["change"])
    def publish(self, request: HttpRequest, queryset: QuerySet[PlaybookVersion]) -> None:
        for version in queryset:
            try:
                publish_playbook(version_id=version.pk, by=person_of(request), now=database_now())
            except PublishRefused as refusal:
                self.message_user(request, f"{version}: {refusal}", messages.ERROR)
            else:
                self.message_user(request, _("%s is published: new runs use it.") % version, messages.SUCCESS)


class OnVisibleAccounts(ReadOnly):
    """Rows on accounts that the person may see."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.filter(account__in=Account.objects.visible_to(person_of(request)))


@admin.register(Task)
class TaskAdmin(OnVisibleAccounts):
    list_display = ("title", "status", "lane", "assignee", "priority", "due_at", "outcome")
    list_filter = ("status", "lane", "type", "outcome")
    list_select_related = ("assignee",)
    search_fields = ("title", "account__name")
    show_full_result_count = False


class RunStepInline(admin.TabularInline[RunStep, Run]):
    model = RunStep
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Run | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Run | None = None) -> bool:
        return False


@admin.register(Run)
class RunAdmin(OnVisibleAccounts):
    list_display = ("version", "account", "status", "automated", "started_at", "ended_at", "ended_why")
    list_filter = ("status", "automated", "version__playbook")
    list_select_related = ("version", "account")
    inlines = (RunStepInline,)
    show_full_result_count = False


@admin.register(Watch)
class WatchAdmin(OnVisibleAccounts):
    list_display = ("account", "type", "user", "times", "last_at", "confidence", "until")
    list_filter = ("type",)
    list_select_related = ("account", "type", "user")


@admin.register(Effect)
class EffectAdmin(ReadOnly):
    list_display = ("subject", "address", "status", "not_before", "attempts", "sent_at", "last_error")
    list_filter = ("status",)
    actions = ("send_again",)
    show_full_result_count = False

    @admin.action(description=_("Send again what was given up"), permissions=["send"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[Effect]) -> None:
        dead = queryset.filter(status=EffectStatus.DEAD)
        for effect in dead:
            retry_effect(effect_id=effect.pk, now=database_now())
        self.message_user(request, _("%d are in line again.") % len(dead), messages.SUCCESS)

    def has_send_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("playbooks.change_effect"))


admin.site.unregister(User)


@admin.register(User)
class PeopleAdmin(UserAdmin):
    """Users, with the action that ends a log-in once nothing open is theirs."""

    actions = ("deactivate",)

    @admin.action(description=_("Deactivate (after a hand-over)"), permissions=["change"])
    def deactivate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        for user in queryset.filter(is_active=True):
            try:
                deactivate_user(user=user, by=person_of(request), now=database_now())
            except WorkLeft as refusal:
                self.message_user(request, str(refusal), messages.ERROR)
            else:
                self.message_user(request, _("%s is deactivated.") % user, messages.SUCCESS)
