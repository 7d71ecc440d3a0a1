"""Rows about accounts that nobody knows: whose account ids they carry is tried with each source that has its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from itertools import islice
from uuid import UUID

import msgspec
from django.db import transaction

from core.text import clean_text
from intake.enums import ImportStatus, Landing
from intake.models import Import, Source
from intake.queries import namespace_of
from intake.rules import Kind, Result
from intake.rules.mapping import uses_from
from intake.services.chunks import cell_under, take_rows
from intake.services.files import dialect_from, rows_of
from intake.services.imports import arrival_of
from intake.services.kinds import find
from intake.services.rows import Plan, plan_of
from intake.services.uploads import stored_path

ACCOUNT = "account"
UNKNOWN_ACCOUNT = "unknown_account"
# So many rows say whose ids they are; so many sources are tried.
TRIED_ROWS = 200
MOST_SOURCES = 8


class Strangers(msgspec.Struct, frozen=True):
    """Rows of a draft about accounts that its source's ids do not name.

    `source`: the slug of the one whose ids would do, `name` its name, for `known` of `tried` rows; `""`: none would.
    `example`: an id of those, in `column`.
    """

    rows: int
    source: str = ""
    name: str = ""
    known: int = 0
    tried: int = 0
    example: str = ""
    column: str = ""


def find_strangers(of: Import, rows: int, unknown: int, now: datetime) -> Strangers | None:
    """What to say where most of a draft's rows (`unknown` of `rows`) are about accounts that nobody knows.

    `rows`: without those that are rejected for another reason. None where it is fewer, or where the rows are the
    accounts themselves.
    """
    kind = find(of.kind)
    if unknown * 2 <= rows or not any(field.startswith(f"{ACCOUNT}.") for field in kind.columns.values()):
        return None
    others = [] if _names_accounts(of.source) else _spaces(of.source)
    dialect = dialect_from(of.dialect)
    plan = plan_of(kind, dialect.header, uses_from(of.mapping))
    chunk = list(islice(rows_of(stored_path(of.stored_as), dialect), TRIED_ROWS))
    known = Counter({other: _known(_try(of, kind, plan, chunk, other.pk, now)) for other in others})
    best, count = known.most_common(1)[0] if known else (None, 0)
    if best is None or not count:
        results = _try(of, kind, plan, chunk, namespace_of(of.source), now)
        column = plan.columns.get(f"{ACCOUNT}.external_id", "")
        ids = (cell_under(column, dialect.header, row) for row, result in zip(chunk, results, strict=True)
               if _is_stranger(result))  # fmt: skip
        return Strangers(unknown, example=clean_text(next(filter(None, ids), ""))[:80], column=column)
    return Strangers(unknown, best.slug, best.name, count, len(chunk))


def _names_accounts(source: Source) -> bool:
    """Whether it has sent accounts under ids of its own, or others use its ids: then it keeps them."""
    files = Import.objects.filter(source=source, kind="accounts", status=ImportStatus.DONE)
    return files.exists() or Source.objects.filter(account_namespace=source).exists()


def _spaces(source: Source) -> list[Source]:
    others = Source.objects.systems().filter(is_active=True, account_namespace=None).exclude(pk=namespace_of(source))
    return list(others.exclude(pk=source.pk).order_by("name")[:MOST_SOURCES])


def _try(
    of: Import, kind: Kind, plan: Plan, chunk: Sequence[list[str]], space: UUID, now: datetime
) -> Sequence[Result]:
    """What would become of the rows under the ids of that source; tried, and taken back."""
    arrival = replace(arrival_of(of, now), namespace_id=space)
    with transaction.atomic():
        results = take_rows(of, kind, plan, chunk, arrival)
        transaction.set_rollback(True)
    return results


def _known(results: Sequence[Result]) -> int:
    """How many rows found their account."""
    return sum(result.status not in (Landing.PARKED, Landing.REJECTED) for result in results)


def _is_stranger(result: Result) -> bool:
    """Whether nobody knows the account of a row."""
    is_refused = result.status is Landing.REJECTED and result.errors[0].code == UNKNOWN_ACCOUNT
    return is_refused or result.status is Landing.PARKED
