"""The file of a backup: a tar of manifest.json, database.dump (pg_dump's custom format) and uploads/."""

import hashlib
import json
import os
import tarfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path
from typing import IO

from cx_ops.launch.errors import LaunchError

FORMAT = 1
MANIFEST = "manifest.json"
DUMP = "database.dump"
UPLOADS = "uploads"
CHUNK = 1024 * 1024


@dataclass(frozen=True)
class Manifest:
    """First in the archive: what follows, with the SHA-256 of each file, and the database's marker."""

    format: int
    made_at: str
    marker: dict[str, object] | None
    files: dict[str, str]


def write(target: Path, *, dump: Path, uploads: Path, marker: dict[str, object] | None, made_at: str) -> None:
    """Write the archive under another name and move it in place when it is safely on disk."""
    members = {DUMP: dump, **_uploads_in(uploads)}
    manifest = Manifest(FORMAT, made_at, marker, {name: _sha256(path) for name, path in members.items()})
    partial = target.with_name(f"{target.name}.partial")
    try:
        with partial.open("wb") as file:
            partial.chmod(0o600)
            _write_members(file, manifest, members)
            file.flush()
            os.fsync(file.fileno())
        partial.rename(target)
    finally:
        partial.unlink(missing_ok=True)


def unpack(source: Path, into: Path) -> Manifest:
    """Unpack into an empty directory and compare every file. Raises LaunchError where anything is amiss."""
    try:
        with tarfile.open(source, "r:") as tar:
            tar.extractall(into, filter="data")
        manifest = Manifest(**json.loads((into / MANIFEST).read_text()))
    except (OSError, tarfile.TarError, ValueError, TypeError) as error:
        raise LaunchError(f"{source} is not a whole backup of CX Ops: {error}") from error
    if manifest.format != FORMAT:
        raise LaunchError(f"{source} has format {manifest.format}; this version reads {FORMAT}")
    for name, digest in manifest.files.items():
        if not (into / name).is_file() or _sha256(into / name) != digest:
            raise LaunchError(f"{source} is damaged: {name} is not what was backed up")
    return manifest


def _uploads_in(directory: Path) -> Mapping[str, Path]:
    files = (path for path in sorted(directory.rglob("*")) if path.is_file())
    return {f"{UPLOADS}/{path.relative_to(directory).as_posix()}": path for path in files}


def _write_members(file: IO[bytes], manifest: Manifest, members: Mapping[str, Path]) -> None:
    with tarfile.open(fileobj=file, mode="w") as tar:
        text = json.dumps(asdict(manifest), indent=1).encode()
        header = tarfile.TarInfo(MANIFEST)
        header.size = len(text)
        tar.addfile(header, BytesIO(text))
        for name, path in members.items():
            tar.add(path, arcname=name, recursive=False)


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
