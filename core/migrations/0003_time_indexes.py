from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models.functions import Now


class Migration(migrations.Migration):
    """The audit trail by time, stored answers by age, and when the beat last ran."""

    atomic = False
    dependencies = [("core", "0002_append_only")]
    operations = [
        AddIndexConcurrently("act", models.Index(fields=["-at", "-id"], name="act_by_time")),
        AddIndexConcurrently("storedresponse", models.Index(fields=["created_at"], name="response_by_age")),
        migrations.CreateModel(
            name="Heartbeat",
            fields=[
                ("name", models.SlugField(max_length=40, primary_key=True, serialize=False)),
                ("at", models.DateTimeField(db_default=Now())),
            ],
        ),
    ]
