"""The decisions of an item are found as before; those that led to none, most of them, are in no index of it."""

import django.db.models.deletion
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = (("decisions", "0012_room_to_change"),)
    operations = (
        AddIndexConcurrently(
            "decision",
            models.Index(fields=["item"], condition=models.Q(item__isnull=False), name="decision_of_item"),
        ),
        migrations.AlterField(
            "decision",
            "item",
            models.ForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="decisions",
                to="decisions.item",
            ),
        ),
    )
