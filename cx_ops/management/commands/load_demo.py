"""`load_demo`: fill an empty database with the demonstration; `./cx demo` calls it once, before anything runs."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from core.bulk import database_now
from core.models import User
from cx_ops.demo import loading
from cx_ops.demo.cdnow import FolderRefused
from cx_ops.demo.credentials import write_credentials
from cx_ops.demo.report import lines_of


class Command(BaseCommand):
    help = "Fills an empty, migrated database with a demonstration, lived day by day."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--data", type=Path, metavar="DIR", help="real customers: a folder of CSV files")
        parser.add_argument("--empty", action="store_true", help="people to log in as, and no customers")
        parser.add_argument("--whole", action="store_true", help="with --data: up to the newest order")
        parser.add_argument("--scale", type=float, default=1.0, help="share of the fictional book, for tests")

    def handle(self, *args: Any, **options: Any) -> None:
        if User.objects.exists():
            raise CommandError("This database holds users already: the demonstration needs an empty one.")
        now = database_now()
        try:
            if options["data"]:
                loaded = loading.load_folder(options["data"], whole=options["whole"], now=now)
            elif options["empty"]:
                loaded = loading.load_people(now=now)
            else:
                loaded = loading.load_book(scale=options["scale"], now=now)
        except FolderRefused as error:
            raise CommandError(str(error)) from error
        write_credentials(settings.CX_CREDENTIALS_FILE, loaded.credentials)
        if not options["empty"]:
            self.stdout.write("\n".join(lines_of(loaded.report)))
        if not loaded.report.agrees:
            raise CommandError("The decisions do not agree with the scores that were sent.")
