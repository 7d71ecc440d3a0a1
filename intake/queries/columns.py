"""Columns that bring nothing: those that stay blank in every file, and those that no mapping reads."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.db.models import F, Sum

from core.models import User
from intake.enums import ImportStatus
from intake.models import FieldProfile, Import, Source
from intake.rules.mapping import unused_columns

# Files of so long are looked at.
LATELY = timedelta(days=28)


class Blank(NamedTuple):
    """A column that every one of so many rows `since` then left blank; `source` is its name."""

    source: str
    slug: str
    kind: str
    column: str
    rows: int
    since: datetime


class Unread(NamedTuple):
    """Columns of the newest file of a source and kind that are read into no field."""

    source: str
    slug: str
    kind: str
    columns: list[str]
    import_id: UUID


def blank_columns(until: datetime, source: Source | None = None) -> list[Blank]:
    """Of all sources, or of one: columns of which four weeks before `until` brought no value."""
    since = until - LATELY
    fields = FieldProfile.objects.filter(shipment__at__gte=since, shipment__at__lt=until)
    if source:
        fields = fields.filter(shipment__source=source)
    columns = fields.values_list("shipment__source__name", "shipment__source__slug", "shipment__kind", "field")
    blank = columns.annotate(all=Sum("rows"), none=Sum("blanks")).filter(all=F("none"), all__gt=0)
    found = blank.order_by("shipment__source__name", "shipment__kind", "field")
    return [Blank(name, slug, kind, column, rows, since) for name, slug, kind, column, rows, _none in found]


def unread_columns(user: User, until: datetime) -> list[Unread]:
    """What the newest file of each source and kind within four weeks brought that nothing reads."""
    taken = Import.objects.visible_to(user).exclude(status__in=(ImportStatus.DRAFT, ImportStatus.STOPPED))
    lately = taken.filter(created_at__gte=until - LATELY, created_at__lt=until).select_related("source")
    return unread_in(lately.exclude(mapping={}).order_by("source_id", "kind", "-id").distinct("source_id", "kind"))


def unread_in(files: Iterable[Import]) -> list[Unread]:
    """What nothing reads of the newest file of each source and kind among these, which begin with the newest.

    What a switch to a new feed took is no file: it has no mapping.
    """
    newest: dict[tuple[UUID, str], Import] = {}
    for of in files:
        if of.mapping:
            newest.setdefault((of.source_id, of.kind), of)
    found = ((of, unused_columns(of.dialect.get("header", []), of.mapping)) for of in newest.values())
    return [Unread(of.source.name, of.source.slug, of.kind, columns, of.pk) for of, columns in found if columns]
