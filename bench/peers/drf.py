"""Taking insights as a DRF project does by the book: a ModelSerializer with many=True, and bulk_create.

The serializer checks what our own endpoint checks of an item. It writes the insight's row and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, cast

from django.urls import path
from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import AccountKey
from insights.models import Insight
from intake.api.authentication import TokenAuthentication
from intake.enums import Scope
from intake.models import ApiToken


class AccountField(serializers.Serializer[AccountKey]):
    external_id = serializers.SlugRelatedField(slug_field="value", queryset=AccountKey.objects.all())


class Together(serializers.ListSerializer[Insight]):
    def create(self, validated_data: list[dict[str, Any]]) -> list[Insight]:  # type: ignore[override]
        source = self.context["source"]
        now = timezone.now()
        return Insight.objects.bulk_create(
            Insight(
                **{name: value for name, value in item.items() if name != "account"},
                account_id=item["account"]["external_id"].account_id,
                source=source,
                accepted_at=now,
            )
            for item in validated_data
        )


class InsightSerializer(serializers.ModelSerializer[Insight]):
    account = AccountField()
    confidence = serializers.DecimalField(max_digits=20, decimal_places=19, min_value=0, max_value=1)
    probability = serializers.DecimalField(max_digits=20, decimal_places=19, min_value=0, max_value=1, required=False)

    class Meta:
        model = Insight
        list_serializer_class = Together
        fields: ClassVar[Sequence[str]] = [
            "external_id", "type", "account", "confidence", "probability", "horizon_days", "model", "model_version",
            "scored_at", "reason", "factors", "talking_points",
        ]  # fmt: skip


class InsightsBulk(APIView):
    authentication_classes = [TokenAuthentication]
    write_scope = Scope.INSIGHTS_WRITE

    def post(self, request: Request) -> Response:
        source = cast("ApiToken", request.auth).source
        found = InsightSerializer(data=request.data, many=True, context={"source": source})
        found.is_valid(raise_exception=True)
        return Response([{"id": insight.id, "status": "accepted"} for insight in cast("list[Insight]", found.save())])


urlpatterns = [path("insights/bulk", InsightsBulk.as_view())]
