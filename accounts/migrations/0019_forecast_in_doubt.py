from django.db import migrations, models

CHOICES = [("commit", "Commit"), ("likely", "Likely"), ("at_risk", "In doubt"), ("unknown", "Not forecast")]


class Migration(migrations.Migration):
    """What the forecast `at_risk` is called on screens: "at risk" is a health. Nothing changes in the database."""

    dependencies = [("accounts", "0018_identity_of_contacts")]

    operations = [
        migrations.AlterField(name, "forecast", models.CharField(choices=CHOICES, default="unknown", max_length=8))
        for name in ("contract", "contractevent")
    ]
