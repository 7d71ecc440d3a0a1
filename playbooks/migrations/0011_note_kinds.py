from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('playbooks', '0010_lighter_tasks'),
    ]

    operations = [
        migrations.AddField(
            model_name='tasknote',
            name='kind',
            field=models.CharField(blank=True, choices=[('call', 'Call'), ('meeting', 'Meeting')], db_default='', default='', max_length=10),
        ),
        migrations.AddConstraint(
            model_name='tasknote',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['', 'call', 'meeting'])), name='note_kind_known'),
        ),
    ]
