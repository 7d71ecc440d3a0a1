"""Files for tests: sent, confirmed and imported."""

from __future__ import annotations

from intake.models import Import, Source
from intake.services import run_import
from intake.services.drafts import confirm_import, draft_import
from tests.factories import NOW


def draft(source: Source, text: str, kind: str = "accounts") -> Import:
    return draft_import(file=[text.encode()], filename="export.csv", kind=kind, source=source, by=None, now=NOW)


def bring(source: Source, text: str, kind: str = "accounts") -> Import:
    made = draft(source, text, kind)
    confirm_import(import_id=made.id, by=None, now=NOW)
    return run_import(made.id, NOW)
