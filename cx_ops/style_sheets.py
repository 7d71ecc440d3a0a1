"""The style sheets as they are served.

In the tree a sheet imports its parts by `@import "part.css";`, and browsers follow that in the tests. Collected, it
holds them in place, without comments and indentation: a page loads one file for what all pages share and one for
what is its own, and both compress well (10 KB a page is the most).
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from whitenoise.storage import CompressedManifestStaticFilesStorage

OURS = "css/"
IMPORT = re.compile(r'@import "([^"]+)";')
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
SPACE = re.compile(r"\s+")
# The names in the imports of our scripts are hashed like those in `url(…)`; other packages' scripts are left alone.
OUR_MODULES = ("js/*.js", ((r"""(?P<matched>from "(?P<url>\./.*?)";)""", """from "%(url)s";"""),))
AROUND = re.compile(r" ?([{};,]) ?")


class MissingPart(LookupError):
    """A style sheet imports what is not there."""


def served(name: str, sheets: Mapping[str, str]) -> str:
    """The sheet `name` as it is sent; `sheets` are all of them by name. Raises MissingPart."""
    text = SPACE.sub(" ", COMMENT.sub("", _whole(name, sheets)))
    return AROUND.sub(r"\1", text).replace(";}", "}").strip() + "\n"


def _whole(name: str, sheets: Mapping[str, str]) -> str:
    def part(found: re.Match[str]) -> str:
        wanted = posixpath.normpath(posixpath.join(posixpath.dirname(name), found[1]))
        if wanted not in sheets:
            raise MissingPart(f"{name} imports {wanted}, which is not there: add the file or take the line out")
        return _whole(wanted, sheets)

    return IMPORT.sub(part, sheets[name])


class StyleSheetStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Hashed names and compressed files, as WhiteNoise makes them, of style sheets that hold their parts."""

    patterns = (*CompressedManifestStaticFilesStorage.patterns, OUR_MODULES)

    def post_process(self, paths: dict[str, Any], dry_run: bool = False, **options: Any) -> Iterator[Any]:
        ours = [] if dry_run else [name for name in paths if name.startswith(OURS) and name.endswith(".css")]
        sheets = {name: _read(*paths[name]) for name in ours}
        for name in ours:
            Path(self.path(name)).write_text(served(name, sheets), encoding="utf-8")
        yield from super().post_process({**paths, **{name: (self, name) for name in ours}}, dry_run=dry_run, **options)


def _read(storage: Any, path: str) -> str:
    with storage.open(path) as file:
        return str(file.read().decode("utf-8"))
