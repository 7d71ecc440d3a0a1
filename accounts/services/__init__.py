from accounts.services.admitting import admit_records
from accounts.services.comparing import keep_comparisons
from accounts.services.contracts import ForecastChanged, set_forecast
from accounts.services.kinds import KINDS
from accounts.services.linking import link_events
from accounts.services.merging import MergeRefused, follow_merges, merge_accounts, undo_merge
from accounts.services.parking import release_parked, take_back_parked
from accounts.services.people import (
    AccountRefused,
    archive_account,
    flag_red_line,
    lift_red_line,
    log_activity,
    restore_account,
    set_account_person,
    split_summary,
)
from accounts.services.projecting import project_all, unsettled_accounts
from accounts.services.resolve import resolve_records
from accounts.services.retention import keep_events, kept_since
from accounts.services.revenue import refresh_tier_revenue
from accounts.services.segments import (
    SegmentRefused,
    deactivate_segment,
    may_change_segment,
    reactivate_segment,
    rename_segment,
    save_segment,
)
from accounts.services.splitting import split_account

__all__ = [
    "KINDS",
    "AccountRefused",
    "ForecastChanged",
    "MergeRefused",
    "SegmentRefused",
    "admit_records",
    "archive_account",
    "deactivate_segment",
    "flag_red_line",
    "follow_merges",
    "keep_comparisons",
    "keep_events",
    "kept_since",
    "lift_red_line",
    "link_events",
    "log_activity",
    "may_change_segment",
    "merge_accounts",
    "project_all",
    "reactivate_segment",
    "refresh_tier_revenue",
    "release_parked",
    "rename_segment",
    "resolve_records",
    "restore_account",
    "save_segment",
    "set_account_person",
    "set_forecast",
    "split_account",
    "split_summary",
    "take_back_parked",
    "undo_merge",
    "unsettled_accounts",
]
