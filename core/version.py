"""The version of the code, as it is written into decisions."""

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path


def _version() -> str:
    try:
        return version("cx-ops")
    except PackageNotFoundError:
        text = (Path(__file__).resolve().parent.parent / "pyproject.toml").read_text()
        return text.split('version = "', 1)[1].split('"', 1)[0]


CODE_VERSION = _version()
