"""What waits for a stage has one index instead of two."""

from django.db import migrations
from core.pending_key import key_by_batch


class Migration(migrations.Migration):
    dependencies = [("accounts", "0012_identity")]

    operations = [
        key_by_batch("resolved", "accounts_resolved", "accounts_resolved_batch_id_15a191a1"),
    ]
