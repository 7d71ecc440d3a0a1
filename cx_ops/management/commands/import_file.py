"""`manage.py import_file PATH --kind scores --source slug [--wait]`: the same door as an upload."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core.bulk import database_now
from intake.models import Import, Source
from intake.services import ImportRefused, UnknownKind, run_import, start_import

BLOCK = 1 << 20


class Command(BaseCommand):
    help = "Import a CSV file (plain or gzip) of accounts, scores, orders, contacts, contracts or activities."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", type=Path)
        parser.add_argument("--kind", required=True)
        parser.add_argument("--source", required=True, help="the slug of the source that the rows come from")
        parser.add_argument("--wait", action="store_true", help="do it here and now, not in a worker")
        parser.add_argument("--now", type=datetime.fromisoformat, help="the time it counts as having arrived")

    def handle(self, *args: Any, **options: Any) -> None:
        source = Source.objects.filter(slug=options["source"], is_active=True).first()
        if source is None:
            known = ", ".join(Source.objects.filter(is_active=True).values_list("slug", flat=True))
            raise CommandError(f"There is no source {options['source']!r}. There are: {known or 'none yet'}.")
        if options["now"] is not None and options["now"].tzinfo is None:
            raise CommandError("Give --now with its zone, such as 2026-11-22T06:00:00Z.")
        now = options["now"] or database_now()
        try:
            made = start_import(
                file=_blocks(options["path"]), filename=options["path"].name, kind=options["kind"],
                source=source, by=None, now=now, actor="import_file",
            )  # fmt: skip
        except (ImportRefused, UnknownKind, OSError) as refused:
            raise CommandError(str(refused)) from None
        if options["wait"]:
            made = run_import(made.id, options["now"])
        self.stdout.write(_summary(made))
        if made.status == "failed":
            raise CommandError(made.message)


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        while block := stream.read(BLOCK):
            yield block


def _summary(made: Import) -> str:
    counts = ", ".join(f"{count} {status}" for status, count in sorted(made.counts.items()))
    return f"{made.id} {made.status}: {made.rows_done} rows. {counts} {made.message}".strip()
