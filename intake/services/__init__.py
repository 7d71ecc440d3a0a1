from intake.services.imports import run_import, run_waiting_imports, start_import, stop_import
from intake.services.kinds import UnknownKind, file_kinds, find, register
from intake.services.landing import About, Row, land_records
from intake.services.taking import LARGEST_BATCH, counts_of, external_id_of, take
from intake.services.tokens import TokenRefused, create_token, revoke_token, use_token
from intake.services.uploads import ImportRefused

__all__ = [
    "LARGEST_BATCH",
    "About",
    "ImportRefused",
    "Row",
    "TokenRefused",
    "UnknownKind",
    "counts_of",
    "create_token",
    "external_id_of",
    "file_kinds",
    "find",
    "land_records",
    "register",
    "revoke_token",
    "run_import",
    "run_waiting_imports",
    "start_import",
    "stop_import",
    "take",
    "use_token",
]
