"""What a person says no longer matters is an outcome of its own, and like a signal that cleared keeps nothing quiet."""

from typing import Any

from django.db import migrations, models


def add_cool_down(apps: Any, schema_editor: Any) -> None:
    apps.get_model("decisions", "CoolDown").objects.get_or_create(type=None, outcome="not_relevant", defaults={"days": 0})


def remove_cool_down(apps: Any, schema_editor: Any) -> None:
    apps.get_model("decisions", "CoolDown").objects.filter(outcome="not_relevant").delete()


class Migration(migrations.Migration):

    dependencies = [
        ('decisions', '0017_words_of_suppression'),
    ]

    operations = [
        migrations.AlterField(
            model_name='cooldown',
            name='outcome',
            field=models.CharField(choices=[('risk_resolved', 'Risk resolved'), ('expansion_agreed', 'Expansion agreed'), ('advocacy_given', 'Advocacy given'), ('no_change', 'No change'), ('no_response', 'No response'), ('lost', 'Lost'), ('insight_wrong', 'The insight was wrong'), ('duplicate', 'Duplicate'), ('other', 'Other'), ('signal_cleared', 'Signal cleared'), ('not_relevant', 'No longer relevant'), ('retracted', 'Insight taken back'), ('expired', 'Horizon ended'), ('completed', 'Playbook finished'), ('handed_to_human', 'Passed to a person'), ('fixed', 'Fixed'), ('not_a_fault', 'Not a fault')], max_length=20),
        ),
        migrations.AlterField(
            model_name='cooldownevent',
            name='outcome',
            field=models.CharField(choices=[('risk_resolved', 'Risk resolved'), ('expansion_agreed', 'Expansion agreed'), ('advocacy_given', 'Advocacy given'), ('no_change', 'No change'), ('no_response', 'No response'), ('lost', 'Lost'), ('insight_wrong', 'The insight was wrong'), ('duplicate', 'Duplicate'), ('other', 'Other'), ('signal_cleared', 'Signal cleared'), ('not_relevant', 'No longer relevant'), ('retracted', 'Insight taken back'), ('expired', 'Horizon ended'), ('completed', 'Playbook finished'), ('handed_to_human', 'Passed to a person'), ('fixed', 'Fixed'), ('not_a_fault', 'Not a fault')], max_length=20),
        ),
        migrations.AlterField(
            model_name='item',
            name='outcome',
            field=models.CharField(blank=True, choices=[('risk_resolved', 'Risk resolved'), ('expansion_agreed', 'Expansion agreed'), ('advocacy_given', 'Advocacy given'), ('no_change', 'No change'), ('no_response', 'No response'), ('lost', 'Lost'), ('insight_wrong', 'The insight was wrong'), ('duplicate', 'Duplicate'), ('other', 'Other'), ('signal_cleared', 'Signal cleared'), ('not_relevant', 'No longer relevant'), ('retracted', 'Insight taken back'), ('expired', 'Horizon ended'), ('completed', 'Playbook finished'), ('handed_to_human', 'Passed to a person'), ('fixed', 'Fixed'), ('not_a_fault', 'Not a fault')], max_length=20),
        ),
        migrations.RunPython(add_cool_down, remove_cool_down),
    ]
