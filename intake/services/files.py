"""Reading a delimited text file of unknown make: encoding, dialect, header, rows. Nothing here knows what it holds."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.utils.translation import gettext as _

GZIP = b"\x1f\x8b"
DELIMITERS = ",;\t|"
MOST_COLUMNS = 200
BLOCK = 1 << 20
LONGEST_HEADER = 1 << 16


class FileRefused(Exception):
    """The file cannot be taken as it is; says what to do. Nothing of it was."""


@dataclass(frozen=True)
class Dialect:
    """How a file is written, as found."""

    encoding: str
    delimiter: str
    packed: bool
    header: list[str]
    ignored: list[str]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


class _Capped(io.RawIOBase):
    """A byte stream that refuses to give more than it may: a small file must not unpack to a huge one."""

    def __init__(self, stream: IO[bytes], most: int) -> None:
        self._stream, self._left = stream, most

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._stream.read(len(buffer))
        self._left -= len(data)
        if self._left < 0:
            raise FileRefused(_("The file is larger than may be unpacked. Split it into several files."))
        buffer[: len(data)] = data
        return len(data)


@contextmanager
def open_bytes(path: Path) -> Iterator[IO[bytes]]:
    """The file's bytes, unpacked where it is gzip."""
    with path.open("rb") as plain:
        packed = plain.read(2) == GZIP
        plain.seek(0)
        if not packed:
            yield plain
            return
        with gzip.GzipFile(fileobj=plain) as unpacked:
            capped = _Capped(unpacked, settings.CX_IMPORT_MAX_UNPACKED)  # type: ignore[arg-type]
            yield io.BufferedReader(capped, BLOCK)


def look_at(path: Path, known: Collection[str]) -> Dialect:
    """Encoding, delimiter and header of a file; `known` are the column names that somebody hopes for.

    Reads it once, to the end, for its encoding. Raises `FileRefused`.
    """
    try:
        encoding, start = _encoding_of(path)
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise FileRefused(_("The file is cut off: it ends before its packing does. Export it again.")) from None
    line = start.decode(encoding, errors="ignore").lstrip("\ufeff")
    if not line.strip():
        raise FileRefused(_("The file is empty."))
    delimiter, header = _header_of(line, known)
    with path.open("rb") as plain:
        packed = plain.read(2) == GZIP
    ignored = [name for name in header if name and name not in known and not name.startswith("_")]
    return Dialect(encoding, delimiter, packed, header, ignored)


def _encoding_of(path: Path) -> tuple[str, bytes]:
    """The encoding, and the beginning of the file."""
    with open_bytes(path) as stream:
        start = stream.read(LONGEST_HEADER)
        if start.startswith((b"\xff\xfe", b"\xfe\xff")):
            return "utf-16", start
        if b"\0" in start:
            raise FileRefused(_("This is not a text file that we can read. Save it as CSV in UTF-8."))
    if _decodes(path, "utf-8-sig"):
        return "utf-8-sig", start
    if _decodes(path, "cp1252"):
        return "cp1252", start
    raise FileRefused(_("The encoding of this file is not known. Save it as CSV in UTF-8."))


def _decodes(path: Path, encoding: str) -> bool:
    try:
        with open_bytes(path) as stream:
            text = io.TextIOWrapper(stream, encoding=encoding, newline="")
            while text.read(BLOCK):
                pass
            text.detach()
    except UnicodeDecodeError:
        return False
    return True


def _header_of(start: str, known: Collection[str]) -> tuple[str, list[str]]:
    """The delimiter under which the first line has most of the known names, and the line's names."""

    def names(delimiter: str) -> list[str]:
        rows = csv.reader(io.StringIO(start, newline=""), delimiter=delimiter)
        try:
            return [name.strip() for name in next(row for row in rows if any(row))]
        except (csv.Error, StopIteration):
            return []

    def fit(delimiter: str) -> tuple[int, int]:
        found = names(delimiter)
        return len(set(found) & set(known)), len(found)

    delimiter = max(DELIMITERS, key=fit)
    header = names(delimiter)
    if len(header) > MOST_COLUMNS:
        text = _("The file has %(count)d columns; at most %(most)d are read.")
        raise FileRefused(text % {"count": len(header), "most": MOST_COLUMNS})
    twice = sorted({name for name in header if name in known and header.count(name) > 1})
    if twice:
        raise FileRefused(_("The column “%s” occurs twice. Keep one of them.") % twice[0])
    return delimiter, header


def rows_of(path: Path, dialect: Dialect) -> Iterator[list[str]]:
    """The rows after the header, blank lines left out. Raises `FileRefused` where the file is broken."""
    with open_bytes(path) as stream:
        text = io.TextIOWrapper(stream, encoding=dialect.encoding, newline="")
        reader = csv.reader(text, delimiter=dialect.delimiter, strict=True)
        try:
            header_seen = False
            for row in reader:
                if not any(row):
                    continue
                if header_seen:
                    yield row
                header_seen = True
        except csv.Error as error:
            raise FileRefused(_broken(str(error), reader.line_num)) from None
        except (EOFError, gzip.BadGzipFile, zlib.error):
            raise FileRefused(_("The file is cut off: it ends before its packing does. Export it again.")) from None


def _broken(error: str, line: int) -> str:
    if "unexpected end" in error:
        return _("The file is cut off: a quoted cell does not end. Export it again.")
    if "field larger" in error:
        return _("A cell in line %d is too large.") % line
    return _("The quotes in line %d are broken: a quote inside a cell is written twice.") % line


def count_rows(path: Path, dialect: Dialect) -> int:
    """How many rows there are; raises `FileRefused` when the file is cut off or broken anywhere."""
    count, last = 0, dialect.header
    for row in rows_of(path, dialect):
        count, last = count + 1, row
    if len(last) < len(dialect.header) and not _ends_with_newline(path):
        raise FileRefused(_("The file is cut off: its last line is incomplete. Export it again."))
    if count == 0:
        raise FileRefused(_("The file has a header and no rows."))
    return count


def _ends_with_newline(path: Path) -> bool:
    last = b""
    with open_bytes(path) as stream:
        while block := stream.read(BLOCK):
            last = block
    return last.rstrip(b"\0").endswith((b"\n", b"\r"))


def dialect_from(found: dict[str, Any]) -> Dialect:
    """What `Dialect.as_json` gave."""
    return Dialect(**found)


def chunked(rows: Iterator[list[str]], size: int) -> Iterator[Sequence[list[str]]]:
    """`rows` in lists of at most `size`."""
    chunk: list[list[str]] = []
    for row in rows:
        chunk.append(row)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
