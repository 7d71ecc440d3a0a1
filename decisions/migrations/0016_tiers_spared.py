"""Tiers that a hold-out leaves out, how many accounts it has drawn, and one more reason for a release."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('decisions', '0015_what_is_held_out'),
    ]

    operations = [
        migrations.AddField(
            model_name='holdout',
            name='drawn',
            field=models.JSONField(default=dict, help_text='Stratum → how many accounts were drawn in it.'),
        ),
        migrations.AddField(
            model_name='holdout',
            name='spared',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.SlugField(max_length=40), default=list, help_text='Tiers left out, beside strategic.', size=None),
        ),
        migrations.AlterField(
            model_name='allocation',
            name='released_why',
            field=models.CharField(blank=True, choices=[('red_line', 'A red line'), ('person', 'A person’s own concern'), ('stopped', 'The hold-out was stopped'), ('ended', 'The hold-out ended'), ('not_eligible', 'May not be held out any more'), ('risen', 'Risen to what a person acts on')], max_length=12),
        ),
    ]
