"""The watches of an account are found by the unique index of account and type, which begins with it."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = (("playbooks", "0012_room_to_change"),)
    operations = (
        migrations.AlterField(
            "watch",
            "account",
            models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="watches",
                to="accounts.account",
            ),
        ),
    )
