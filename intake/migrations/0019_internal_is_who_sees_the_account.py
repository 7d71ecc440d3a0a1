"""The words of a class of privacy say what it does."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("intake", "0018_undo_by_a_worker")]

    operations = [
        migrations.AlterField(
            model_name="fieldprivacy",
            name="privacy",
            field=models.CharField(
                choices=[
                    ("public", "Public: everybody may see it, and it may leave"),
                    ("internal", "Internal: everybody who sees the account sees it"),
                    ("restricted", "Restricted: only these roles may see it, and it never leaves"),
                ],
                max_length=10,
            ),
        ),
    ]
