"""Migration operations that make a table append-only, checked by the database.

Whoever may rewrite sets `cx_ops.may_rewrite` to `yes`: erasure of a person, the truncation of test databases, a merge
of accounts that takes their rows along, and the undo of a file.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db.migrations import RunSQL

from core.bulk import execute


@contextmanager
def rewriting() -> Iterator[None]:
    """Let the caller's transaction rewrite append-only tables: rows follow their account, or an import goes back."""
    execute("SELECT set_config('cx_ops.may_rewrite', 'yes', true)")
    yield
    execute("SELECT set_config('cx_ops.may_rewrite', '', true)")  # a failure ends the transaction, and the setting too


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
