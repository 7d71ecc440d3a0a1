"""What waits for a stage has one index instead of two."""

from django.db import migrations
from core.pending_key import key_by_batch


class Migration(migrations.Migration):
    dependencies = [("intake", "0009_look_ups")]

    operations = [
        key_by_batch("landed", "intake_landed", "intake_landed_batch_id_3d9e6756"),
    ]
