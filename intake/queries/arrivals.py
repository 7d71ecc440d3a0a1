"""What is known about sources."""

from __future__ import annotations

from codecs import getincrementalencoder
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Count, Min, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _
from msgspec.structs import replace

from core.export import csv_line
from core.models import User
from intake.enums import ImportStatus, Landing, Scope
from intake.models import ApiToken, Import, Record, RejectedRow, RowWarning, Source
from intake.rules.warned import OURS, REASON, REPEATED, ROW, SHOWN_VALUES, Warned, add_up_warnings


def namespace_of(source: Source) -> UUID:
    """The source whose account ids `source` uses."""
    return source.account_namespace_id or source.id


def find_namespaces(slugs: Iterable[str]) -> dict[str, UUID]:
    """The namespace of each source called by its slug; unknown ones are left out."""
    wanted = set(slugs)
    if not wanted:
        return {}
    return {source.slug: namespace_of(source) for source in Source.objects.filter(slug__in=wanted)}


def records_by_id(ids: Iterable[UUID]) -> dict[UUID, Record]:
    """What is known of these records as they came, with their sources and without what they say."""
    found = Record.objects.filter(pk__in=list(ids)).select_related("source").defer("payload")
    return {record.pk: record for record in found}


def visible_imports(user: User) -> QuerySet[Import]:
    """Files that `user` may see, with what a list shows of them."""
    return Import.objects.visible_to(user).select_related("source", "created_by", "mends")


def with_cells_left_out(imports: QuerySet[Import]) -> QuerySet[Import]:
    """Files with `cells_left_out`: how many cells their rows were taken without."""
    cells = RowWarning.objects.filter(of=OuterRef("pk")).order_by().values("of").annotate(n=Count("pk")).values("n")
    return imports.annotate(cells_left_out=Coalesce(Subquery(cells), 0))


def files_without_rows(user: User, source: Source) -> QuerySet[Import]:
    """Files of a source from which nothing has come: they failed, wait, or were taken back."""
    return visible_imports(user).filter(source=source, shipment=None).exclude(status=ImportStatus.DONE)


def line_of(of: Import, row: int) -> int:
    """The line at which a spreadsheet shows that row of a file without blank lines: below the header and any title."""
    return row + 1 + int(of.dialect.get("title", 0))


def rejected_rows(of: Import) -> Iterator[list[str]]:
    """The rows that were not taken, to mend and send again, the header first: original columns, why, of which file.

    Rows of a file that was mended already keep the line and the file that they came back from first.
    """
    header = [str(name) for name in of.dialect.get("header", [])]
    kept = [at for at, name in enumerate(header) if name not in OURS]
    at_row = header.index(ROW) if of.mends_id and ROW in header else -1
    yield [*(header[at] for at in kept), *OURS]
    for row in RejectedRow.objects.filter(of=of).order_by("row").iterator(2000):
        cells = [str(cell) for cell in row.cells][: len(header)]
        cells += [""] * (len(header) - len(cells))
        line = str(line_of(of, row.row)) if at_row < 0 else cells[at_row]
        why = (line, row.column, row.code, row.message, row.value, str(of.mends_id or of.id))
        yield [*(cells[at] for at in kept), *why]


def rejected_as_csv(of: Import) -> Iterator[str]:
    """The rows that were not taken as a file for programs: commas, UTF-8."""
    return map(csv_line, rejected_rows(of))


def rejected_as_sent(of: Import) -> Iterator[bytes]:
    """The rows that were not taken, with the delimiter and in the encoding of the file that they came in."""
    encode = getincrementalencoder(str(of.dialect.get("encoding") or "utf-8-sig"))("replace").encode
    delimiter = str(of.dialect.get("delimiter") or ",")
    for row in rejected_rows(of):
        yield encode(csv_line(row, delimiter))


@dataclass(frozen=True)
class Mended:
    """How many rejected rows of a file were taken since, and with which files, each with its count."""

    rows: int
    of: int
    files: list[tuple[UUID, str, int]]


def mended_rows(of: Import) -> Mended | None:
    """What became of a file's rejected rows; None where none of them was taken since."""
    rows = RejectedRow.objects.filter(of=of, mended_by__isnull=False).values_list("mended_by", "mended_by__filename")
    files = list(rows.annotate(count=Count("id")).order_by("mended_by"))
    taken = sum(count for _id, _name, count in files)
    return Mended(taken, of.counts.get(Landing.REJECTED.value, 0), files) if taken else None


def warnings_of(of: Import) -> list[Warned]:
    """What was left out of rows that were taken, by column and reason."""
    rows = RowWarning.objects.filter(of=of).exclude(code=REPEATED).values_list("column", "code", "value")
    found = rows.annotate(said=Min("message"), count=Count("id")).order_by("-count", "value")
    lines = add_up_warnings((column, code, said, value, count) for column, code, value, said, count in found)
    return [*lines, *_repeats_of(of)]


def _repeats_of(of: Import) -> list[Warned]:
    """The first rows that took the place of others, and how many did."""
    rows = RowWarning.objects.filter(of=of, code=REPEATED).order_by("row")
    shown = rows.values_list("column", "code", "message", "value")[:SHOWN_VALUES]
    lines = add_up_warnings(as_counted(*row, 1) for row in shown)
    count = rows.count() if len(shown) == SHOWN_VALUES else len(shown)
    return [replace(line, rows=count, more=count - line.rows) for line in lines]


def as_counted(column: str, code: str, message: str, value: str, count: int) -> tuple[str, str, str, str, int]:
    """A warning of a row as it is added up to others; each row that takes the place of another keeps its sentence."""
    if code != REPEATED:
        return column, code, message, value, count
    return column, code, _("Some ids stand in more than one row: what the last row says counts."), message, count


def warned_as_csv(of: Import) -> Iterator[str]:
    """The cells that were left out of rows which were taken, and why."""
    yield csv_line(REASON)
    for row in RowWarning.objects.filter(of=of).order_by("row", "id").iterator(2000):
        yield csv_line([str(line_of(of, row.row)), row.column, row.code, row.message, row.value])


# A token that ends so soon is pointed out.
SOON = timedelta(days=14)


@dataclass(frozen=True)
class TokenLine:
    """A token and how it stands: `tone` and `words` for a badge."""

    token: ApiToken
    words: str
    tone: str
    is_live: bool

    @property
    def scopes(self) -> list[str]:
        return [str(Scope(scope).label) for scope in self.token.scopes if scope in Scope.values]


def token_lines(now: datetime) -> list[TokenLine]:
    """All tokens, the newest first."""
    tokens = ApiToken.objects.select_related("source", "created_by").order_by("-id")
    return [TokenLine(token, *_state_of(token, now)) for token in tokens]


def _state_of(token: ApiToken, now: datetime) -> tuple[str, str, bool]:
    """(words, tone, does it still work)."""
    if token.revoked_at:
        return _("Revoked"), "bad", False
    if token.expires_at and token.expires_at <= now:
        return _("Expired"), "", False
    if not token.source.is_active:
        return _("Source is off"), "warn", True
    if token.expires_at and token.expires_at <= now + SOON:
        return _("Expires soon"), "warn", True
    return _("Works"), "good", True
