"""`manage.py check_openapi`: the committed OpenAPI document says what the code does."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from cx_ops.api_docs import openapi_document

PLACE = "docs/openapi.json"


class Command(BaseCommand):
    help = f"Compare {PLACE} with the code; --write brings it up to date."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--write", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        file = settings.BASE_DIR / PLACE
        text = json.dumps(openapi_document(), indent=1, sort_keys=True, ensure_ascii=False) + "\n"
        if options["write"]:
            file.write_text(text, encoding="utf-8")
        elif not file.exists() or file.read_text(encoding="utf-8") != text:
            raise CommandError(f"{PLACE} is not what the code does. Run: ./cx manage check_openapi --write")
