"""Hold-outs, and which account is in which arm of them."""

from decimal import Decimal

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import core.ids


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0021_names_chosen'),
        ('decisions', '0013_decisions_of_items'),
        ('insights', '0004_one_index_of_what_waits'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='HoldOut',
            fields=[
                ('id', models.UUIDField(default=core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('human_share', models.DecimalField(decimal_places=2, max_digits=3)),
                ('automated_share', models.DecimalField(decimal_places=2, max_digits=3)),
                ('salt', models.CharField(help_text='What the slots are drawn by: with it anybody can draw them again.', max_length=64)),
                ('begins_at', models.DateTimeField()),
                ('ends_at', models.DateTimeField()),
                ('why', models.TextField()),
                ('signed_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(null=True)),
                ('stopped_why', models.TextField(blank=True)),
                ('signed_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('stopped_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('type', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='insights.insighttype')),
            ],
            options={
                'verbose_name': 'hold-out',
                'verbose_name_plural': 'hold-outs',
                'ordering': ['-begins_at', '-id'],
            },
        ),
        migrations.CreateModel(
            name='Allocation',
            fields=[
                ('id', models.UUIDField(default=core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('held', models.BooleanField()),
                ('chance', models.DecimalField(decimal_places=2, max_digits=3)),
                ('stratum', models.CharField(max_length=80)),
                ('block', models.PositiveIntegerField()),
                ('slot', models.PositiveSmallIntegerField()),
                ('allotted_at', models.DateTimeField()),
                ('released_at', models.DateTimeField(null=True)),
                ('released_why', models.CharField(blank=True, choices=[('red_line', 'A red line'), ('person', 'A person’s own concern'), ('stopped', 'The hold-out was stopped'), ('ended', 'The hold-out ended'), ('not_eligible', 'May not be held out any more')], max_length=12)),
                ('released_for', models.CharField(blank=True, help_text='Which red line, or what keeps it out now.', max_length=20)),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='allocations', to='accounts.account')),
                ('insight', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='insights.insight')),
                ('released_by', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('type', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='insights.insighttype')),
                ('hold_out', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='allocations', to='decisions.holdout')),
            ],
            options={
                'verbose_name': 'place in a hold-out',
                'verbose_name_plural': 'places in hold-outs',
                'ordering': ['-allotted_at', '-id'],
            },
        ),
        migrations.AddConstraint(
            model_name='holdout',
            constraint=models.UniqueConstraint(condition=models.Q(('ended_at', None)), fields=('type',), name='one_running_hold_out_per_type'),
        ),
        migrations.AddConstraint(
            model_name='holdout',
            constraint=models.CheckConstraint(condition=models.Q(('human_share', 0), ('human_share__range', (Decimal('0.01'), Decimal('0.20'))), _connector='OR'), name='hold_out_human_share'),
        ),
        migrations.AddConstraint(
            model_name='holdout',
            constraint=models.CheckConstraint(condition=models.Q(('automated_share', 0), ('automated_share__range', (Decimal('0.01'), Decimal('0.50'))), _connector='OR'), name='hold_out_automated_share'),
        ),
        migrations.AddConstraint(
            model_name='holdout',
            constraint=models.CheckConstraint(condition=models.Q(('human_share__gt', 0), ('automated_share__gt', 0), _connector='OR'), name='hold_out_holds_something'),
        ),
        migrations.AddConstraint(
            model_name='holdout',
            constraint=models.CheckConstraint(condition=models.Q(('begins_at__lt', models.F('ends_at'))), name='hold_out_begins_before_it_ends'),
        ),
        migrations.AddConstraint(
            model_name='holdout',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('why', ''), _negated=True), models.Q(('salt', ''), _negated=True)), name='hold_out_says_why'),
        ),
        migrations.AddConstraint(
            model_name='holdout',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('stopped_by', None), ('stopped_why', '')), models.Q(('ended_at__isnull', False), ('stopped_by__isnull', False), models.Q(('stopped_why', ''), _negated=True)), _connector='OR'), name='hold_out_stopped_with_words'),
        ),
        migrations.AddIndex(
            model_name='allocation',
            index=models.Index(condition=models.Q(('held', True), ('released_at', None)), fields=['account', 'type'], name='held_out_now'),
        ),
        migrations.AddConstraint(
            model_name='allocation',
            constraint=models.UniqueConstraint(fields=('hold_out', 'account'), name='one_allocation_per_account'),
        ),
        migrations.AddConstraint(
            model_name='allocation',
            constraint=models.UniqueConstraint(fields=('hold_out', 'stratum', 'block', 'slot'), name='one_account_per_slot'),
        ),
        migrations.AddConstraint(
            model_name='allocation',
            constraint=models.CheckConstraint(condition=models.Q(('chance__range', (Decimal('0.01'), Decimal('0.50')))), name='allocation_chance_range'),
        ),
        migrations.AddConstraint(
            model_name='allocation',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('released_at', None), ('released_why', '')), models.Q(('held', True), ('released_at__isnull', False), models.Q(('released_why', ''), _negated=True)), _connector='OR'), name='only_who_is_held_out_is_released'),
        ),
    ]
