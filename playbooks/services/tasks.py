"""All that people do with tasks, under one roof: each function is one use case in one transaction with its audit row.

Each takes the `version` that the caller saw and raises `TaskChanged` when the task is no longer that; `TaskRefused`
says what can be done instead; `Task.DoesNotExist` means that the caller may not even see it.
"""

from playbooks.services.assigning import add_task, assign_task, create_task
from playbooks.services.claiming import claim_task, see_task, skip_task, take_over_task
from playbooks.services.closing import (
    close_task,
    dismiss_task,
    merge_task,
    reasons_for,
    reopen_task,
)
from playbooks.services.deferring import resume_task, snooze_task, wait_on_customer
from playbooks.services.leaving import WorkLeft, deactivate_user, hand_over, undo_hand_over
from playbooks.services.taking import TaskChanged, TaskHeld, TaskRefused, check_may_act, is_held, leads, may_act
from playbooks.services.undoing import undo_task
from playbooks.services.working import acknowledge_task, add_note, touch_task

__all__ = [
    "TaskChanged",
    "TaskHeld",
    "TaskRefused",
    "WorkLeft",
    "acknowledge_task",
    "add_note",
    "add_task",
    "assign_task",
    "check_may_act",
    "claim_task",
    "close_task",
    "create_task",
    "deactivate_user",
    "dismiss_task",
    "hand_over",
    "is_held",
    "leads",
    "may_act",
    "merge_task",
    "reasons_for",
    "reopen_task",
    "resume_task",
    "see_task",
    "skip_task",
    "snooze_task",
    "take_over_task",
    "touch_task",
    "undo_hand_over",
    "undo_task",
    "wait_on_customer",
]
