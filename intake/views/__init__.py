from intake.views.imports import download_errors, download_example, show_import, show_imports
from intake.views.sources import edit_source, new_source, show_source, show_sources
from intake.views.tokens import revoke, show_tokens

__all__ = [
    "download_errors",
    "download_example",
    "edit_source",
    "new_source",
    "revoke",
    "show_import",
    "show_imports",
    "show_source",
    "show_sources",
    "show_tokens",
]
