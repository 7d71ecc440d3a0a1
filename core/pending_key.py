"""For migrations: the rows that wait for a stage have one index, by batch and record, where they had two."""

from django.db import migrations, models


def key_by_batch(model: str, table: str, batch_index: str) -> migrations.SeparateDatabaseAndState:
    """Make (batch, id) the key of a `Pending` table that was kept by id, with an index of its batches."""
    return migrations.SeparateDatabaseAndState(
        database_operations=[
            migrations.RunSQL(
                f"""
                ALTER TABLE {table} DROP CONSTRAINT {table}_pkey;
                ALTER TABLE {table} ADD CONSTRAINT {table}_pkey PRIMARY KEY (batch_id, id);
                DROP INDEX {batch_index};
                """,
                f"""
                ALTER TABLE {table} DROP CONSTRAINT {table}_pkey;
                ALTER TABLE {table} ADD CONSTRAINT {table}_pkey PRIMARY KEY (id);
                CREATE INDEX {batch_index} ON {table} (batch_id);
                """,
            )
        ],
        state_operations=[
            migrations.AddField(
                model,
                "pk",
                models.CompositePrimaryKey(
                    "batch_id", "id", blank=True, editable=False, primary_key=True, serialize=False
                ),
            ),
            migrations.AlterField(model, "batch_id", models.UUIDField(editable=False)),
            migrations.AlterField(model, "id", models.UUIDField(editable=False)),
        ],
    )
