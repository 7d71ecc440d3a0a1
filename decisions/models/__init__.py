from decisions.models.decision import Decided, Decision, Item, Stream
from decisions.models.holdout import Allocation, HoldOut
from decisions.models.policy import (
    AuthorityBand,
    AuthorityPolicy,
    CoolDown,
    KillSwitch,
    OwnershipCell,
    OwnershipPolicy,
)
from insights.models import reads_held_out

__all__ = [
    "Allocation",
    "AuthorityBand",
    "AuthorityPolicy",
    "CoolDown",
    "Decided",
    "Decision",
    "HoldOut",
    "Item",
    "KillSwitch",
    "OwnershipCell",
    "OwnershipPolicy",
    "Stream",
    "reads_held_out",
]
