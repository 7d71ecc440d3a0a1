"""The last touch of an account without reading through its usage: made beside the work that goes on."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("accounts", "0004_segments")]
    operations = [
        AddIndexConcurrently(
            model_name="activity",
            index=models.Index(
                condition=models.Q(("kind__in", ("note", "call", "meeting"))),
                fields=["account", "-happened_at"],
                name="activity_touches",
            ),
        ),
    ]
