from accounts.views.contacts import compare_contact, show_contact
from accounts.views.fields import set_mode, show_fields
from accounts.views.identity import merge_account, show_said, split_links, undo_account_merge
from accounts.views.listing import show_accounts
from accounts.views.parallel import count_again, show_run, stop, switch_run, undo
from accounts.views.review import judge, judge_alike, show_review, undo_verdict
from accounts.views.waiting import show_parked

__all__ = [
    "compare_contact",
    "count_again",
    "judge",
    "judge_alike",
    "merge_account",
    "set_mode",
    "show_accounts",
    "show_contact",
    "show_fields",
    "show_parked",
    "show_review",
    "show_run",
    "show_said",
    "split_links",
    "stop",
    "switch_run",
    "undo",
    "undo_account_merge",
    "undo_verdict",
]
