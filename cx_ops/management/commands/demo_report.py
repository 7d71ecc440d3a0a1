"""`demo_report`: what became of the demonstration's scores."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core.bulk import database_now
from cx_ops.demo.cdnow import FolderRefused, open_folder
from cx_ops.demo.report import count_bands, lines_of, make_report


class Command(BaseCommand):
    help = "Counts decisions by band, beside what the confidences in the files ask for, and what was made of them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--data", type=Path, metavar="DIR", help="the folder that was loaded, to count beside it")

    def handle(self, *args: Any, **options: Any) -> None:
        in_files = None
        if options["data"]:
            try:
                folder = open_folder(options["data"], today=database_now().date())
            except FolderRefused as error:
                raise CommandError(str(error)) from error
            in_files = count_bands(folder.confidences())
        self.stdout.write("\n".join(lines_of(make_report(in_files))))
