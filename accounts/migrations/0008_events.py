"""Events, partitioned by month; whom their sources name; and what waits for its account."""

import django.db.models.deletion
from django.db import migrations, models

import core.ids

# Months before the first and after the last partition lie in the default one: the tick makes a month's partition two
# months ahead, and takes along what the default one holds of it.
PARTITIONED = """
CREATE TABLE accounts_event (
    id uuid NOT NULL,
    at timestamptz NOT NULL,
    said_at timestamptz,
    sent_at timestamptz,
    received_at timestamptz NOT NULL,
    source_id uuid NOT NULL,
    kind varchar(8) NOT NULL,
    name varchar(200) NOT NULL,
    user_id text NOT NULL,
    about_namespace uuid,
    about_kind varchar(12) NOT NULL,
    about_value text NOT NULL,
    account_id uuid,
    contact_id uuid,
    import_id uuid,
    payload jsonb NOT NULL,
    PRIMARY KEY (id, at)
) PARTITION BY RANGE (at);
CREATE INDEX event_timeline ON accounts_event (account_id, at DESC) WHERE account_id IS NOT NULL;
CREATE INDEX event_of_user ON accounts_event (user_id) WHERE contact_id IS NULL AND user_id <> '';
CREATE INDEX event_about ON accounts_event (about_value) WHERE account_id IS NULL AND about_value <> '';
CREATE INDEX event_arrived ON accounts_event USING brin (received_at);
CREATE TABLE accounts_event_default PARTITION OF accounts_event DEFAULT;

CREATE FUNCTION cx_add_event_partition(month date) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    name text := 'accounts_event_' || to_char(month, 'YYYY_MM');
    begins timestamptz := date_trunc('month', month)::timestamp AT TIME ZONE 'UTC';
    ends timestamptz := (date_trunc('month', month) + interval '1 month')::timestamp AT TIME ZONE 'UTC';
BEGIN
    IF to_regclass(name) IS NOT NULL THEN
        RETURN false;
    END IF;
    EXECUTE format('CREATE TABLE %I (LIKE accounts_event INCLUDING DEFAULTS)', name);
    LOCK TABLE accounts_event_default IN SHARE ROW EXCLUSIVE MODE;
    EXECUTE format('WITH moved AS (DELETE FROM accounts_event_default WHERE at >= %L AND at < %L RETURNING *)
                    INSERT INTO %I SELECT * FROM moved', begins, ends, name);
    EXECUTE format('ALTER TABLE accounts_event ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', name, begins, ends);
    RETURN true;
END $$;

CREATE FUNCTION cx_drop_event_partitions(before timestamptz) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    found record;
    dropped integer := 0;
BEGIN
    FOR found IN
        SELECT c.relname AS name FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'accounts_event'::regclass AND c.relname ~ '^accounts_event_[0-9]{4}_[0-9]{2}$'
          AND (to_date(right(c.relname, 7), 'YYYY_MM') + interval '1 month')::timestamp AT TIME ZONE 'UTC' <= before
    LOOP
        EXECUTE format('DROP TABLE %I', found.name);
        dropped := dropped + 1;
    END LOOP;
    RETURN dropped;
END $$;

SELECT cx_add_event_partition((date_trunc('month', now()) + make_interval(months => n))::date)
FROM generate_series(0, 2) AS n;
"""
GONE = """
DROP FUNCTION cx_drop_event_partitions(timestamptz);
DROP FUNCTION cx_add_event_partition(date);
DROP TABLE accounts_event;
"""
KINDS = [
    ("track", "Event"),
    ("page", "Page"),
    ("screen", "Screen"),
    ("identify", "Identification"),
    ("group", "Group"),
    ("alias", "Alias"),
]
EVENT = migrations.CreateModel(
    name="Event",
    fields=[
        ("id", models.UUIDField(default=core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
        ("at", models.DateTimeField()),
        ("said_at", models.DateTimeField(null=True)),
        ("sent_at", models.DateTimeField(null=True)),
        ("received_at", models.DateTimeField(help_text="Domain time: when it was true that it had arrived.")),
        ("source_id", models.UUIDField()),
        ("kind", models.CharField(choices=KINDS, max_length=8)),
        ("name", models.CharField(max_length=200)),
        ("user_id", models.TextField(help_text="Whom its source names; empty: nobody.")),
        ("about_namespace", models.UUIDField(null=True)),
        ("about_kind", models.CharField(max_length=12)),
        ("about_value", models.TextField()),
        ("account", models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name="behaviour", to="accounts.account")),  # noqa: E501
        ("contact", models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name="behaviour", to="accounts.contact")),  # noqa: E501
        ("import_id", models.UUIDField(null=True)),
        ("payload", models.JSONField()),
    ],
)  # fmt: skip


class Migration(migrations.Migration):
    dependencies = [("accounts", "0007_plurals")]
    operations = [
        migrations.SeparateDatabaseAndState([migrations.RunSQL(PARTITIONED, GONE)], [EVENT]),
        migrations.CreateModel(
            name="EventKey",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.RunSQL(
            "CREATE INDEX eventkey_at ON accounts_eventkey USING brin (at)", "DROP INDEX eventkey_at"
        ),
        migrations.CreateModel(
            name="Awaited",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("namespace_id", models.UUIDField(null=True)),
                ("kind", models.CharField(max_length=12)),
                ("value", models.TextField()),
                ("checked_at", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(
                        models.OrderBy(models.F("checked_at"), nulls_first=True), name="awaited_in_turn"
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("value", "kind", "namespace_id"), name="awaited_once", nulls_distinct=False
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Visitor",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("source_id", models.UUIDField()),
                ("user_id", models.CharField(max_length=200)),
                ("same_as", models.CharField(blank=True, max_length=200)),
                ("group_id", models.CharField(blank=True, max_length=200)),
                ("traits", models.JSONField(default=dict)),
                ("contact", models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name="visitors", to="accounts.contact")),  # noqa: E501
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("same_as", ""), _negated=True),
                        fields=["source_id", "same_as"],
                        name="visitor_aliases",
                    )
                ],
                "constraints": [models.UniqueConstraint(fields=("source_id", "user_id"), name="one_visitor_per_user_id")],
            },
        ),
    ]  # fmt: skip
