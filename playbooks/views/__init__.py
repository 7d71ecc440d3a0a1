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
from playbooks.views.queue import show_changes, show_closed, show_queue, show_rows
from playbooks.views.tasks import new_task, show_task
from playbooks.views.watch import show_watch_list

__all__ = [
    "acknowledge",
    "add_a_note",
    "close",
    "hand_over",
    "new_task",
    "reopen",
    "resume",
    "show_changes",
    "show_closed",
    "show_queue",
    "show_rows",
    "show_task",
    "show_watch_list",
    "snooze",
    "tick_step",
    "wait",
]
