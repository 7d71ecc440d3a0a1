"""Shapes of the outcomes API."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from decisions.enums import OutcomeKind
from outcomes.models import Outcome


class OutcomeOut(serializers.ModelSerializer[Outcome]):
    """How a task ended, as it was reported. `decision` is also the id of the insight."""

    task = serializers.UUIDField(source="task_id", read_only=True)
    account = serializers.UUIDField(source="account_id", read_only=True)
    type = serializers.CharField(source="type_id", read_only=True, allow_null=True)
    decision = serializers.UUIDField(source="decision_id", read_only=True, allow_null=True)
    by = serializers.CharField(source="by.username", default=None, read_only=True, allow_null=True)

    class Meta:
        model = Outcome
        fields = (
            "id", "task", "account", "type", "decision", "kind", "reason", "certainty", "by", "happened_at",
            "recorded_at",
        )  # fmt: skip
        read_only_fields = fields


class OutcomeQuery(serializers.Serializer[Any]):
    """Filters of the list."""

    account = serializers.UUIDField(required=False)
    type = serializers.SlugField(required=False, help_text="Of this insight type.")
    kind = serializers.ChoiceField(required=False, choices=OutcomeKind.choices)
    since = serializers.DateTimeField(required=False, help_text="Happened at this time or later.")
