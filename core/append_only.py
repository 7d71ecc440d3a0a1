"""Migration operations that make a table append-only, checked by the database.

Erasure of a person and the truncation of test databases set `cx_ops.may_rewrite` to `yes` in their session.
"""

from django.db.migrations import RunSQL


def append_only(*tables: str) -> list[RunSQL]:
    """Statement triggers that refuse UPDATE, DELETE and TRUNCATE on each of `tables`."""
    return [
        RunSQL(
            f'CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON "{table}"'
            " FOR EACH STATEMENT EXECUTE FUNCTION cx_append_only()",
            f'DROP TRIGGER append_only ON "{table}"',
        )
        for table in tables
    ]
