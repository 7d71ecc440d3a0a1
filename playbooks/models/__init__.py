from playbooks.models.desk import Presence, SavedView
from playbooks.models.playbook import Effect, Playbook, PlaybookVersion, Run, RunStep, Step
from playbooks.models.task import (
    CapCounter,
    ClosedTask,
    CloseReason,
    Inflow,
    ServiceLevel,
    Task,
    TaskNote,
    Watch,
)

__all__ = [
    "CapCounter",
    "CloseReason",
    "ClosedTask",
    "Effect",
    "Inflow",
    "Playbook",
    "PlaybookVersion",
    "Presence",
    "Run",
    "RunStep",
    "SavedView",
    "ServiceLevel",
    "Step",
    "Task",
    "TaskNote",
    "Watch",
]
