"""`manage.py import_file PATH --source slug [--kind accounts] [--dry-run | --preview | --wait]`, `--undo ID`."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from core.bulk import database_now
from core.models import User
from intake.models import Import, Source
from intake.services import ImportRefused, UnknownKind, run_import, start_import
from intake.services.drafts import Preview, draft_import, preview_of
from intake.services.reading import columns_of
from intake.services.undoing import undo_import
from intake.services.uploads import read_mapping, stored_path

BLOCK = 1 << 20


class Command(BaseCommand):
    help = "Import a CSV or XLSX file: its kind and columns are seen from the file, or are as the source's last time."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", type=Path, nargs="?")
        parser.add_argument("--kind", default="", help="accounts, scores, …; left out: seen from the file")
        parser.add_argument("--source", help="the slug of the source that the rows come from")
        parser.add_argument(
            "--mapping", default="", help="JSON, or a file of it: your column → ours, or → {to, form, …}"
        )
        parser.add_argument("--preset", default="", help="a known system's export, such as HubSpot")
        parser.add_argument("--wait", action="store_true", help="do it here and now, not in a worker")
        parser.add_argument("--dry-run", action="store_true", help="say what it would do, and leave nothing behind")
        parser.add_argument("--preview", action="store_true", help="say what it would do, and leave it to be confirmed")
        parser.add_argument("--undo", type=UUID, metavar="ID", help="take an import back")
        parser.add_argument("--by", help="user name of whoever takes it back")
        parser.add_argument("--now", type=datetime.fromisoformat, help="the time it counts as having arrived")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["now"] is not None and options["now"].tzinfo is None:
            raise CommandError("Give --now with its zone, such as 2026-11-22T06:00:00Z.")
        now = options["now"] or database_now()
        try:
            if options["undo"]:
                self._undo(options["undo"], options["by"], now)
            elif options["path"] is None:
                raise CommandError("Name a file, or an import with --undo.")
            else:
                self._bring(options, now)
        except (ImportRefused, UnknownKind, OSError) as refused:
            raise CommandError(str(refused)) from None

    def _bring(self, options: dict[str, Any], now: datetime) -> None:
        path, source = options["path"], _source(options["source"])
        terms: dict[str, Any] = {
            "file": _blocks(path), "filename": path.name, "kind": options["kind"], "source": source, "by": None,
            "now": now, "actor": "import_file", "mapping": _mapping(options["mapping"]), "preset": options["preset"],
        }  # fmt: skip
        if options["dry_run"]:
            self._try(terms)
            return
        if options["preview"]:
            made = draft_import(**terms)
            self.stdout.write(f"{made.id} {made.kind}, to be confirmed in the browser")
            self._preview(made)
            return
        made = start_import(**terms, loosely=True)
        if options["wait"]:
            made = run_import(made.id, options["now"])
        self.stdout.write(_summary(made))
        if made.status == "failed":
            raise CommandError(made.message)

    def _try(self, terms: dict[str, Any]) -> None:
        """The preview, of which nothing is kept. Raises `CommandError` where the file would not be taken."""
        with transaction.atomic():
            made = draft_import(**terms)
            transaction.set_rollback(True)
        try:
            self.stdout.write(made.kind)
            self._preview(made)
        finally:
            stored_path(made.stored_as).unlink()
        if preview_of(made).refused:
            raise CommandError("Nothing of this file can be taken as it is.")

    def _preview(self, made: Import) -> None:
        preview = preview_of(made)
        for guess in columns_of(made):
            self.stdout.write(
                f"  {guess.name!r} is {guess.use.to or 'not used'} {guess.use.form} {guess.use.unit}".rstrip()
            )
        counts = ", ".join(f"{count} {status}" for status, count in sorted(preview.counts.items()))
        self.stdout.write(preview.refused or f"the first {preview.rows} rows: {counts}")
        for line in _details(preview):
            self.stdout.write(f"  {line}")

    def _undo(self, import_id: UUID, by: str | None, now: datetime) -> None:
        person = User.objects.filter(username=by or "", is_active=True).first()
        if person is None:
            raise CommandError("Say with --by who takes it back: the user name of somebody active.")
        if not Import.objects.filter(id=import_id).exists():
            raise CommandError(f"There is no import {import_id}.")
        done = undo_import(import_id=import_id, by=person, now=now)
        self.stdout.write(f"{done.restored} put back, {done.removed} taken away, {done.all_kept} kept as they are now")


def _source(slug: str | None) -> Source:
    source = Source.objects.filter(slug=slug or "", is_active=True).first()
    if source is None:
        known = ", ".join(Source.objects.filter(is_active=True).values_list("slug", flat=True))
        raise CommandError(f"There is no source {slug!r}. There are: {known or 'none yet'}.")
    return source


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        while block := stream.read(BLOCK):
            yield block


def _summary(made: Import) -> str:
    counts = ", ".join(f"{count} {status}" for status, count in sorted(made.counts.items()))
    return f"{made.id} {made.kind} {made.status}: {made.rows_done} rows. {counts} {made.message}".strip()


def _details(preview: Preview) -> Iterator[str]:
    """What would not be taken, what would be left out, and what would change."""
    for trouble in preview.troubles:
        yield f"{trouble.count} x {trouble.column}: {trouble.message}"
    for warned in preview.warnings:
        what = warned.column if warned.is_repeat else f"without {warned.column}"
        yield f"{warned.rows} x {what}: {warned.message}"
        yield from (f"  {sentence}" for sentence in warned.values if warned.is_repeat)
    for one in preview.fields:
        yield f"{one.field}: {one.new} new, {one.changed} changed"
    for rule, count in preview.rules.items():
        yield f"{count} found by {rule}"
    if preview.reviews:
        yield f"{preview.reviews} pairs for review"


def _mapping(said: str) -> dict[str, object]:
    """What `--mapping` says: JSON, or the name of a file of it."""
    is_json = said.lstrip().startswith("{")
    text = said if is_json or not said else Path(said).read_text(encoding="utf-8-sig")
    return read_mapping(text) if text else {}
