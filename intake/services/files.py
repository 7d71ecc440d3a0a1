"""Reading a delimited text file of unknown make: encoding, dialect, header, rows. Nothing here knows what it holds."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import re
import zlib
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from core.text import clean_text
from intake.rules.kinds import key_of
from intake.rules.mapping import split_zone

GZIP = b"\x1f\x8b"
DELIMITERS = ",;\t|"
MOST_COLUMNS = 200
LONGEST_NAME = 1000
BLOCK = 1 << 20
LONGEST_HEADER = 1 << 16
LONGEST_LINE = 1 << 22
MOST_TITLES = 3
_SORTED = re.compile(r"[\s▲▼△▽↑↓⇅⬆⬇]+$|^[▲▼△▽↑↓⇅⬆⬇\s]+")


# What somebody may send as a table, and how it begins; a table does not.
NO_TABLES = (
    (re.compile(r"%PDF-"), _lazy("This is a PDF. Export the table as CSV or .xlsx, and send that.")),
    (re.compile(r"\s*<(?:!doctype|html|\?xml|table|meta)\b", re.IGNORECASE),
     _lazy("This is a web page or XML, whatever it is called. Save it as CSV or .xlsx, and send that.")),
    (re.compile(r"\s*(?:\[\s*[{\[]|{\s*\")"), _lazy("This is JSON. Send it to the API, or export it as CSV.")),
)  # fmt: skip
# Excel's own first line, by which it knows what a file's cells are apart by.
_SEP = re.compile(r'\A"?sep=(.)"?[^\S\t]*(?:\r\n|\r|\n)', re.IGNORECASE)
MIXED = "utf-8 with cp1252"
_ESCAPED = re.compile("[\udc80-\udcff]")  # a byte that is no UTF-8


class FileRefused(Exception):
    """The file cannot be taken as it is; says what to do. Nothing of it was."""


@dataclass(frozen=True)
class Dialect:
    """How a file is written, as found. `title`: rows before the header; `notes`: what a person should know."""

    encoding: str
    delimiter: str
    packed: bool
    header: list[str]
    title: int = 0
    notes: list[str] = field(default_factory=list)

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


def look_at(path: Path, known: Collection[str], notes: Sequence[str] = ()) -> Dialect:
    """Encoding, delimiter and header of a file; `known` are the names of columns (`key_of`) that somebody hopes for.

    Reads it once, to the end, for its encoding. Raises `FileRefused`.
    """
    try:
        encoding, start = _encoding_of(path)
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise FileRefused(_("The file is cut off: it ends before its packing does. Export it again.")) from None
    named, errors = _codec_of(encoding)
    line = start.decode(named, errors if encoding == MIXED else "ignore").lstrip("\ufeff").replace("\0", "")
    if not line.strip():
        raise FileRefused(_("The file is empty."))
    for sign, words in NO_TABLES:
        if sign.match(line):
            raise FileRefused(words)
    own = _SEP.match(line)
    delimiter, title, header = _header_of(line[own.end() :] if own else line, known, own[1] if own else DELIMITERS)
    said = list(notes)
    if title:
        said.append(_("The first line is a title, not the header: it was left out."))
    if encoding == "cp1252":
        said.append(_("Read as Windows-1252, since it is not UTF-8: look whether accents came out right."))
    if encoding == MIXED:
        said.append(_("Most of it is UTF-8, the rest was read as Windows-1252: look whether accents came out right."))
    with path.open("rb") as plain:
        packed = plain.read(2) == GZIP
    return Dialect(encoding, delimiter, packed, header, title + bool(own), said)


def _encoding_of(path: Path) -> tuple[str, bytes]:
    """The encoding, and the beginning of the file."""
    with open_bytes(path) as stream:
        start = stream.read(LONGEST_HEADER)
    if start.startswith((b"\xff\xfe", b"\xfe\xff")) and not start.startswith(codecs.BOM_UTF32_LE):
        if not _decodes(path, "utf-16"):
            raise FileRefused(_("The file is damaged: it ends within a character. Export it again."))
        return "utf-16", start
    if start.count(b"\0") * 50 > len(start):  # a few are left out
        raise FileRefused(_("This is not a text file that we can read. Save it as CSV in UTF-8."))
    if _decodes(path, "utf-8-sig"):
        return "utf-8-sig", start
    if _is_mixed(path):
        return MIXED, start
    if _decodes(path, "cp1252"):
        return "cp1252", start
    raise FileRefused(_("The encoding of this file is not known. Save it as CSV in UTF-8."))


def _decodes(path: Path, encoding: str) -> bool:
    try:
        with open_bytes(path) as stream:
            text = _text_of(stream, encoding)
            while text.read(BLOCK):
                pass
            text.detach()
    except UnicodeError:
        return False
    return True


def _is_mixed(path: Path) -> bool:
    """Whether a file that is not all UTF-8 is mostly: where one system pasted what another wrote."""
    read, unread = 0, 0
    with open_bytes(path) as stream:
        text = io.TextIOWrapper(stream, encoding="utf-8", errors="surrogateescape", newline="")
        while block := text.read(BLOCK):
            escaped = len(_ESCAPED.findall(block))
            unread += escaped
            read += len(block) - len(block.encode("ascii", "ignore")) - escaped
        text.detach()
    return read > unread


def _as_cp1252(error: UnicodeError) -> tuple[str, int]:
    """The one byte that is no UTF-8, as Windows-1252 has it."""
    assert isinstance(error, UnicodeDecodeError)  # noqa: S101 - narrows the type
    return error.object[error.start : error.start + 1].decode("cp1252", "replace"), error.start + 1


codecs.register_error("cx_cp1252", _as_cp1252)


def _codec_of(encoding: str) -> tuple[str, str]:
    """The name of a codec, and what it does with what it cannot read."""
    return ("utf-8-sig", "cx_cp1252") if encoding == MIXED else (encoding, "strict")


def _text_of(stream: IO[bytes], encoding: str) -> io.TextIOWrapper:
    named, errors = _codec_of(encoding)
    return io.TextIOWrapper(stream, encoding=named, errors=errors, newline="")


def _header_of(start: str, known: Collection[str], delimiters: str) -> tuple[str, int, list[str]]:
    """The delimiter under which a line has most of the known names, the rows before that line, and its names."""
    best: tuple[tuple[int, int], str, int, list[str]] = ((-1, -1), delimiters[0], 0, [])
    for delimiter in delimiters:
        for at, row in enumerate(_first_rows(start, delimiter)):
            named = {key_of(name) for name in row} | {key_of(split_zone(name)[0]) for name in row}
            fit = (len(named & set(known)), len(row) if at == 0 else 0)
            if fit > best[0] and (at == 0 or fit[0] > 1):
                best = (fit, delimiter, at, row)
    _fit, delimiter, title, row = best
    header = unique_names(row)
    if len(header) > MOST_COLUMNS:
        text = _("The file has %(count)d columns; at most %(most)d are read.")
        raise FileRefused(text % {"count": len(header), "most": MOST_COLUMNS})
    if any(len(name) > LONGEST_NAME for name in header):
        raise FileRefused(_("The first line is too long to hold the names of columns. Is it really a CSV file?"))
    return delimiter, title, header


def _first_rows(start: str, delimiter: str) -> list[list[str]]:
    """The first rows that are not blank; without empty cells at their ends."""
    rows = csv.reader(io.StringIO(start, newline=""), delimiter=delimiter, skipinitialspace=True)
    found: list[list[str]] = []
    try:
        for row in rows:
            while row and not row[-1].strip("\ufeff \t"):
                row.pop()
            if row:
                found.append(row)
            if len(found) > MOST_TITLES:
                break
    except csv.Error:
        pass
    return found


def unique_names(row: Sequence[str]) -> list[str]:
    """Names of columns without signs of sorting; the second `Phone` is `Phone (2)`."""
    names: list[str] = []
    seen: Counter[str] = Counter()
    for cell in row:
        name = _SORTED.sub("", clean_text(cell).replace("\ufeff", "")).strip()
        seen[name] += 1
        names.append(f"{name} ({seen[name]})" if name and seen[name] > 1 else name)
    return names


def rows_of(path: Path, dialect: Dialect) -> Iterator[list[str]]:
    """The rows after the header, blank lines left out. Raises `FileRefused` where the file is broken."""
    with open_bytes(path) as stream:
        lines = _lines(_text_of(stream, dialect.encoding))
        reader = csv.reader(lines, delimiter=dialect.delimiter, strict=True, skipinitialspace=True)
        try:
            before = dialect.title + 1
            while before and (row := next(reader, None)) is not None:
                before -= any(cell.strip() for cell in row)
            yield from filter(any, reader)
        except csv.Error as error:
            raise FileRefused(_broken(str(error), reader.line_num)) from None
        except UnicodeError:
            raise FileRefused(_("The file is damaged: it ends within a character. Export it again.")) from None
        except (EOFError, gzip.BadGzipFile, zlib.error):
            raise FileRefused(_("The file is cut off: it ends before its packing does. Export it again.")) from None


def _lines(text: io.TextIOWrapper) -> Iterator[str]:
    """Lines, none of them longer than may be held in memory."""
    while line := text.readline(LONGEST_LINE):
        if len(line) == LONGEST_LINE:
            raise FileRefused(_("A line of this file is too long to be a row. Is it really a CSV file?"))
        yield line.replace("\0", "") if "\0" in line else line


def _broken(error: str, line: int) -> str:
    if "unexpected end" in error:
        return _("The file is cut off: a quoted cell does not end. Export it again.")
    if "field larger" in error:
        return _("A cell that reaches to line %d is too large. Is a quote before it not closed?") % line
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
    """What `Dialect.as_json` gave, now or in an earlier release."""
    return Dialect(**{name: value for name, value in found.items() if name != "ignored"})


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
