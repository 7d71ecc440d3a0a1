"""`./cx backup FILE`: the database and the uploads in one file."""

import os
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from cx_ops.launch import archive, database, postgres, processes, services
from cx_ops.launch.commands import options
from cx_ops.launch.errors import LaunchError, say


def run(argv: Sequence[str]) -> int:
    parser = options.parser("backup", "Write the database and the uploads to FILE, also while the product runs.")
    parser.add_argument("file", type=Path, metavar="FILE")
    options.add_directory(parser, options.DEMO_DIRECTORY)
    chosen = parser.parse_args(argv)
    target: Path = chosen.file.expanduser().resolve()
    if target.exists():
        raise LaunchError(f"{target} exists; a backup never overwrites another")
    with services.borrowed_or_owned(options.instance(chosen)) as ready:
        write(ready, target)
    say(f"Wrote {target} ({target.stat().st_size / 1e6:.1f} MB)")
    return 0


def write(ready: services.Services, target: Path) -> None:
    """The uploads are read after the snapshot of the database: every file that it names is there."""
    made_at = datetime.now(UTC).isoformat()
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".cx-backup-") as directory:
        dump = Path(directory) / archive.DUMP
        words = ["--format=custom", "--compress=1", "--no-owner", "--no-privileges", "--file", str(dump)]
        processes.run_quietly(
            [str(postgres.binaries() / "pg_dump"), *words, f"--dbname={ready.database_url}"],
            environ=os.environ,
            directory=target.parent,
            doing="pg_dump",
        )
        archive.write(
            target,
            dump=dump,
            uploads=Path(ready.environment()["CX_DATA_DIR"]) / archive.UPLOADS,
            marker=database.read_marker(ready.database_url),
            made_at=made_at,
        )
