"""One installation on disk: a directory that holds its data, its secret and who is running it."""

import fcntl
import hashlib
import json
import os
import secrets
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from cx_ops.launch.errors import LaunchError

ROOT = Path(__file__).resolve().parents[2]
SOCKET_DIR_LIMIT = 80  # a socket's whole path must stay below 108 bytes
OWNED_PARTS = ("postgres", "postgres.new", "valkey", "data", "log", "credentials.json", "static.json")


@dataclass(frozen=True)
class Running:
    """What a running launcher tells the others about itself."""

    pid: int
    database_url: str
    redis_url: str
    children: dict[str, int]


@dataclass(frozen=True)
class Instance:
    """The directory `root` and the names inside it."""

    root: Path

    @property
    def data(self) -> Path:
        """Uploads, mail and collected static files: CX_DATA_DIR."""
        return self.root / "data"

    @property
    def logs(self) -> Path:
        return self.root / "log"

    @property
    def credentials(self) -> Path:
        """The demo's log-ins, written by load_demo."""
        return self.root / "credentials.json"

    @property
    def running(self) -> Path:
        return self.root / "running.json"

    def prepare(self) -> None:
        self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.data.mkdir(exist_ok=True, mode=0o700)
        self.logs.mkdir(exist_ok=True)

    def wipe(self) -> None:
        """Remove the installation's data; the caller owns the instance."""
        for name in OWNED_PARTS:
            path = self.root / name
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
        self.prepare()

    def socket_dir(self) -> Path:
        """A short private directory for the sockets, since the path of a socket may not be long."""
        key = hashlib.sha256(str(self.root.resolve()).encode()).hexdigest()[:12]
        name = f"cx-ops-{os.geteuid()}-{key}"
        base = Path(tempfile.gettempdir())
        if len(str(base / name)) > SOCKET_DIR_LIMIT:
            base = Path("/tmp")  # noqa: S108
        path = base / name
        with suppress(FileExistsError):
            path.mkdir(mode=0o700)
        found = path.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
            raise LaunchError(f"{path} belongs to somebody else; set TMPDIR to a directory of your own")
        return path

    @property
    def is_production(self) -> bool:
        """Whether `./cx serve` made it."""
        return (self.root / "production").exists()

    def mark_production(self) -> None:
        self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        (self.root / "production").touch()

    def forget_sockets(self) -> None:
        """Remove what the servers left of their sockets; the caller has stopped them."""
        shutil.rmtree(self.socket_dir(), ignore_errors=True)

    def secret_key(self) -> str:
        """The instance's own secret, made once."""
        path = self.root / "secret_key"
        if not path.exists():
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(secrets.token_urlsafe(64))
        return path.read_text().strip()

    def announce(self, running: Running) -> None:
        partial = self.running.with_suffix(".partial")
        partial.write_text(json.dumps(vars(running)))
        partial.replace(self.running)

    def read_running(self) -> Running | None:
        try:
            return Running(**json.loads(self.running.read_text()))
        except (OSError, ValueError, TypeError):
            return None

    def try_to_own(self) -> IO[str] | None:
        """The open lock of the one launcher that runs this instance; None when another one holds it."""
        file = (self.root / "owner.lock").open("a")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return None
        self.running.unlink(missing_ok=True)
        return file

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Held by a command that borrows the services of another launcher."""
        with (self.root / "users.lock").open("a") as file:
            fcntl.flock(file, fcntl.LOCK_SH)
            yield

    def wait_for_borrowers(self) -> None:
        """A short command that owns the services lets those who borrow them finish first."""
        with (self.root / "users.lock").open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)


@contextmanager
def temporary_instance() -> Iterator[Instance]:
    """An instance that leaves nothing behind."""
    root = Path(tempfile.mkdtemp(prefix="cx-ops-"))
    instance = Instance(root)
    instance.prepare()
    try:
        yield instance
    finally:
        instance.forget_sockets()
        shutil.rmtree(root, ignore_errors=True)
