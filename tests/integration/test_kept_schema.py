"""The schema that throw-away databases begin with is the one the migrations make."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connections

from cx_ops.launch import database, schema

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif("CX_TESTS_KEEP_SCHEMA" not in os.environ, reason="a server of its own, of another release"),
]
# Conditions are left out: the server writes some of them another way when it reads them a second time.
SHAPE = """
SELECT 'column', table_name || '.' || column_name, data_type || is_nullable || coalesce(column_default, '')
FROM information_schema.columns WHERE table_schema = 'public'
UNION ALL SELECT 'index', tablename || '.' || indexname, '' FROM pg_indexes WHERE schemaname = 'public'
UNION ALL SELECT 'constraint', conrelid::regclass || '.' || conname, contype::text FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace
UNION ALL SELECT 'trigger', tgrelid::regclass || '.' || tgname, pg_get_triggerdef(oid) FROM pg_trigger
    WHERE NOT tgisinternal
UNION ALL SELECT 'migration', app || '.' || name, '' FROM django_migrations
"""


@pytest.fixture
def empty(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database beside that of the tests; nothing is kept yet."""
    monkeypatch.setattr(schema, "KEPT", tmp_path)
    url = database.with_name(os.environ["DATABASE_URL"], "restored")
    database.recreate(url)
    yield url
    with database.connect(os.environ["DATABASE_URL"]) as connection:
        database.drop(connection, "restored")


def shape_of(url: str) -> set[tuple[str, str, str]]:
    with database.connect(url) as connection:
        return set(connection.execute(SHAPE))  # type: ignore[arg-type]


def test_what_is_kept_is_what_comes_back(empty: str) -> None:
    migrated = database.with_name(empty, str(connections["default"].settings_dict["NAME"]))
    assert not schema.restore(empty)
    schema.keep(migrated)
    assert schema.restore(empty)
    assert shape_of(empty) == shape_of(migrated)


def test_another_migration_is_another_schema(empty: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    migrations = tmp_path / "accounts" / "migrations"
    migrations.mkdir(parents=True)
    monkeypatch.setattr(schema, "ROOT", tmp_path)
    (migrations / "0001_initial.py").write_text("one")
    first = schema._kept(empty)
    (migrations / "0001_initial.py").write_text("another")
    assert schema._kept(empty) != first
