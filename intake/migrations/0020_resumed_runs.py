"""When the switch of a parallel run was undone: the run goes on, and has begun when it began."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("intake", "0019_internal_is_who_sees_the_account")]

    operations = [
        migrations.AddField("parallelrun", "resumed_at", models.DateTimeField(null=True)),
    ]
