"""What counts the decisions of the last 90 days leaves those of the years before alone."""

from django.contrib.postgres.indexes import BrinIndex
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("decisions", "0010_lighter_decisions")]

    operations = [
        AddIndexConcurrently("decision", BrinIndex(fields=["decided_at"], name="decision_by_day", autosummarize=True)),
    ]
