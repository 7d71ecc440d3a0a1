from intake.views.imports import download_errors, download_example, show_import, show_imports
from intake.views.tokens import revoke, show_tokens

__all__ = ["download_errors", "download_example", "revoke", "show_import", "show_imports", "show_tokens"]
