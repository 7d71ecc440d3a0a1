"""Whose an event is by the e-mail address: made beside the work that goes on."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("accounts", "0008_events")]
    operations = [
        AddIndexConcurrently(
            model_name="contact",
            index=models.Index(
                condition=models.Q(("email", ""), _negated=True), fields=["email"], name="contact_by_email"
            ),
        ),
    ]
