from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0020_erasure_of_accounts'),
    ]

    operations = [
        migrations.AddField(
            model_name='merge',
            name='named',
            field=models.JSONField(db_default={}, default=dict, help_text='The saying by which whoever merged them chose the name, if they did.'),
        ),
    ]
