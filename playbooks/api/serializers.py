"""Shapes of the decisions, tasks and runs API: what is read, and what the query may say."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from decisions.enums import OutcomeKind, Response
from decisions.models import Decision
from playbooks.enums import RunStatus, TaskStatus
from playbooks.models import Run, Task


class PersonOut(serializers.Serializer[Any]):
    username = serializers.CharField()


class BandOut(serializers.Serializer[Any]):
    """The band that the confidence falls in: from its lower bound up to, not with, its upper one (1: with it)."""

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """`from` cannot be an attribute."""
        return {
            "from": serializers.DecimalField(source="band_lower", max_digits=5, decimal_places=4),
            "to": serializers.DecimalField(source="band_upper", max_digits=5, decimal_places=4),
            "response": serializers.ChoiceField(source="band_response", choices=Response.choices),
        }


class DecisionOut(serializers.ModelSerializer[Decision]):
    """The verdict about one insight. Its id is the insight's."""

    id = serializers.UUIDField(source="insight_id", read_only=True)
    insight = serializers.UUIDField(source="insight_id", read_only=True)
    account = serializers.UUIDField(source="account_id", read_only=True)
    type = serializers.CharField(source="type_id", read_only=True)
    confidence = serializers.SerializerMethodField()
    band = BandOut(source="*", read_only=True)
    owner = PersonOut(read_only=True, allow_null=True)
    owner_path = serializers.ListField(child=serializers.CharField(), read_only=True)
    suppressed_by = serializers.SerializerMethodField()
    reasons = serializers.ListField(child=serializers.CharField(), read_only=True)
    task = serializers.UUIDField(source="task_id", read_only=True, allow_null=True)
    run = serializers.UUIDField(source="run_id", read_only=True, allow_null=True)

    class Meta:
        model = Decision
        fields = (
            "id", "insight", "account", "type", "response", "confidence", "band", "authority_version",
            "ownership_version", "owner", "owner_path", "suppressed_by", "reasons", "task", "run", "decided_at",
        )  # fmt: skip
        read_only_fields = fields

    def get_confidence(self, row: Decision) -> str:
        return format(row.confidence.normalize(), "f")

    def get_suppressed_by(self, row: Decision) -> str | None:
        return row.suppressed_by or None


class DecisionQuery(serializers.Serializer[Any]):
    """Filters of the list. `band` is what the confidence asks for, `response` what was decided."""

    insight = serializers.UUIDField(required=False)
    insight_external_id = serializers.CharField(required=False, max_length=200)
    account = serializers.UUIDField(required=False)
    band = serializers.ChoiceField(required=False, choices=Response.choices)
    response = serializers.ChoiceField(required=False, choices=Response.choices)
    since = serializers.DateTimeField(required=False, help_text="Decided at this time or later.")


class TaskOut(serializers.ModelSerializer[Task]):
    """A task as it stands. `decision` and `insight` are the same id: a decision is its insight's.

    Either `account` or `source` is null; the list holds tasks about sources only where it is asked for them.
    """

    account = serializers.UUIDField(source="account_id", read_only=True, allow_null=True)
    source = serializers.SerializerMethodField()  # type: ignore[assignment]
    assignee = PersonOut(read_only=True, allow_null=True)
    decision = serializers.UUIDField(source="decision_id", read_only=True, allow_null=True)
    insight = serializers.UUIDField(source="decision_id", read_only=True, allow_null=True)
    outcome = serializers.SerializerMethodField()

    class Meta:
        model = Task
        fields = (
            "id", "account", "source", "title", "text", "status", "lane", "assignee", "priority", "due_at",
            "snoozed_until",
            "decision", "insight", "evidence_count", "outcome", "opened_at", "closed_at", "version",
        )  # fmt: skip
        read_only_fields = fields

    def get_outcome(self, row: Task) -> str | None:
        return row.outcome or None

    def get_source(self, row: Task) -> str | None:
        """Slug of the source that it is about."""
        return row.source.slug if row.source else None


class TaskQuery(serializers.Serializer[Any]):
    """Filters of the list."""

    assignee = serializers.CharField(required=False, max_length=150, help_text="User name.")
    status = serializers.ChoiceField(required=False, choices=TaskStatus.choices)
    account = serializers.UUIDField(required=False)
    source = serializers.SlugField(  # type: ignore[assignment]
        required=False, help_text="Slug of a source: the tasks about its feed instead of those on accounts."
    )


class TaskIn(serializers.Serializer[Any]):
    """A task made by hand."""

    account = serializers.UUIDField(help_text="Id of the account.")
    title = serializers.CharField(max_length=200)
    text = serializers.CharField(required=False, allow_blank=True, default="", max_length=20_000)
    assignee = serializers.CharField(max_length=150, help_text="User name of who is to do it.")
    due_at = serializers.DateTimeField(help_text="In the future.")


class CloseIn(serializers.Serializer[Any]):
    """How the task ended. "other" needs a note; "insight_wrong" a reason."""

    outcome = serializers.ChoiceField(choices=OutcomeKind.choices)
    reason = serializers.CharField(required=False, allow_blank=True, default="", max_length=60)
    note = serializers.CharField(required=False, allow_blank=True, default="", max_length=20_000)


class SnoozeIn(serializers.Serializer[Any]):
    """Until when; past the end of the task's window, or its account's notice date or end of term, with a reason."""

    until = serializers.DateTimeField()
    reason = serializers.CharField(required=False, allow_blank=True, default="", max_length=200)


class AssignIn(serializers.Serializer[Any]):
    """Who takes it over."""

    to = serializers.CharField(max_length=150, help_text="User name.")
    note = serializers.CharField(required=False, allow_blank=True, default="", max_length=20_000)


class RunOut(serializers.ModelSerializer[Run]):
    """A playbook at work on an item."""

    playbook = serializers.CharField(source="version.playbook_id", read_only=True)
    version = serializers.IntegerField(source="version.number", read_only=True)
    account = serializers.UUIDField(source="account_id", read_only=True)
    insight = serializers.UUIDField(source="insight_id", read_only=True)
    owner = PersonOut(read_only=True, allow_null=True)

    class Meta:
        model = Run
        fields = (
            "id", "playbook", "version", "account", "insight", "owner", "status", "automated", "started_at",
            "ended_at", "ended_why",
        )  # fmt: skip
        read_only_fields = fields


class RunQuery(serializers.Serializer[Any]):
    """Filters of the list."""

    account = serializers.UUIDField(required=False)
    playbook = serializers.SlugField(required=False)
    status = serializers.ChoiceField(required=False, choices=RunStatus.choices)
