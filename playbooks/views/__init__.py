from playbooks.views.actions import (
    acknowledge,
    add_a_note,
    close,
    hand_over,
    merge,
    reopen,
    resume,
    skip,
    snooze,
    take_over,
    tick_step,
    undo_last,
    wait,
)
from playbooks.views.bulk import change_selected, undo_selected
from playbooks.views.leaving import deactivate, hand_all_over, set_away, set_back, show_leaving, undo
from playbooks.views.presence import claim, show_presence
from playbooks.views.queue import show_changes, show_closed, show_queue, show_rows
from playbooks.views.saved import delete_view, save_view, show_filter
from playbooks.views.tasks import new_task, show_task
from playbooks.views.team import give, show_team, show_work
from playbooks.views.watch import show_watch_list

__all__ = [
    "acknowledge",
    "add_a_note",
    "change_selected",
    "claim",
    "close",
    "deactivate",
    "delete_view",
    "give",
    "hand_all_over",
    "hand_over",
    "merge",
    "new_task",
    "reopen",
    "resume",
    "save_view",
    "set_away",
    "set_back",
    "show_changes",
    "show_closed",
    "show_filter",
    "show_leaving",
    "show_presence",
    "show_queue",
    "show_rows",
    "show_task",
    "show_team",
    "show_watch_list",
    "show_work",
    "skip",
    "snooze",
    "take_over",
    "tick_step",
    "undo",
    "undo_last",
    "undo_selected",
    "wait",
]
