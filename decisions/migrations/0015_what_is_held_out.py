"""Which insights are held out just now: a view that every room asks by, since only this one knows hold-outs.

An insight that is not decided yet counts as held out while a hold-out of its type runs: it may come to be.
A place in a hold-out stays with an account that was merged into one with a place of its own, while decisions move on.
"""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

VIEW = """
CREATE VIEW insights_held_out AS
SELECT d.insight_id FROM decisions_decision AS d
WHERE d.suppressed_by = 'hold_out' AND (EXISTS (
    SELECT FROM decisions_allocation AS a
    WHERE a.account_id = d.account_id AND a.type_id = d.type_id AND a.held AND a.released_at IS NULL) OR EXISTS (
    SELECT FROM accounts_merge AS m JOIN decisions_allocation AS a ON a.account_id = m.merged_id
    WHERE m.survivor_id = d.account_id AND m.undone_at IS NULL
      AND a.type_id = d.type_id AND a.held AND a.released_at IS NULL))
UNION ALL
SELECT i.id FROM insights_insight AS i
WHERE EXISTS (SELECT FROM decisions_holdout AS h WHERE h.type_id = i.type_id AND h.ended_at IS NULL)
  AND NOT EXISTS (SELECT FROM decisions_decision AS d WHERE d.insight_id = i.id)
"""


class Migration(migrations.Migration):
    atomic = False
    dependencies = [
        ("decisions", "0014_hold_outs"),
    ]
    operations = [
        AddIndexConcurrently(
            "decision",
            models.Index(fields=["insight"], condition=models.Q(suppressed_by="hold_out"), name="decision_held_out"),
        ),
        migrations.RunSQL(VIEW, "DROP VIEW insights_held_out"),
    ]
