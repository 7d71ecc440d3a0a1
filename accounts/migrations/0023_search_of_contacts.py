"""Contacts by their name and by how their address begins, for the search while somebody types."""

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations
from django.db.models.functions import Upper


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("accounts", "0022_what_became_of_a_term")]
    operations = [
        AddIndexConcurrently(
            model_name="contact",
            index=GinIndex(
                OpClass(Upper("name"), name="gin_trgm_ops"),
                OpClass(Upper("email"), name="gin_trgm_ops"),
                name="contact_search",
            ),
        )
    ]
