from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('decisions', '0018_no_longer_relevant'),
    ]

    operations = [
        migrations.AlterField(
            model_name='decision',
            name='suppressed_by',
            field=models.CharField(blank=True, choices=[('stale', 'Older than what was already decided, or its horizon has ended'), ('dwell', 'Lower than before, but not often or long enough yet'), ('open_item', 'Added as evidence to what was open already'), ('cool_down', 'The same was closed before, and its cool-down holds'), ('hold_out', 'In the control group'), ('kill_switch', 'Automation is switched off')], max_length=12),
        ),
    ]
