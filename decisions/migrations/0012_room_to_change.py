"""Room on each page for the next version of a row: no index of these tables then needs a new entry for it."""

from django.db import migrations


class Migration(migrations.Migration):
    """`ALTER TABLE ... SET` waits for no reader and no writer; pages that are there fill up as before."""

    dependencies = (("decisions", "0011_decisions_by_day"),)
    operations = (
        migrations.RunSQL(
            "ALTER TABLE decisions_stream SET (fillfactor = 60); ALTER TABLE decisions_item SET (fillfactor = 70)",
            "ALTER TABLE decisions_stream RESET (fillfactor); ALTER TABLE decisions_item RESET (fillfactor)",
        ),
    )
