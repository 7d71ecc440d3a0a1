"""`./cx restore FILE`: a backup put in place, wholly or not at all."""

import os
import shutil
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from cx_ops.launch import archive, database, postgres, processes, services
from cx_ops.launch.archive import Manifest
from cx_ops.launch.commands import options
from cx_ops.launch.errors import LaunchError, say
from cx_ops.launch.services import Services

JOBS = 2


def run(argv: Sequence[str]) -> int:
    parser = options.parser("restore", "Put a backup in place; nothing else may be running in the directory.")
    parser.add_argument("file", type=Path, metavar="FILE")
    parser.add_argument("--fresh", action="store_true", help="replace what the database holds")
    options.add_directory(parser, options.DEMO_DIRECTORY)
    chosen = parser.parse_args(argv)
    source: Path = chosen.file.expanduser().resolve()
    with services.owned(options.instance(chosen)) as ready:
        if not chosen.fresh and not database.is_empty(ready.database_url):
            raise LaunchError("The database is not empty; --fresh replaces what it holds")
        read(ready, source)
    say(f"Restored {source}. Run ./cx manage migrate if this version is newer than the backup")
    return 0


def read(ready: Services, source: Path) -> None:
    """Load everything beside what is there; only then change places. Raises LaunchError, leaving the old."""
    data = Path(ready.environment()["CX_DATA_DIR"])
    data.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=data, prefix=".restore-") as directory:
        manifest = archive.unpack(source, Path(directory))
        name = f"{database.name_in(ready.database_url)}_restored"
        _load(ready, Path(directory) / archive.DUMP, name, manifest)
        _change_places(ready, name, data / archive.UPLOADS, Path(directory))


def _load(ready: Services, dump: Path, name: str, manifest: Manifest) -> None:
    address = database.with_name(ready.database_url, name)
    with database.connect(database.with_name(ready.database_url, "postgres")) as connection:
        database.drop(connection, name)
        database.create(connection, name)
    words = ["--exit-on-error", "--no-owner", "--no-privileges", f"--jobs={JOBS}", f"--dbname={address}"]
    try:
        processes.run_quietly(
            [str(postgres.binaries() / "pg_restore"), *words, str(dump)],
            environ=os.environ,
            directory=dump.parent,
            doing="pg_restore",
        )
    except LaunchError:
        with database.connect(database.with_name(ready.database_url, "postgres")) as connection:
            database.drop(connection, name)
        raise
    database.write_marker(address, {"kind": "restored", **(manifest.marker or {})})


def _change_places(ready: Services, name: str, uploads: Path, unpacked: Path) -> None:
    """The uploads first, since they can be put back; the database's own change is one transaction."""
    old = unpacked / "uploads-before"
    new = unpacked / archive.UPLOADS
    new.mkdir(exist_ok=True)
    with suppress(FileNotFoundError):
        uploads.rename(old)
    new.rename(uploads)
    try:
        database.swap(ready.database_url, fresh=name)
    except BaseException:
        shutil.rmtree(uploads)
        with suppress(FileNotFoundError):
            old.rename(uploads)
        raise
