"""The lines of one file by their content: how two equal orders of one file are told apart (services.orders)."""

from django.db import migrations

ADD = """CREATE INDEX record_orders_of_a_file ON intake_record (import_id, external_id)
WHERE kind = 'orders' AND import_id IS NOT NULL"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_append_only"), ("intake", "0002_partitions")]
    operations = [migrations.RunSQL(ADD, "DROP INDEX record_orders_of_a_file")]
