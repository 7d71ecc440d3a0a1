from intake.services.announcing import announce, register_teller, spread_announcements
from intake.services.delivering import forget_deliveries, send_deliveries
from intake.services.imports import run_import, run_waiting_imports, start_import, stop_import
from intake.services.kinds import UnknownKind, file_kinds, find, register, register_screen
from intake.services.landing import About, Row, land_records
from intake.services.pulls import run_due_pulls
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
    "announce",
    "counts_of",
    "create_token",
    "external_id_of",
    "file_kinds",
    "find",
    "forget_deliveries",
    "land_records",
    "register",
    "register_screen",
    "register_teller",
    "revoke_token",
    "run_due_pulls",
    "run_import",
    "run_waiting_imports",
    "send_deliveries",
    "spread_announcements",
    "start_import",
    "stop_import",
    "take",
    "use_token",
]
