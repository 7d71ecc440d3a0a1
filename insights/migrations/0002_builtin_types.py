"""The four built-in insight types, with priors that hold until the installation has measured its own."""

from typing import Any

from django.db import migrations

from core.append_only import append_only

TYPES = [
    {
        "slug": "churn_risk", "name": "Churn risk", "direction": "risk", "event": "the customer leaves",
        "base_rate": "0.120", "acting_share": "0.200", "horizon_days": 90, "max_age_days": 30,
    },
    {
        "slug": "expansion_signal", "name": "Expansion signal", "direction": "opportunity",
        "event": "the customer buys more", "base_rate": "0.100", "acting_share": "0.150", "horizon_days": 60,
        "max_age_days": 30,
    },
    {
        "slug": "advocacy_potential", "name": "Advocacy potential", "direction": "opportunity",
        "event": "the customer speaks for us when asked", "base_rate": "0.150", "acting_share": "0.300",
        "horizon_days": 30, "max_age_days": 14,
    },
    {
        "slug": "engagement_opportunity", "name": "Engagement opportunity", "direction": "opportunity",
        "event": "the customer takes up what is offered", "base_rate": "0.250", "acting_share": "0.200",
        "horizon_days": 45, "max_age_days": 14,
    },
]  # fmt: skip


def add_types(apps: Any, schema_editor: Any) -> None:
    model = apps.get_model("insights", "InsightType")
    model.objects.bulk_create(model(**row) for row in TYPES)


def remove_types(apps: Any, schema_editor: Any) -> None:
    apps.get_model("insights", "InsightType").objects.filter(slug__in=[row["slug"] for row in TYPES]).delete()


class Migration(migrations.Migration):
    dependencies = [("insights", "0001_initial")]
    operations = [
        migrations.RunPython(add_types, remove_types),
        *append_only("insights_insight", "insights_retraction"),
    ]
