"""PostgreSQL's own helpers, and the function behind every append-only table."""

from django.contrib.postgres.operations import BtreeGistExtension, TrigramExtension
from django.db import migrations

FORBID = """
CREATE FUNCTION cx_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF coalesce(current_setting('cx_ops.may_rewrite', true), '') = 'yes' THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
END $$;
"""


class Migration(migrations.Migration):
    initial = True
    dependencies: list[tuple[str, str]] = []
    operations = [
        TrigramExtension(),
        BtreeGistExtension(),
        migrations.RunSQL(FORBID, "DROP FUNCTION cx_append_only() CASCADE"),
    ]
