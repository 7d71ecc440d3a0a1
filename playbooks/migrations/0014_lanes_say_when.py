"""What is begun and goes on another day stands in Later; an index for what the tick raises from there."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

GOES_ON_LATER = """
UPDATE playbooks_task SET lane = 'later'
WHERE lane IN ('now', 'today') AND status IN ('open', 'claimed') AND due_at > now() + interval '1 day'
    AND NOT (urgent AND touched_at IS NULL)
"""


class Migration(migrations.Migration):
    atomic = False
    dependencies = (("playbooks", "0013_watch_by_its_pair"),)
    operations = (
        migrations.RunSQL(GOES_ON_LATER, migrations.RunSQL.noop),
        AddIndexConcurrently(
            "task",
            models.Index(
                fields=["due_at"],
                condition=models.Q(("lane__in", ("today", "later")), ("status__in", ("open", "claimed"))),
                name="task_rises",
            ),
        ),
    )
