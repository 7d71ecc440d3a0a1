"""Rows of every kind wait for their account, not scores alone."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0014_accounts_come_again")]
    operations = [
        migrations.AddField(
            model_name="parked",
            name="stage",
            field=models.CharField(max_length=10, default="believe", db_default="believe"),
        ),
        migrations.CreateModel(
            name="Released",
            fields=[
                ("pk", models.CompositePrimaryKey("batch_id", "id", blank=True, editable=False, primary_key=True, serialize=False)),
                ("batch_id", models.UUIDField(editable=False)),
                ("id", models.UUIDField(editable=False)),
                ("kind", models.CharField(max_length=20)),
            ],
            options={"abstract": False},
        ),
    ]
