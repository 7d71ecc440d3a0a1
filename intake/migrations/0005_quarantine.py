import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("intake", "0004_drafts_and_mappings"),
    ]
    operations = [
        migrations.CreateModel(
            name="Quarantined",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("kind", models.CharField(max_length=20)),
                ("payload", models.TextField(help_text="As it arrived; it may be no JSON.")),
                ("field", models.CharField(blank=True, max_length=120)),
                ("code", models.SlugField(max_length=40)),
                ("message", models.TextField()),
                ("sent_at", models.DateTimeField(null=True)),
                ("received_at", models.DateTimeField()),
                ("settled_at", models.DateTimeField(null=True)),
                ("discarded", models.BooleanField(default=False)),
                ("why", models.TextField(blank=True)),
                ("settled_by", models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),  # noqa: E501
                ("source", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="quarantined", to="intake.source")),  # noqa: E501
            ],
            options={
                "verbose_name_plural": "quarantined records",
                "ordering": ["-id"],
                "indexes": [models.Index(condition=models.Q(("settled_at", None)), fields=["source", "-id"], name="quarantine_waiting")],  # noqa: E501
                "constraints": [models.CheckConstraint(condition=models.Q(("discarded", False), models.Q(("settled_at__isnull", False), models.Q(("why", ""), _negated=True)), _connector="OR"), name="a_discard_says_why")],  # noqa: E501
            },
        ),
    ]  # fmt: skip
