"""Room on each page for the next version of a watch: no index then needs a new entry for it."""

from django.db import migrations


class Migration(migrations.Migration):
    """`ALTER TABLE ... SET` waits for no reader and no writer; pages that are there fill up as before."""

    dependencies = (("playbooks", "0011_note_kinds"),)
    operations = (
        migrations.RunSQL(
            "ALTER TABLE playbooks_watch SET (fillfactor = 70)", "ALTER TABLE playbooks_watch RESET (fillfactor)"
        ),
    )
