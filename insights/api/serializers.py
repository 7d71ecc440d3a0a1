"""Shapes of the insights API: what is read, and what the query may say."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from insights.models import Insight


class RetractionOut(serializers.Serializer[Any]):
    why = serializers.CharField()
    retracted_at = serializers.DateTimeField()


class InsightOut(serializers.ModelSerializer[Insight]):
    """An insight as it is believed. Numbers in [0, 1] are decimal strings, unrounded."""

    type = serializers.CharField(source="type_id", read_only=True)
    account = serializers.UUIDField(source="account_id", read_only=True)
    source = serializers.SlugRelatedField[Any](slug_field="slug", read_only=True)  # type: ignore[assignment]
    confidence = serializers.SerializerMethodField()
    probability = serializers.SerializerMethodField()
    factors = serializers.ListField(child=serializers.DictField(), read_only=True)
    talking_points = serializers.ListField(child=serializers.CharField(), read_only=True)
    contact = serializers.DictField(source="contact_ref", read_only=True, allow_null=True)
    retraction = RetractionOut(read_only=True, allow_null=True)

    class Meta:
        model = Insight
        fields = (
            "id", "external_id", "type", "account", "source", "confidence", "probability", "horizon_days", "model",
            "model_version", "scored_at", "reason", "factors", "talking_points", "contact", "accepted_at",
            "retraction",
        )  # fmt: skip
        read_only_fields = fields

    def get_confidence(self, row: Insight) -> str:
        return format(row.confidence.normalize(), "f")

    def get_probability(self, row: Insight) -> str | None:
        return None if row.probability is None else format(row.probability.normalize(), "f")


class InsightQuery(serializers.Serializer[Any]):
    """Filters of the list."""

    account = serializers.UUIDField(required=False, help_text="Insights about this account.")
    type = serializers.SlugField(required=False, help_text="Of this insight type.")
    source = serializers.SlugField(required=False, help_text="From the source with this slug.")  # type: ignore[assignment]
    external_id = serializers.CharField(required=False, max_length=200)
    since = serializers.DateTimeField(required=False, help_text="Accepted at this time or later.")


class Why(serializers.Serializer[Any]):
    why = serializers.CharField(max_length=2000, help_text="Why it is taken back.")
