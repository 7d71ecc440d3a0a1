"""Bringing the same file with django-import-export as its documentation does: a ModelResource, row by row."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import tablib
from django.utils import timezone
from import_export import fields, resources, widgets

from bench.book import Book
from bench.cost import Cost, measure
from core.bulk import execute, fetch_all
from insights.models import Insight, InsightType
from intake.models import Source


class AccountWidget(widgets.Widget):
    """The id of the account that the source calls so."""

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> Any:
        [(account,)] = fetch_all("SELECT account_id FROM accounts_accountkey WHERE value = %s", [value])
        return account


class ScoreResource(resources.ModelResource):
    account_id = fields.Field(column_name="account_id", attribute="account_id", widget=AccountWidget())
    type = fields.Field(
        column_name="insight_type", attribute="type", widget=widgets.ForeignKeyWidget(InsightType, "slug")
    )
    confidence = fields.Field(column_name="confidence", attribute="confidence", widget=widgets.DecimalWidget())

    class Meta:
        model = Insight
        import_id_fields = ("external_id",)
        fields: ClassVar[tuple[str, ...]] = (
            "external_id", "account_id", "type", "horizon_days", "scored_at", "confidence", "model", "model_version",
            "reason",
        )  # fmt: skip

    def before_import_row(self, row: Any, **kwargs: Any) -> None:
        row["scored_at"] = row["scored_at"].replace("T", " ").replace("Z", "")  # its widget refuses ISO times

    def before_save_instance(self, instance: Insight, row: Any, **kwargs: Any) -> None:
        instance.source_id = kwargs["source_id"]
        instance.accepted_at = timezone.now()


def bring(path: Path, book: Book, rows: int, runs: int) -> Iterator[Cost]:
    """The first `rows` rows of the file, imported `runs` times."""
    with path.open() as stream:
        header, *lines = [line.rstrip("\n") for line, _ in zip(stream, range(rows + 1), strict=False)]
    # It wants a key of its own in the file.
    head = "\n".join([f"{header},external_id", *(f"{line},{number}" for number, line in enumerate(lines)), ""])
    source = Source.objects.get(id=book.source_id)
    for _ in range(runs):
        execute("SET cx_ops.may_rewrite = 'yes'")
        execute("TRUNCATE insights_insight CASCADE")
        execute("RESET cx_ops.may_rewrite")

        def once() -> None:
            data = tablib.Dataset().load(head, format="csv")
            found = ScoreResource().import_data(data, raise_errors=True, source_id=source.id)
            assert not found.has_errors()

        yield measure(once, rows=rows, processes=[])
