"""Insight types in the back office: added, changed, switched off, never deleted; each change is an act."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from core.models import Act
from insights.models import InsightType
from tests.factories import make_user

pytestmark = pytest.mark.django_db
FIELDS = {
    "name": "Late payer", "slug": "late_payer", "direction": "risk", "event": "An invoice stays unpaid.",
    "base_rate": "0.05", "acting_share": "0.3", "horizon_days": "90", "max_age_days": "30", "is_active": "on",
}  # fmt: skip


@pytest.fixture
def client(db: None) -> Client:
    client = Client()
    client.force_login(make_user(role="manager", is_staff=True), backend="django.contrib.auth.backends.ModelBackend")
    return client


def acts() -> list[tuple[str, str, dict[str, Any]]]:
    found: Any = Act.objects.filter(subject_type="insighttype").order_by("at", "id")
    return list(found.values_list("verb", "subject_id", "data"))


def test_a_type_is_added_and_switched_off_with_an_act_each(client: Client) -> None:
    assert client.post(reverse("admin:insights_insighttype_add"), FIELDS).status_code == 302
    change = reverse("admin:insights_insighttype_change", args=["late_payer"])
    assert client.post(change, {key: value for key, value in FIELDS.items() if key != "is_active"}).status_code == 302
    assert not InsightType.objects.get(slug="late_payer").is_active
    assert acts() == [
        ("added", "late_payer", {}),
        ("changed", "late_payer", {"changed": ["is_active"], "is_active": False}),
    ]


def test_a_type_is_never_deleted_and_keeps_its_slug(client: Client) -> None:
    assert client.post(reverse("admin:insights_insighttype_delete", args=["churn_risk"])).status_code == 403
    page = client.get(reverse("admin:insights_insighttype_change", args=["churn_risk"])).content.decode()
    assert 'name="slug"' not in page
