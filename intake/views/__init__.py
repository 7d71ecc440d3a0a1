from intake.views.drafts import change_columns, confirm, stop, undo, use_ids
from intake.views.imports import download_errors, download_example, download_warnings, show_import, show_imports
from intake.views.quarantine import discard_from_quarantine, replay_from_quarantine, show_quarantine
from intake.views.sources import edit_source, new_source, show_source, show_sources
from intake.views.tokens import revoke, show_tokens

__all__ = [
    "change_columns",
    "confirm",
    "discard_from_quarantine",
    "download_errors",
    "download_example",
    "download_warnings",
    "edit_source",
    "new_source",
    "replay_from_quarantine",
    "revoke",
    "show_import",
    "show_imports",
    "show_quarantine",
    "show_source",
    "show_sources",
    "show_tokens",
    "stop",
    "undo",
    "use_ids",
]
