from django.db import migrations, models

SEGMENT = models.CharField(max_length=48, blank=True, help_text="What a source calls it, or saved:<its slug>.")


class Migration(migrations.Migration):
    dependencies = [("decisions", "0008_feed_outcomes")]
    operations = [
        migrations.AlterField("ownershipcell", "segment", SEGMENT),
        migrations.AlterField("ownershipcellevent", "segment", SEGMENT),
    ]
