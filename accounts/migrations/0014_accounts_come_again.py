"""What an undone import had made is found again by its key."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("accounts", "0013_one_index_of_what_waits")]
    operations = [
        migrations.AddIndex(
            model_name="link",
            index=models.Index(
                fields=["external_id"], name="link_taken_back", condition=Q(revoked_why="import taken back")
            ),
        ),
    ]
