"""What waits for a stage has one index instead of two."""

from django.db import migrations
from core.pending_key import key_by_batch


class Migration(migrations.Migration):
    dependencies = [("insights", "0003_lighter_writes")]

    operations = [
        key_by_batch("believed", "insights_believed", "insights_believed_batch_id_561d9e81"),
        key_by_batch("withdrawn", "insights_withdrawn", "insights_withdrawn_batch_id_7e105932"),
    ]
