#!/usr/bin/env python3
"""Keep the front-end files of other projects under static/vendor, pinned and checked.

    python scripts/vendor_assets.py fetch   download the pinned npm tarballs and rewrite files and lock
    python scripts/vendor_assets.py check   offline: every file present, unchanged, and no file too many

The lock holds the tarball's sha512 as computed from the download, and a sha384 of each file as
computed from the file: a hash printed by a project is not always the hash of what it ships.
"""

import argparse
import base64
import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import TypedDict

VENDOR = Path(__file__).resolve().parent.parent / "static" / "vendor"
LOCK_NAME = "assets.lock"

# package, version, {path inside the tarball: path under static/vendor}
ASSETS: list[tuple[str, str, dict[str, str]]] = [
    (
        "htmx.org",
        "4.0.1",
        {
            "package/dist/htmx.min.js": "htmx/htmx.min.js",
            "package/dist/ext/hx-ptag.min.js": "htmx/hx-ptag.min.js",
            "package/LICENSE": "htmx/LICENSE",
        },
    ),
]


class LockedPackage(TypedDict):
    """One npm package: `files` maps a path under static/vendor to its `sha384-…` digest."""

    package: str
    version: str
    tarball_sha512: str
    files: dict[str, str]


class VendorError(Exception):
    """A tarball or a vendored file is not what the lock says."""


def digest(algorithm: str, content: bytes) -> str:
    """Return the digest in the form of subresource integrity, for example `sha384-<base64>`."""
    return f"{algorithm}-{base64.b64encode(hashlib.new(algorithm, content).digest()).decode()}"


def read_lock(vendor: Path) -> list[LockedPackage]:
    """Return the locked packages, none where there is no lock yet."""
    path = vendor / LOCK_NAME
    if not path.exists():
        return []
    packages: list[LockedPackage] = json.loads(path.read_text())
    return packages


def download(package: str, version: str, folder: Path) -> bytes:
    """Return the tarball of a package, downloaded by npm.

    Raises VendorError where it differs from the registry's own integrity value.
    """
    command = ["npm", "pack", f"{package}@{version}", "--json", "--silent"]
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    described = json.loads(done.stdout)[0]
    filename: str = described["filename"]
    tarball = (folder / filename).read_bytes()
    if digest("sha512", tarball) != described["integrity"]:
        raise VendorError(f"{package}@{version}: the tarball differs from the registry's integrity value")
    return tarball


def unpack(tarball: Path, wanted: dict[str, str], vendor: Path) -> dict[str, str]:
    """Write the wanted members under `vendor` and return their digests by path."""
    digests: dict[str, str] = {}
    with tarfile.open(tarball) as archive:
        for member, path in wanted.items():
            source = archive.extractfile(member)
            if source is None:
                raise VendorError(f"{member} is not a file in {tarball.name}")
            content = source.read()
            target = vendor / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
            digests[path] = digest("sha384", content)
    return digests


def fetch(vendor: Path) -> None:
    """Download every pinned package; a version already locked must have the locked sha512."""
    locked = {(entry["package"], entry["version"]): entry["tarball_sha512"] for entry in read_lock(vendor)}
    packages: list[LockedPackage] = []
    for package, version, wanted in ASSETS:
        with tempfile.TemporaryDirectory() as folder:
            content = download(package, version, Path(folder))
            sha512 = digest("sha512", content)
            if locked.get((package, version), sha512) != sha512:
                raise VendorError(f"{package}@{version}: the tarball is no longer the one that was locked")
            tarball = Path(folder) / "package.tgz"
            tarball.write_bytes(content)
            files = unpack(tarball, wanted, vendor)
        packages.append({"package": package, "version": version, "tarball_sha512": sha512, "files": files})
    (vendor / LOCK_NAME).write_text(json.dumps(packages, indent=2) + "\n")


def find_problems(vendor: Path) -> list[str]:
    """Return one sentence per missing, changed, extra or unpinned file; empty means all is well."""
    locked = read_lock(vendor)
    expected = {path: sha for entry in locked for path, sha in entry["files"].items()}
    present = {
        file.relative_to(vendor).as_posix(): file
        for file in vendor.rglob("*")
        if file.is_file() and file.name != LOCK_NAME
    }
    pinned = [(package, version, sorted(wanted.values())) for package, version, wanted in ASSETS]
    problems = []
    if [(entry["package"], entry["version"], sorted(entry["files"])) for entry in locked] != pinned:
        problems.append(f"{LOCK_NAME} and the pins in this script differ: run fetch")
    problems += [f"{path}: missing" for path in sorted(expected.keys() - present.keys())]
    problems += [f"{path}: not in {LOCK_NAME}" for path in sorted(present.keys() - expected.keys())]
    problems += [
        f"{path}: changed"
        for path in sorted(expected.keys() & present.keys())
        if digest("sha384", present[path].read_bytes()) != expected[path]
    ]
    return problems


def main(arguments: list[str] | None = None) -> int:
    """Run `fetch` or `check`; return the exit code."""
    parser = argparse.ArgumentParser(description="Pinned front-end files of other projects")
    parser.add_argument("command", choices=["fetch", "check"])
    parser.add_argument("--vendor", type=Path, default=VENDOR, help="the folder of vendored files")
    options = parser.parse_args(arguments)
    if options.command == "fetch":
        fetch(options.vendor)
    problems = find_problems(options.vendor)
    sys.stderr.writelines(f"{problem}\n" for problem in problems)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
