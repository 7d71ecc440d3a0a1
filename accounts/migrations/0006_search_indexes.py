"""Names and domains by what they begin with, for the search while somebody types."""

from django.contrib.postgres.indexes import OpClass
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models.functions import Upper


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("accounts", "0005_touches_index")]
    operations = [
        AddIndexConcurrently(
            model_name="account",
            index=models.Index(OpClass(Upper("name"), name="text_pattern_ops"), name="account_name_begins"),
        ),
        AddIndexConcurrently(
            model_name="account",
            index=models.Index(
                OpClass("domain", name="text_pattern_ops"),
                condition=~models.Q(domain=""),
                name="account_domain_begins",
            ),
        ),
    ]
