from playbooks.views.actions import (
    acknowledge,
    add_a_note,
    close,
    hand_over,
    reopen,
    resume,
    snooze,
    tick_step,
    wait,
)
from playbooks.views.leaving import deactivate, hand_all_over, set_away, set_back, show_leaving, undo
from playbooks.views.queue import show_changes, show_closed, show_queue, show_rows
from playbooks.views.tasks import new_task, show_task
from playbooks.views.team import give, show_team, show_work
from playbooks.views.watch import show_watch_list

__all__ = [
    "acknowledge",
    "add_a_note",
    "close",
    "deactivate",
    "give",
    "hand_all_over",
    "hand_over",
    "new_task",
    "reopen",
    "resume",
    "set_away",
    "set_back",
    "show_changes",
    "show_closed",
    "show_leaving",
    "show_queue",
    "show_rows",
    "show_task",
    "show_team",
    "show_watch_list",
    "show_work",
    "snooze",
    "tick_step",
    "undo",
    "wait",
]
