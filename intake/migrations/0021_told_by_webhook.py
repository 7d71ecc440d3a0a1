"""What a source that goes out is called: told by webhook."""

from __future__ import annotations

from django.db import migrations, models

MODES = [("consolidate", "Copied in"), ("propagate", "Told by webhook"), ("federate", "Looked up live")]


class Migration(migrations.Migration):
    dependencies = [("intake", "0020_resumed_runs")]

    operations = [
        migrations.AlterField(
            model_name=model,
            name="mode",
            field=models.CharField(choices=MODES, default="consolidate", max_length=12),
        )
        for model in ("source", "sourceevent")
    ]
