import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('intake', '0015_days_of_calls'),
    ]

    operations = [
        migrations.AlterField(
            model_name='apitoken',
            name='scopes',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('insights:write', 'Send insights (scores)'), ('accounts:write', 'Make tasks; send accounts and all about them'), ('events:write', 'Send events'), ('read', 'Read everything that the API shows, of all sources')], max_length=20), size=None),
        ),
    ]
