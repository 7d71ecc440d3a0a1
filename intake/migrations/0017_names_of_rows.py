from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('intake', '0016_what_scopes_are_called'),
    ]

    operations = [
        migrations.CreateModel(
            name='RowName',
            fields=[
                ('pk', models.CompositePrimaryKey('import_id', 'name', blank=True, editable=False, primary_key=True, serialize=False)),
                ('import_id', models.UUIDField()),
                ('name', models.BigIntegerField()),
                ('number', models.PositiveIntegerField()),
            ],
        ),
    ]
