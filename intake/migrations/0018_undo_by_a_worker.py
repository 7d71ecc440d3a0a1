import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('intake', '0017_names_of_rows'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='import',
            name='import_status_known',
        ),
        migrations.AddField(
            model_name='import',
            name='undo_by',
            field=models.ForeignKey(db_index=False, help_text='Who has it taken back.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AlterField(
            model_name='import',
            name='status',
            field=models.CharField(choices=[('draft', 'To be confirmed'), ('waiting', 'Waiting'), ('running', 'Running'), ('done', 'Done'), ('failed', 'Failed'), ('stopped', 'Stopped'), ('undoing', 'Being undone'), ('undone', 'Undone')], default='waiting', max_length=8),
        ),
        migrations.AlterField(
            model_name='import',
            name='undone',
            field=models.JSONField(db_default={}, default=dict, help_text='What taking it back did, so far.'),
        ),
        migrations.AddConstraint(
            model_name='import',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['draft', 'waiting', 'running', 'done', 'failed', 'stopped', 'undoing', 'undone'])), name='import_status_known'),
        ),
    ]
