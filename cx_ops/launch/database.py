"""What the launcher asks of a PostgreSQL database before Django does."""

import json
from collections.abc import Mapping
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from cx_ops import environment
from cx_ops.launch.errors import LaunchError

CONNECT_SECONDS = 5


def name_in(url: str) -> str:
    return environment.database_from_url(url)["NAME"]


def with_name(url: str, name: str) -> str:
    """The URL of another database on the same server."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


def connect(url: str) -> psycopg.Connection:
    """A connection in autocommit mode. Raises LaunchError when the server cannot be reached."""
    try:
        return psycopg.connect(url, autocommit=True, connect_timeout=CONNECT_SECONDS)
    except psycopg.OperationalError as error:
        raise LaunchError(f"PostgreSQL does not answer: {error}") from error


def answers(url: str) -> bool:
    """Whether the server behind the URL takes connections; its database need not exist yet."""
    try:
        psycopg.connect(with_name(url, "postgres"), connect_timeout=CONNECT_SECONDS).close()
    except psycopg.OperationalError:
        return False
    return True


def ensure_exists(url: str) -> None:
    """Create the database unless it is there."""
    name = name_in(url)
    with connect(with_name(url, "postgres")) as connection:
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is None:
            create(connection, name)


def create(connection: psycopg.Connection, name: str, *, like: str = "template0") -> None:
    """A database with what `like` holds, which nobody may be connected to meanwhile."""
    statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
    connection.execute(statement.format(sql.Identifier(name), sql.Identifier(like)))


def drop(connection: psycopg.Connection, name: str) -> None:
    connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def is_empty(url: str) -> bool:
    """Whether no table stands in it."""
    query = "SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p')"
    query += " AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema' LIMIT 1"
    with connect(url) as connection:
        return connection.execute(query).fetchone() is None


def recreate(url: str) -> None:
    """Replace the database by an empty one."""
    with connect(with_name(url, "postgres")) as connection:
        drop(connection, name_in(url))
        create(connection, name_in(url))


def read_marker(url: str) -> dict[str, object] | None:
    """What was loaded here, kept as the database's comment so that it goes wherever the database goes."""
    query = "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = current_database()"
    with connect(url) as connection:
        row = connection.execute(query).fetchone()
    try:
        found = json.loads(row[0]) if row and row[0] else None
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def write_marker(url: str, marker: Mapping[str, object]) -> None:
    with connect(url) as connection:
        comment = sql.SQL("COMMENT ON DATABASE {} IS {}")
        connection.execute(comment.format(sql.Identifier(name_in(url)), sql.Literal(json.dumps(marker))))


def swap(url: str, *, fresh: str) -> None:
    """Put the database `fresh` in the place of the URL's own, at once or not at all, and drop the old one.

    Both must be without connections.
    """
    name, old = name_in(url), f"{name_in(url)}_old"
    rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
    with connect(with_name(url, "postgres")) as connection:
        drop(connection, old)
        with connection.transaction():
            connection.execute(rename.format(sql.Identifier(name), sql.Identifier(old)))
            connection.execute(rename.format(sql.Identifier(fresh), sql.Identifier(name)))
        drop(connection, old)
