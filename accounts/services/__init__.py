from accounts.services.contracts import ForecastChanged, set_forecast
from accounts.services.kinds import KINDS
from accounts.services.people import (
    AccountRefused,
    archive_account,
    flag_red_line,
    lift_red_line,
    log_activity,
    restore_account,
    set_account_person,
)
from accounts.services.resolve import release_parked, resolve_records
from accounts.services.revenue import refresh_tier_revenue

__all__ = [
    "KINDS",
    "AccountRefused",
    "ForecastChanged",
    "archive_account",
    "flag_red_line",
    "lift_red_line",
    "log_activity",
    "refresh_tier_revenue",
    "release_parked",
    "resolve_records",
    "restore_account",
    "set_account_person",
    "set_forecast",
]
