"""What a decision was given is kept as it was written; what waits for a stage has one index."""

from django.db import migrations

from core.bulk import KeptJSONField
from core.pending_key import key_by_batch


class Migration(migrations.Migration):
    dependencies = [("decisions", "0009_cells_name_saved_segments")]

    operations = [
        key_by_batch("decided", "decisions_decided", "decisions_decided_batch_id_99dd16a8"),
        migrations.AlterField("decision", "inputs", KeptJSONField()),
        migrations.AlterField("decision", "owner_path", KeptJSONField()),
        migrations.AlterField("decision", "reasons", KeptJSONField()),
    ]
