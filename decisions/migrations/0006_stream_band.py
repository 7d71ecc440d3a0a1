from django.db import migrations, models

CHOICES = [
    ("record", "Recorded only"),
    ("monitor", "Monitoring"),
    ("automated", "Automated workflow"),
    ("human", "A human at once"),
]


class Migration(migrations.Migration):
    dependencies = [("decisions", "0005_act_wake")]
    operations = [
        migrations.AddField(
            "stream",
            "band",
            models.CharField(choices=CHOICES, default="record", help_text="The band it is in.", max_length=10),
            preserve_default=False,
        ),
    ]
