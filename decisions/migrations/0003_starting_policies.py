"""The starting ownership matrix, authority bands and cool-downs: in force since ever, until somebody publishes."""

from typing import Any

from django.db import migrations

CELLS = {
    None: "csm",
    "churn_risk": "csm",
    "expansion_signal": "account_executive",
    "engagement_opportunity": "marketer",
    "advocacy_potential": "marketer",
}
PLAYBOOKS = {
    "churn_risk": "churn-rescue",
    "expansion_signal": "expansion-talk",
    "engagement_opportunity": "re-engage",
    "advocacy_potential": "ask-for-advocacy",
}
BANDS = [("0.9000", "human"), ("0.7000", "automated"), ("0.5000", "monitor"), ("0.0000", "record")]
COOL_DOWNS = {
    "insight_wrong": 30, "risk_resolved": 30, "expansion_agreed": 30, "advocacy_given": 30, "no_change": 14,
    "no_response": 7, "lost": None, "other": 7, "duplicate": 7, "completed": 7, "expired": 0, "signal_cleared": 0,
    "retracted": 0, "handed_to_human": 0,
}  # fmt: skip


def add_policies(apps: Any, schema_editor: Any) -> None:
    ownership = apps.get_model("decisions", "OwnershipPolicy").objects.create(version=1, why="Starting matrix.")
    apps.get_model("decisions", "OwnershipCell").objects.bulk_create(
        apps.get_model("decisions", "OwnershipCell")(policy=ownership, type_id=type, role=role)
        for type, role in CELLS.items()
    )
    authority = apps.get_model("decisions", "AuthorityPolicy").objects.create(version=1, why="Starting bands.")
    band = apps.get_model("decisions", "AuthorityBand")
    band.objects.bulk_create(
        band(
            policy=authority, type_id=type, lower=lower, response=response,
            playbook=(PLAYBOOKS.get(type) or "") if response in ("human", "automated") else "",
        )
        for type in (None, *PLAYBOOKS)
        for lower, response in BANDS
    )  # fmt: skip
    for policy in (ownership, authority):
        policy.state = "published"
        policy.save()
    cool_down = apps.get_model("decisions", "CoolDown")
    cool_down.objects.bulk_create(cool_down(outcome=outcome, days=days) for outcome, days in COOL_DOWNS.items())
    switch = apps.get_model("decisions", "KillSwitch")
    switch.objects.create(scope="all")


class Migration(migrations.Migration):
    dependencies = [("decisions", "0002_policies_hold"), ("insights", "0002_builtin_types")]
    operations = [migrations.RunPython(add_policies, migrations.RunPython.noop)]
