"""The schema as the migrations leave it, kept under .cx: making it takes a quarter of a minute of processor time.

Only for databases that are thrown away, on a server of our own. What is kept serves as long as no file has changed
that has a say in it, for one release of PostgreSQL, and for a month: migrations make partitions around today.
"""

import hashlib
import os
from datetime import UTC, datetime
from pathlib import Path

from cx_ops.launch import application, database, postgres, processes
from cx_ops.launch.instance import ROOT
from cx_ops.launch.services import Services

KEPT = ROOT / ".cx" / "cache" / "schema"
SOURCES = (
    "*/migrations/*.py",
    "*/models.py",
    "*/models/*.py",
    "*/apps.py",
    "cx_ops/settings.py",
    "requirements/run.lock",
)


def make(services: Services, environ: dict[str, str]) -> None:
    """The schema in the empty database of services that are thrown away."""
    if services.embedded_database and restore(services.database_url):
        return
    application.migrate(services, environ)
    if services.embedded_database:
        keep(services.database_url)


def restore(url: str) -> bool:
    """Fill an empty database with what is kept; whether there was anything."""
    kept = _kept(url)
    if not kept.exists():
        return False
    words = ["--exit-on-error", "--no-owner", "--no-privileges", "--single-transaction", f"--dbname={url}", str(kept)]
    _run("pg_restore", *words)
    return True


def keep(url: str) -> None:
    """Keep the schema of a database that the migrations have just filled; what was kept before goes."""
    kept = _kept(url)
    if kept.exists():
        return
    KEPT.mkdir(parents=True, exist_ok=True)
    partial = kept.with_suffix(f".{os.getpid()}")
    _run("pg_dump", "--format=custom", "--compress=0", "--no-owner", "--no-privileges", f"--file={partial}", url)
    for older in KEPT.glob("*.dump"):
        older.unlink(missing_ok=True)
    partial.rename(kept)


def _kept(url: str) -> Path:
    with database.connect(database.with_name(url, "postgres")) as connection:
        digest = hashlib.sha256(f"{connection.info.server_version} {datetime.now(UTC):%Y-%m}".encode())
    for path in sorted(path for pattern in SOURCES for path in ROOT.glob(pattern)):
        digest.update(str(path.relative_to(ROOT)).encode() + path.read_bytes())
    return KEPT / f"{digest.hexdigest()[:24]}.dump"


def _run(program: str, *words: str) -> None:
    processes.run_quietly(
        [str(postgres.binaries() / program), *words], environ=os.environ, directory=ROOT, doing=program
    )
