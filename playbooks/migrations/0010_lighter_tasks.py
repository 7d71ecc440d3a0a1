"""Indexes of tasks leave out what most tasks do not have; what waits for a stage has one index."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from core.pending_key import key_by_batch


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0013_one_index_of_what_waits'),
        ('core', '0005_digest'),
        ('decisions', '0010_lighter_decisions'),
        ('insights', '0004_one_index_of_what_waits'),
        ('intake', '0010_one_index_of_what_waits'),
        ('playbooks', '0009_tasks_of_sources'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='task',
            name='one_active_task_per_trouble',
        ),
        key_by_batch('closedtask', 'playbooks_closedtask', 'playbooks_closedtask_batch_id_b83ae0de'),
        migrations.AlterField(
            model_name='task',
            name='run',
            field=models.ForeignKey(blank=True, db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='tasks', to='playbooks.run'),
        ),
        migrations.AlterField(
            model_name='task',
            name='trouble',
            field=models.ForeignKey(blank=True, db_index=False, help_text='What is wrong with the source.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='tasks', to='intake.trouble'),
        ),
        migrations.AddIndex(
            model_name='task',
            index=models.Index(condition=models.Q(('trouble__isnull', False)), fields=['trouble'], name='task_of_trouble'),
        ),
        migrations.AddConstraint(
            model_name='task',
            constraint=models.UniqueConstraint(condition=models.Q(('status__in', ('open', 'claimed', 'snoozed', 'waiting')), ('trouble__isnull', False)), fields=('trouble',), name='one_active_task_per_trouble'),
        ),
    ]
