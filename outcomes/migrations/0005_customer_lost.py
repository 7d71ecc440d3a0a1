from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('outcomes', '0004_no_longer_relevant'),
    ]

    operations = [
        migrations.AlterField(
            model_name='outcome',
            name='kind',
            field=models.CharField(choices=[('risk_resolved', 'Risk resolved'), ('expansion_agreed', 'Expansion agreed'), ('advocacy_given', 'Advocacy given'), ('no_change', 'No change'), ('no_response', 'No response'), ('lost', 'Customer lost'), ('insight_wrong', 'The insight was wrong'), ('duplicate', 'Duplicate'), ('other', 'Other'), ('signal_cleared', 'Signal cleared'), ('not_relevant', 'No longer relevant'), ('retracted', 'Insight taken back'), ('expired', 'Horizon ended'), ('completed', 'Playbook finished'), ('handed_to_human', 'Passed to a person'), ('fixed', 'Fixed'), ('not_a_fault', 'Not a fault')], max_length=20),
        ),
    ]
